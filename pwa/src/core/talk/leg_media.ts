/**
 * What a leg sends and what comes in: its connection, own microphone and camera, the other's sound and picture, and how
 * much of it was heard. When any of it is on is the leg's word.
 */
import { MediaRefused, type PeerMedia } from "../mesh/types";
import type { TalkPurpose } from "../signalling/types";
import { Hearing } from "./hearing";
import { OwnMedia } from "./own_media";
import type { MicrophoneState, Playing, TalkDevice, TalkPort } from "./port";

/** A talk does not wait longer for its microphone: a question nobody answers must not cost the call its talk. */
export const CAPTURE_MS = 3_000;

export interface LegMediaPlan {
	with: string;
	purpose: TalkPurpose;
	invited: boolean;
	/** what is sent instead of the microphone: a clone of a broadcast's, or nothing for a clip */
	source?: () => Promise<MediaStream | null>;
}

export interface LegMediaPort {
	readonly port: TalkPort;
	readonly device: TalkDevice;
	/** The leg is not over. */
	live(): boolean;
	changed(): void;
	microphone(state: MicrophoneState): void;
	/** The connection has gone. */
	lost(): void;
	/** The microphone came after the talk had begun without it. */
	late(): void;
	channel(channel: RTCDataChannel): void;
}

export class LegMedia {
	readonly hearing = new Hearing();
	readonly own: OwnMedia;
	/** pictures are wanted at both ends */
	video: boolean;
	peer: PeerMedia | null = null;
	/** the other's sound, while there is one */
	track: MediaStreamTrack | null = null;
	picture: MediaStream | null = null;

	private readonly plan: LegMediaPlan;
	private readonly outside: LegMediaPort;
	private readonly stops: (() => void)[] = [];
	private dialled: Promise<PeerMedia> | null = null;
	/** the connection is there, and counted for this leg */
	private connected = false;
	private playing: Playing | null = null;
	private open = false;
	private measuring = false;

	constructor(plan: LegMediaPlan, video: boolean, outside: LegMediaPort) {
		this.plan = plan;
		this.video = video;
		this.outside = outside;
		this.own = new OwnMedia(outside.port, {
			live: () => outside.live(),
			microphone: (state) => outside.microphone(state),
			late: () => void this.sendLate(),
		});
	}

	get sendsAudio(): boolean {
		const { purpose, invited } = this.plan;
		return purpose === "talk" || (purpose === "broadcast" && invited);
	}

	private get hearsAudio(): boolean {
		const { purpose, invited } = this.plan;
		return purpose === "talk" || (purpose === "broadcast" && !invited);
	}

	private get sendsVideo(): boolean {
		const { purpose, invited } = this.plan;
		return purpose === "talk" ? this.video : purpose === "view" && !invited;
	}

	private get seesVideo(): boolean {
		const { purpose, invited } = this.plan;
		return purpose === "talk" ? this.video : purpose === "view" && invited;
	}

	/** The connection, without anything on it yet. Throws PeerUnreachable; the next call dials again. */
	dial(): Promise<PeerMedia> {
		if (this.dialled !== null) return this.dialled;
		const { port, live } = this.outside;
		const dialled = port.peers.connect(this.plan.with);
		this.dialled = dialled;
		dialled.then(
			() => {
				if (live()) this.connected = true;
				// Over before it was there: it was made for nothing.
				else port.peers.release(this.plan.with);
			},
			() => {
				if (this.dialled === dialled) this.dialled = null;
			},
		);
		return dialled;
	}

	/** Resolves once what is to be sent is negotiated; all of it is still off. Throws PeerUnreachable, MediaRefused. */
	async connect(): Promise<void> {
		const capturing = this.capture();
		// Told when it is waited for; the connection may fail first.
		capturing.catch(() => {});
		const peer = await this.dial();
		if (!this.outside.live()) return;
		this.attach(peer);
		await capturing;
		if (this.outside.live()) await this.sendOwn(peer);
	}

	/** What is on to be heard and seen, both ways; `sound` and `picture`: the own ones, while it is open. */
	set(open: boolean, sound: boolean, picture: boolean): void {
		this.open = open;
		this.own.enable(open && sound, open && picture);
		this.playing?.setSilent(!open);
		if (!open) this.hearing.pause();
	}

	/** Each second: how much was heard. `done` comes at once while there is nothing to measure. */
	measure(done: () => void): void {
		const { peer, outside } = this;
		if (peer === null || this.measuring || !this.open || !this.hearsAudio) {
			done();
			return;
		}
		this.measuring = true;
		peer
			.stats()
			.then(
				(report) => {
					if (this.open) this.hearing.take(report.values(), outside.port.monotonic());
				},
				// A connection that is going down has nothing to say; its end is told by other means.
				() => {},
			)
			.finally(() => {
				this.measuring = false;
				if (outside.live()) done();
			});
	}

	async setDevice(device: TalkDevice): Promise<void> {
		await this.playing?.setDevice(device);
		const { own, peer } = this;
		const old = own.audio;
		if (this.plan.source !== undefined || old === null || !this.outside.live()) return;
		const on = old.enabled;
		await own.microphone(device);
		if (own.audio === old || own.audio === null || !this.outside.live()) return;
		own.audio.enabled = on;
		await peer?.send("audio", own.audio, own.stream);
	}

	/** A link of the plan stays; nothing of the talk may stay on it. */
	stop(): void {
		this.open = false;
		for (const stop of this.stops.splice(0)) stop();
		this.playing?.stop();
		this.playing = null;
		this.picture = null;
		this.track = null;
		const { peer, own } = this;
		this.peer = null;
		if (peer !== null) {
			const kinds = [own.audio && "audio", own.video && "video"] as const;
			for (const kind of kinds) if (kind) void peer.send(kind, null, null).catch(() => {});
			peer.receive("audio", false);
			peer.receive("video", false);
		}
		own.stop();
		if (this.connected) this.outside.port.peers.release(this.plan.with);
		this.connected = false;
	}

	private async capture(): Promise<void> {
		const { source } = this.plan;
		const opening: Promise<void>[] = [];
		if (source !== undefined) opening.push(this.own.take(source()));
		else if (this.sendsAudio) opening.push(this.own.microphone(this.outside.device));
		if (this.sendsVideo) opening.push(this.own.camera());
		if (opening.length > 0) await this.own.within(CAPTURE_MS, Promise.all(opening));
	}

	private attach(peer: PeerMedia): void {
		const { outside, plan } = this;
		this.peer = peer;
		this.stops.push(
			peer.tracks.add((kind, track) => this.took(kind, track)),
			peer.lost.add(() => outside.lost()),
		);
		if (plan.purpose === "broadcast" && !plan.invited) {
			this.stops.push(peer.channels.add((channel) => outside.channel(channel)));
		}
		// Each kind is said: the link may have carried another talk before.
		peer.receive("audio", this.hearsAudio);
		peer.receive("video", this.seesVideo);
		this.took("audio", peer.track("audio"));
		this.took("video", peer.track("video"));
	}

	private async sendOwn(peer: PeerMedia): Promise<void> {
		const { own } = this;
		if (own.audio !== null) await peer.send("audio", own.audio, own.stream);
		if (own.video === null || !this.outside.live()) return;
		try {
			await peer.send("video", own.video, own.stream);
		} catch (error) {
			// Without a picture it is a talk still; a view without one is nothing.
			if (this.plan.purpose === "view" || !(error instanceof MediaRefused)) throw error;
			own.dropVideo();
		}
	}

	private async sendLate(): Promise<void> {
		const { peer, outside } = this;
		// Before it is attached, connecting takes what is there.
		if (peer === null) return;
		outside.late();
		try {
			await this.sendOwn(peer);
		} catch (error) {
			outside.port.failed(error);
		}
	}

	private took(kind: "audio" | "video", track: MediaStreamTrack | null): void {
		const { port, device } = this.outside;
		if (kind === "video") {
			this.picture = track !== null && this.seesVideo ? port.media.stream([track]) : null;
		} else if (track !== this.track && this.hearsAudio) {
			this.playing?.stop();
			this.track = track;
			this.playing = track === null ? null : port.media.play(track, device);
			this.playing?.setSilent(!this.open);
		}
		this.outside.changed();
	}
}
