/**
 * Sound and pictures of one peer connection. Each direction has a transceiver of its own: the sender makes it and keeps it, so
 * both may start at once and neither has to guess which m-line is meant.
 */
import { Listeners } from "../links/link";
import { type MediaKind, MediaRefused, PeerUnreachable } from "./types";

/** No answer to an offer that carries a new track for so long: the other is not there. */
const ANSWER_MS = 5_000;
/** Beside repair and redundancy, which go with any of them; the hub's relay knows no other. An offer with all that a browser has can outgrow a signal. */
const VIDEO_CODECS = /^video\/(VP8|H264|rtx|red|ulpfec)$/i;
const KINDS: readonly MediaKind[] = ["audio", "video"];

interface Waiter {
	transceiver: RTCRtpTransceiver;
	since: number;
	resolve: () => void;
	reject: (error: Error) => void;
}

export class LinkMedia {
	readonly tracks = new Listeners<[kind: MediaKind, track: MediaStreamTrack | null]>();
	private readonly pc: RTCPeerConnection;
	private readonly monotonic: () => number;
	private readonly outgoing: Partial<Record<MediaKind, RTCRtpTransceiver>> = {};
	private readonly wanted: Record<MediaKind, boolean> = { audio: false, video: false };
	private readonly shown: Record<MediaKind, MediaStreamTrack | null> = { audio: null, video: null };
	private waiters: Waiter[] = [];
	private closed = false;

	constructor(pc: RTCPeerConnection, monotonic: () => number) {
		this.pc = pc;
		this.monotonic = monotonic;
	}

	/** See PeerMedia.send; rejects with PeerUnreachable when the connection ends first, or nobody answers. */
	async send(
		kind: MediaKind,
		track: MediaStreamTrack | null,
		stream: MediaStream | null,
	): Promise<void> {
		if (this.closed) throw new PeerUnreachable("connection is closed");
		const known = this.live(kind);
		if (track === null) {
			if (!known) return;
			known.direction = "inactive";
			await known.sender.replaceTrack(null);
			return;
		}
		if (known) {
			await known.sender.replaceTrack(track);
			if (known.direction === "sendonly" && known.currentDirection === "sendonly") return;
			if (known.direction !== "sendonly") known.direction = "sendonly";
			if (stream) known.sender.setStreams(stream);
			return this.answered(known);
		}
		const streams = stream ? [stream] : [];
		const made = this.pc.addTransceiver(track, { direction: "sendonly", streams });
		if (kind === "video") preferCodecs(made);
		this.outgoing[kind] = made;
		return this.answered(made);
	}

	receive(kind: MediaKind, wanted: boolean): void {
		if (this.wanted[kind] === wanted) return;
		this.wanted[kind] = wanted;
		if (this.closed) return;
		this.applyWanted();
		this.show();
	}

	track(kind: MediaKind): MediaStreamTrack | null {
		return this.shown[kind];
	}

	/** Whether something is sent or wanted here. */
	get busy(): boolean {
		return KINDS.some((kind) => this.wanted[kind] || this.live(kind)?.sender.track != null);
	}

	/** After a talk: nothing is sent, nothing wanted. */
	quiet(): void {
		for (const kind of KINDS) {
			this.receive(kind, false);
			this.send(kind, null, null).catch(() => undefined);
		}
	}

	/** Before an offer of the other side is answered: new m-lines are taken as they are wanted. */
	applyWanted(): void {
		for (const transceiver of this.pc.getTransceivers()) {
			if (this.isOwn(transceiver) || transceiver.direction === "stopped") continue;
			const kind = kindOf(transceiver);
			const direction = this.wanted[kind] ? "recvonly" : "inactive";
			if (transceiver.direction !== direction) transceiver.direction = direction;
		}
	}

	/** A negotiation is complete. `rejected`: mids the answer to an own offer refused. */
	negotiated(rejected: ReadonlySet<string>): void {
		const waiting = this.waiters;
		this.waiters = [];
		for (const waiter of waiting) {
			const { transceiver, resolve, reject } = waiter;
			const { mid, direction, currentDirection } = transceiver;
			const refused =
				direction === "stopped" ||
				currentDirection === "stopped" ||
				(mid !== null && rejected.has(mid));
			if (refused) reject(new MediaRefused(`no common codec for ${kindOf(transceiver)}`));
			else if (currentDirection !== null) resolve();
			else this.waiters.push(waiter);
		}
		for (const kind of KINDS) if (!this.live(kind)) delete this.outgoing[kind];
		this.show();
	}

	/** The connection is over. */
	end(error: Error): void {
		this.closed = true;
		const waiting = this.waiters;
		this.waiters = [];
		for (const { reject } of waiting) reject(error);
		// Nobody is heard for the moment that the connection may linger.
		for (const kind of KINDS) {
			this.outgoing[kind]?.sender.replaceTrack(null).catch(() => undefined);
		}
		this.show();
	}

	/** Each second. */
	tick(): void {
		const now = this.monotonic();
		const late = this.waiters.filter(({ since }) => now - since >= ANSWER_MS);
		if (late.length === 0) return;
		this.waiters = this.waiters.filter((each) => !late.includes(each));
		for (const { reject } of late) reject(new PeerUnreachable("no answer"));
	}

	private answered(transceiver: RTCRtpTransceiver): Promise<void> {
		const since = this.monotonic();
		return new Promise((resolve, reject) => {
			this.waiters.push({ transceiver, since, resolve, reject });
		});
	}

	private live(kind: MediaKind): RTCRtpTransceiver | undefined {
		const known = this.outgoing[kind];
		return known?.direction === "stopped" || known?.currentDirection === "stopped"
			? undefined
			: known;
	}

	private isOwn(transceiver: RTCRtpTransceiver): boolean {
		return KINDS.some((kind) => this.outgoing[kind] === transceiver);
	}

	private show(): void {
		for (const kind of KINDS) {
			const track = this.closed ? null : this.incoming(kind);
			if (track === this.shown[kind]) continue;
			this.shown[kind] = track;
			this.tracks.emit(kind, track);
		}
	}

	private incoming(kind: MediaKind): MediaStreamTrack | null {
		if (!this.wanted[kind]) return null;
		for (const transceiver of this.pc.getTransceivers()) {
			const { currentDirection } = transceiver;
			if (currentDirection !== "recvonly" && currentDirection !== "sendrecv") continue;
			if (kindOf(transceiver) === kind) return transceiver.receiver.track;
		}
		return null;
	}
}

/** Mids of the m-lines an answer refuses: port 0. */
export function rejectedMids(sdp: string): Set<string> {
	const rejected = new Set<string>();
	for (const section of sdp.split(/^m=/m).slice(1)) {
		const mid = /^a=mid:(\S+)/m.exec(section)?.[1];
		if (/^(audio|video) 0 /.test(section) && mid !== undefined) rejected.add(mid);
	}
	return rejected;
}

function kindOf(transceiver: RTCRtpTransceiver): MediaKind {
	return transceiver.receiver.track.kind === "video" ? "video" : "audio";
}

function preferCodecs(transceiver: RTCRtpTransceiver): void {
	if (typeof RTCRtpSender === "undefined") return;
	try {
		const all = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
		const preferred = all.filter(({ mimeType }) => VIDEO_CODECS.test(mimeType));
		if (preferred.length > 0) transceiver.setCodecPreferences(preferred);
	} catch {
		// A browser without preferences offers all it has.
	}
}
