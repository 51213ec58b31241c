/**
 * One RTCPeerConnection to one terminal: perfect negotiation, the channel `ward` with its heartbeat, ICE restart, and what a
 * talk needs of it. When to dial, and when to give one up for another, is mesh.ts.
 */
import { Listeners } from "../links/link";
import type { Message } from "../protocol/messages";
import { fingerprintsOf, MAX_CANDIDATES } from "../signalling/inbox";
import { type ByeReason, type ConnectionSignal, HUB_PARTY } from "../signalling/types";
import { LinkMedia, rejectedMids } from "./link_media";
import { type MediaKind, MediaRefused, type PeerMedia, PeerUnreachable } from "./types";
import { WARD_CHANNEL, WardChannel } from "./ward_channel";

/** Two heartbeats may get lost. */
export const DEAD_AFTER_MS = 3_000;
/** An offer without an answer is sent once more, by another way; later ones when the link lives again. */
const ASK_AGAIN_MS = 1_500;
/** The dialler restarts ICE first; the other only if that does not come. */
const POLITE_RESTART_MS = 2_000;
const MAX_EXTRA_CHANNELS = 8;
const HOPELESS_MS = 30_000;

/** A signal of this connection, before it is addressed. */
export type LinkDraft =
	| {
			kind: "description";
			connection: string;
			type: "offer" | "answer";
			sdp: string;
			fingerprint: string;
	  }
	| { kind: "candidate"; connection: string; candidate: string; mid: string }
	| { kind: "close"; connection: string; reason: ByeReason };

export interface LinkOwner {
	monotonic(): number;
	/** `way`: 0 the best, 1 the next best. Throws SignalError for what no signal can carry. */
	signal(link: PeerLink, draft: LinkDraft, way: number): void;
	/** Whether anything but this link leads there. */
	around(link: PeerLink): boolean;
	/** A frame that the channel may carry, heartbeats excepted. */
	message(link: PeerLink, message: Message): void;
	/** What came was none. */
	malformed(link: PeerLink): void;
	/** The channel opened: the first frame is due. */
	opened(link: PeerLink): void;
	/** `alive` is not what it was. */
	changed(link: PeerLink): void;
	/** For good; `told`: by the other side; `lingers`: its channel still sends, until `shut`. */
	closed(link: PeerLink, end: { reason: ByeReason; told: boolean; lingers: boolean }): void;
}

export interface LinkOptions {
	terminal: string;
	/** 16 hex digits, chosen by who dialled */
	connection: string;
	/** by this terminal; the other one is the polite peer */
	dialled: boolean;
	/** the other's page, as far as known */
	session: string | null;
	pc: RTCPeerConnection;
	owner: LinkOwner;
}

export class PeerLink implements PeerMedia {
	readonly terminal: string;
	readonly connection: string;
	readonly dialled: boolean;
	readonly bornAt: number;
	session: string | null;
	/** the other has said who it is; nothing else is listened to before */
	greeted = false;
	closed = false;
	/** when it became alive, when it ceased to be; null in the other state */
	aliveSince: number | null = null;
	downSince: number | null = null;
	readonly channels = new Listeners<[channel: RTCDataChannel]>();
	readonly lost = new Listeners<[]>();
	private readonly pc: RTCPeerConnection;
	private readonly owner: LinkOwner;
	private readonly media: LinkMedia;
	private channel: WardChannel | null = null;
	private extraChannels = 0;
	private heardAt = Number.NEGATIVE_INFINITY;
	private failed = false;
	private restarted = false;
	/** the offer that is out */
	private asked: { at: number; again: boolean } | null = null;
	/** candidates that came before the description */
	private early: RTCIceCandidateInit[] = [];
	private work: Promise<void> = Promise.resolve();

	constructor({ terminal, connection, dialled, session, pc, owner }: LinkOptions) {
		this.terminal = terminal;
		this.connection = connection;
		this.dialled = dialled;
		this.session = session;
		this.pc = pc;
		this.owner = owner;
		this.bornAt = owner.monotonic();
		this.media = new LinkMedia(pc, () => owner.monotonic());
		pc.onnegotiationneeded = () => this.step(() => this.offer());
		pc.onicecandidate = ({ candidate }) => this.candidate(candidate);
		pc.onconnectionstatechange = () => this.look();
		pc.ondatachannel = ({ channel }) => this.takeChannel(channel);
		if (dialled && !this.isMediaOnly) this.hold(pc.createDataChannel(WARD_CHANNEL));
	}

	/** The hub's media relay has no place in the mesh. */
	get isMediaOnly(): boolean {
		return this.terminal === HUB_PARTY;
	}

	/** Heard within 3 s. `readyState` proves nothing. */
	get alive(): boolean {
		if (this.closed || this.failed) return false;
		if (this.isMediaOnly) return this.pc.connectionState === "connected";
		return (
			this.greeted &&
			this.channel?.open === true &&
			this.owner.monotonic() - this.heardAt <= DEAD_AFTER_MS
		);
	}

	get tracks(): PeerMedia["tracks"] {
		return this.media.tracks;
	}

	/** ICE gave up long ago: nothing heals it but another connection. */
	get hopeless(): boolean {
		const { downSince, failed } = this;
		return failed && downSince !== null && this.owner.monotonic() - downSince >= HOPELESS_MS;
	}

	/** Hands a frame over; false when it cannot be. */
	sendMessage(message: Message): boolean {
		return this.channel?.send(message) ?? false;
	}

	/** A signal that names this connection. */
	take(signal: ConnectionSignal): void {
		if (this.closed) return;
		this.session ??= signal.session;
		if (signal.kind === "close") this.close(signal.reason, "told");
		else if (signal.kind === "candidate") this.step(() => this.takeCandidate(signal));
		else {
			const { type, sdp } = signal;
			this.step(() => (type === "offer" ? this.takeOffer(sdp) : this.takeAnswer(sdp)));
		}
	}

	/** Each second. */
	tick(): void {
		if (this.closed) return;
		this.sendMessage({ type: "ping" });
		this.look();
		this.media.tick();
		this.askAgain();
		this.restart();
	}

	/**
	 * Once; says so to the other unless it is the other who did, or its page is gone. What is said goes best over the very
	 * channel that ends: then the connection lingers, deaf and without tracks, until `shut`.
	 */
	close(reason: ByeReason, how: "tell" | "told" | "silently"): void {
		if (this.closed) return;
		const lingers = how === "tell" && this.alive && !this.isMediaOnly;
		this.closed = true;
		const { pc } = this;
		pc.onnegotiationneeded = pc.onicecandidate = pc.onconnectionstatechange = null;
		pc.ondatachannel = null;
		if (!lingers) pc.close();
		const refused = reason === "no_codec";
		this.media.end(refused ? new MediaRefused(reason) : new PeerUnreachable(reason));
		this.look();
		this.lost.emit();
		this.owner.closed(this, { reason, told: how === "told", lingers });
		if (how === "tell") this.signal({ kind: "close", connection: this.connection, reason });
	}

	/** The end of lingering. */
	shut(): void {
		this.pc.close();
	}

	send(kind: MediaKind, track: MediaStreamTrack | null, stream: MediaStream | null): Promise<void> {
		return this.media.send(kind, track, stream);
	}

	/** Nothing is wanted until this says so: nobody is heard or seen who was not accepted. */
	receive(kind: MediaKind, wanted: boolean): void {
		this.media.receive(kind, wanted);
	}

	track(kind: MediaKind): MediaStreamTrack | null {
		return this.media.track(kind);
	}

	/** After a talk. */
	quiet(): void {
		if (!this.closed) this.media.quiet();
	}

	openChannel(label: string): RTCDataChannel {
		return this.pc.createDataChannel(label);
	}

	stats(): Promise<RTCStatsReport> {
		return this.pc.getStats();
	}

	/** One step at a time: offers, answers and candidates in the order they came. */
	private step(work: () => Promise<void>): void {
		this.work = this.work
			.then(() => (this.closed ? undefined : work()))
			.catch(() => {
				// A description neither side can use: the connection is of no more use either.
				if (!this.closed) this.close("closed", "tell");
			});
	}

	private async offer(): Promise<void> {
		// While an answer is awaited another offer would be thrown away: negotiationneeded comes again after it.
		if (this.pc.signalingState !== "stable") return;
		await this.pc.setLocalDescription();
		this.ask(false);
	}

	private ask(again: boolean): void {
		this.asked = { at: this.owner.monotonic(), again };
		this.describe("offer", again ? 1 : 0);
	}

	private describe(type: "offer" | "answer", way: number): void {
		const sdp = this.pc.localDescription?.sdp ?? "";
		const [fingerprint = ""] = fingerprintsOf(sdp);
		const { connection } = this;
		this.signal({ kind: "description", connection, type, sdp, fingerprint }, way);
	}

	private async takeOffer(sdp: string): Promise<void> {
		const { pc } = this;
		const glare = pc.signalingState !== "stable";
		// The polite peer gives its own offer up by taking the other's, and makes it again afterwards.
		if (glare && this.dialled) return;
		this.asked = null;
		try {
			await pc.setRemoteDescription({ type: "offer", sdp });
		} catch {
			this.close(/^m=(audio|video) /m.test(sdp) ? "no_codec" : "closed", "tell");
			return;
		}
		// On a dead link this is the restart.
		if (this.downSince !== null) this.restarted = true;
		this.media.applyWanted();
		await this.takeEarly();
		await pc.setLocalDescription();
		this.describe("answer", 0);
		this.media.negotiated(new Set());
	}

	private async takeAnswer(sdp: string): Promise<void> {
		// An answer to an offer that was sent twice.
		if (this.pc.signalingState !== "have-local-offer") return;
		this.asked = null;
		try {
			await this.pc.setRemoteDescription({ type: "answer", sdp });
		} catch {
			this.close(/^m=(audio|video) /m.test(sdp) ? "no_codec" : "closed", "tell");
			return;
		}
		await this.takeEarly();
		this.media.negotiated(rejectedMids(sdp));
	}

	private async takeCandidate({
		candidate,
		mid,
	}: {
		candidate: string;
		mid: string;
	}): Promise<void> {
		const init = { candidate, sdpMid: mid };
		if (this.pc.remoteDescription !== null) await this.add(init);
		else if (this.early.length < MAX_CANDIDATES) this.early.push(init);
	}

	private async takeEarly(): Promise<void> {
		const early = this.early;
		this.early = [];
		for (const each of early) await this.add(each);
	}

	/** One that does not fit, as after an offer that was given up, is no loss. */
	private async add(candidate: RTCIceCandidateInit): Promise<void> {
		try {
			await this.pc.addIceCandidate(candidate);
		} catch {
			// Other candidates, or none: then the link does not come up, and that is seen.
		}
	}

	private candidate(candidate: RTCIceCandidate | null): void {
		if (candidate?.candidate === "") return;
		const { connection } = this;
		const [text, mid] = [candidate?.candidate ?? "", candidate?.sdpMid ?? "0"];
		this.signal({ kind: "candidate", connection, candidate: text, mid });
	}

	private signal(draft: LinkDraft, way = 0): void {
		try {
			this.owner.signal(this, draft, way);
		} catch (error) {
			// An offer that has outgrown a signal, or a candidate that is none.
			if (draft.kind !== "candidate") throw error;
		}
	}

	private takeChannel(channel: RTCDataChannel): void {
		if (channel.label === WARD_CHANNEL) {
			if (this.channel === null && !this.dialled && !this.isMediaOnly) this.hold(channel);
			else channel.close();
		} else if (this.channels.size === 0 || this.extraChannels >= MAX_EXTRA_CHANNELS) {
			channel.close();
		} else {
			this.extraChannels += 1;
			channel.addEventListener("close", () => {
				this.extraChannels -= 1;
			});
			this.channels.emit(channel);
		}
	}

	private hold(channel: RTCDataChannel): void {
		this.channel = new WardChannel(channel, {
			opened: () => this.open(),
			heard: (message) => this.hear(message),
			closed: () => this.close("closed", "told"),
		});
		if (this.channel.open) this.open();
	}

	private open(): void {
		if (this.closed) return;
		this.owner.opened(this);
		this.sendMessage({ type: "ping" });
	}

	private hear(message: Message | null): void {
		if (this.closed) return;
		if (message === null) {
			this.owner.malformed(this);
			return;
		}
		this.heardAt = this.owner.monotonic();
		if (message.type === "ping") this.sendMessage({ type: "pong" });
		else if (message.type !== "pong") this.owner.message(this, message);
		this.look();
	}

	/** Sees whether it lives, and says when that has changed. */
	look(): void {
		const state = this.pc.connectionState;
		this.failed = state === "failed" || state === "closed";
		if (this.isMediaOnly && this.failed && !this.closed) {
			this.close("lost", "tell");
			return;
		}
		const { alive } = this;
		if (alive === (this.aliveSince !== null)) return;
		const now = this.owner.monotonic();
		this.aliveSince = alive ? now : null;
		this.downSince = alive ? null : now;
		this.restarted = false;
		this.owner.changed(this);
		if (this.closed) return;
		// An offer that went into the dead channel goes again.
		if (alive && this.asked !== null) this.ask(false);
		else if (!alive) this.restart();
	}

	private restart(): void {
		if (this.downSince === null || this.restarted || this.isMediaOnly) return;
		const down = this.owner.monotonic() - this.downSince;
		if (!this.dialled && down < POLITE_RESTART_MS) return;
		// Without another way the offer cannot go out; the old candidates may still heal.
		if (!this.owner.around(this)) return;
		this.restarted = true;
		this.pc.restartIce();
	}

	private askAgain(): void {
		if (this.asked === null || this.pc.signalingState !== "have-local-offer") return;
		const waited = this.owner.monotonic() - this.asked.at;
		if (!this.asked.again) {
			if (waited >= ASK_AGAIN_MS) this.ask(true);
		} else if (this.alive && waited >= DEAD_AFTER_MS) this.ask(false);
	}
}
