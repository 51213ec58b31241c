/** Talk as a screen sees it and a hand uses it. Streams are handed to <video>; sound is played by core. */
import type { CallRow } from "../calls/types";
import type { BusyReason, ByeReason, TalkPurpose } from "../signalling/types";

/** States of a leg: signalling/SPEC.md, table of legs. */
export type LegState = "inviting" | "ringing" | "connecting" | "open" | "held" | "over";
export type LegEnd = ByeReason | BusyReason;

export interface TalkLeg {
	talk: string;
	/** terminal at the other end */
	with: string;
	purpose: TalkPurpose;
	/** calls the talk is about */
	calls: string[];
	/** whether this terminal invited */
	invited: boolean;
	state: LegState;
	/** ms, hub time; null until open */
	openedAt: number | null;
	/** when the talk-time limit ends it; null without one */
	endsAt: number | null;
	/** own microphone off: muted by hand, or privacy key */
	muted: boolean;
	/** the other's microphone is off */
	peerMuted: boolean;
	/** on hold by the other */
	heldByPeer: boolean;
	/** sound came in within the last 2 s */
	hearing: boolean;
	/** ms of sound measured at both ends: the smaller */
	talkMs: number;
	/** the other's picture */
	picture: MediaStream | null;
	/** own camera is sent */
	camera: boolean;
	/** being recorded, by whichever end */
	recording: boolean;
	/** why it is over, and who the other is talking to */
	end: LegEnd | null;
	by: string | null;
}

/** A transfer offered to this terminal. */
export interface TransferOffer {
	talk: string;
	/** who offers */
	from: string;
	/** terminal at the other end of the talk */
	with: string;
	calls: string[];
}

export interface Broadcast {
	talk: string;
	/** live through the page, live through the hub's relay, or a recorded announcement */
	way: "direct" | "relay" | "clip";
	targets: string[];
	/** terminals that hear it */
	reached: string[];
	/** terminals that do not, with why */
	missed: { terminal: string; reason: LegEnd }[];
	since: number;
	recording: boolean;
}

/** A recorded announcement of this station. */
export interface Announcement {
	id: string;
	name: string;
	seconds: number;
}

export interface TalkState {
	/** newest first; ended ones stay 5 s, so that the end can be read */
	legs: TalkLeg[];
	transfers: TransferOffer[];
	/** own broadcast */
	broadcast: Broadcast | null;
	announcements: Announcement[];
	/** an announcement is being recorded */
	recordingClip: boolean;
	/** the bed's key: nobody is answered by itself */
	privacy: boolean;
	/** null until it was asked for */
	microphone: "ok" | "blocked" | "missing" | null;
	/** how this terminal talks */
	device: "hands_free" | "handset";
}

export interface TalkControl {
	/** Answers a row: the fact `answered`, and the talk. A talk that runs is put on hold. */
	answer(row: CallRow): Promise<void>;
	/** Whether the row can be answered here now: call type, kinds, and a terminal to talk to. */
	canAnswer(row: CallRow): boolean;
	/** Talk to a terminal, or look through its camera, without a call. */
	call(terminal: string, purpose?: "talk" | "view"): Promise<void>;
	/** A ringing leg, by hand. */
	accept(talk: string): Promise<void>;
	hangUp(talk: string): Promise<void>;
	mute(talk: string, muted: boolean): void;
	hold(talk: string, held: boolean): Promise<void>;
	transfer(talk: string, station: string): Promise<void>;
	takeTransfer(talk: string): Promise<void>;
	setPrivacy(on: boolean): void;
	setDevice(device: "hands_free" | "handset"): Promise<void>;
	record(talk: string, on: boolean): Promise<void>;
	/** Speaks to terminals at once; up to 24 from this page, more through the hub. */
	broadcast(targets: readonly string[]): Promise<void>;
	endBroadcast(): Promise<void>;
	recordBroadcast(on: boolean): Promise<void>;
	recordAnnouncement(): Promise<void>;
	/** Keeps what was recorded under a name; null throws it away. */
	keepAnnouncement(name: string | null): Promise<void>;
	dropAnnouncement(id: string): Promise<void>;
	announce(id: string, targets: readonly string[]): Promise<void>;
}

export const NO_TALK: TalkState = {
	legs: [],
	transfers: [],
	broadcast: null,
	announcements: [],
	recordingClip: false,
	privacy: false,
	microphone: null,
	device: "hands_free",
};
