/** Everything a talk needs from outside: the terminal it runs in, the mesh, sound and pictures, and a disk. No DOM here. */
import type { CallRow, Directory } from "../calls/types";
import type { Listeners, Ticker } from "../links/link";
import type { Peers } from "../mesh/types";
import type { Store } from "../store/store";
import type { SelfInfo } from "../terminal_types";

export type TalkDevice = "hands_free" | "handset";
export type MicrophoneState = "ok" | "blocked" | "missing";
export type Chime = "line_open" | "ending" | "recording" | "broadcast";

/** The microphone or camera could not be opened: nobody allowed it, or there is none. */
export class NoMedia extends Error {
	override name = "NoMedia";
	readonly why: "blocked" | "missing";

	constructor(why: "blocked" | "missing", message: string) {
		super(message);
		this.why = why;
	}
}

/** The hub has refused a recording for good. */
export class UploadRefused extends Error {
	override name = "UploadRefused";
	/** the hub's code, as the list of what was refused shows it */
	readonly reason: string;

	constructor(message: string, reason = message) {
		super(message);
		this.reason = reason;
	}
}

/** Sound that comes out of this terminal. */
export interface Playing {
	setSilent(silent: boolean): void;
	setDevice(device: TalkDevice): Promise<void>;
	stop(): void;
}

/** `ended`: the clip was played to its end; rejects when it cannot be played. */
export interface ClipPlaying {
	readonly ended: Promise<void>;
	stop(): void;
}

/** Writes what the tracks carry. Its pieces together are one audio/webm file. */
export interface Recorder {
	readonly type: string;
	readonly pieces: Listeners<[piece: Uint8Array<ArrayBuffer>]>;
	pause(): void;
	resume(): void;
	/** Resolves after the last piece. */
	stop(): Promise<void>;
}

/** The browser's sound and pictures; media.ts is the real one. */
export interface Media {
	/** Throws NoMedia. */
	microphone(device: TalkDevice): Promise<MediaStream>;
	/** Throws NoMedia. */
	camera(): Promise<MediaStream>;
	/** Whether the microphone may be opened, asked without opening it; null when nobody knows yet. */
	mayHear(): Promise<MicrophoneState | null>;
	play(track: MediaStreamTrack, device: TalkDevice): Playing;
	playClip(bytes: Uint8Array<ArrayBuffer>, type: string): ClipPlaying;
	/** A stream of these tracks, for a <video> or a sender. */
	stream(tracks: readonly MediaStreamTrack[]): MediaStream;
	/** Mixes the tracks into one sound. Throws NoMedia where the platform cannot record. */
	record(tracks: readonly MediaStreamTrack[], bitsPerSecond: number): Recorder;
}

/** A talk or broadcast as it was recorded, for the journal. Times in ms, hub time. */
export interface Recording {
	talk: string;
	calls: string[];
	purpose: "talk" | "broadcast";
	/** who was at the other end, sorted */
	with: string[];
	startedAt: number;
	endedAt: number;
	/** audio/webm */
	type: string;
	bytes: Uint8Array<ArrayBuffer>;
}

export interface TalkPort {
	self: SelfInfo;
	/** the own profile has a camera */
	camera: boolean;
	directory(): Directory;
	rows(): readonly CallRow[];
	peers: Peers;
	/** The hub answers: its relay may be asked. */
	hubThere(): boolean;
	/** Makes the fact about the row's calls. Rejects only for mistakes of this program. */
	make(act: "answered" | "ended", row: CallRow, options: { talkMs?: number }): Promise<void>;
	media: Media;
	/** hub time, ms */
	now(): number;
	/** ms, never back */
	monotonic(): number;
	ticker: Ticker;
	sounds: { chime(kind: Chime): void };
	store: Pick<Store, "meta" | "metas" | "putMeta" | "dropMeta">;
	/** Throws UploadRefused, or anything else to be asked again later. */
	upload(recording: Recording): Promise<void>;
	/**
	 * Shows that a recording is not with the hub and why, where a person sees what was refused; resolves once that is on
	 * the disk: then the sound is let go of. Absent: there is no such list, and sound goes by its age only.
	 */
	refused?(talk: string, reason: string, at: number): Promise<void>;
	/** 16 hex digits */
	talkId(): string;
	failed(error: unknown): void;
}
