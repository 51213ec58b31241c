/** Peers joined in the process: signals and tracks cross in microtasks, sound flows as time is let go by. */
import { Listeners } from "../../../src/core/links/link";
import {
	type MediaKind,
	MediaRefused,
	type PeerMedia,
	type Peers,
	PeerUnreachable,
} from "../../../src/core/mesh/types";
import type { TalkDraft, TalkSignal } from "../../../src/core/signalling/types";
import type { FakeTrack } from "./fake_media";

/** One end of a data channel. */
export class FakeChannel extends EventTarget {
	readonly label: string;
	binaryType = "arraybuffer";
	bufferedAmount = 0;
	bufferedAmountLowThreshold = 0;
	readyState: RTCDataChannelState = "open";
	/** nothing leaves the buffer */
	stuck = false;
	other!: FakeChannel;
	/** largest bufferedAmount seen */
	fullest = 0;

	constructor(label: string) {
		super();
		this.label = label;
	}
	send(data: string | Uint8Array): void {
		if (this.readyState !== "open") throw new Error("closed");
		const size = typeof data === "string" ? data.length : data.byteLength;
		this.bufferedAmount += size;
		this.fullest = Math.max(this.fullest, this.bufferedAmount);
		const sent = typeof data === "string" ? data : data.slice().buffer;
		const pass = () => {
			if (this.stuck) {
				setImmediate(pass);
				return;
			}
			this.bufferedAmount -= size;
			if (this.other.readyState === "open") {
				this.other.dispatchEvent(new MessageEvent("message", { data: sent }));
			}
			if (this.bufferedAmount <= this.bufferedAmountLowThreshold) {
				this.dispatchEvent(new Event("bufferedamountlow"));
			}
		};
		queueMicrotask(pass);
	}
	close(): void {
		for (const end of [this, this.other]) {
			if (end.readyState === "closed") continue;
			end.readyState = "closed";
			queueMicrotask(() => end.dispatchEvent(new Event("close")));
		}
	}
	get real(): RTCDataChannel {
		return this as unknown as RTCDataChannel;
	}
}

export class FakePeerMedia implements PeerMedia {
	readonly terminal: string;
	readonly tracks = new Listeners<[MediaKind, MediaStreamTrack | null]>();
	readonly channels = new Listeners<[RTCDataChannel]>();
	readonly lost = new Listeners<[]>();
	readonly sending: Record<MediaKind, FakeTrack | null> = { audio: null, video: null };
	readonly wanted: Record<MediaKind, boolean> = { audio: false, video: false };
	readonly opened: FakeChannel[] = [];
	other!: FakePeerMedia;
	refuses = false;
	packets = 0;
	samples = 0;
	concealed = 0;
	/** share of what comes in that the decoder makes up */
	loss = 0;

	constructor(terminal: string) {
		this.terminal = terminal;
	}
	async send(kind: MediaKind, track: MediaStreamTrack | null): Promise<void> {
		await Promise.resolve();
		if (track !== null && this.refuses) throw new MediaRefused("no codec");
		this.sending[kind] = track as FakeTrack | null;
		this.other.tracks.emit(kind, track);
	}
	receive(kind: MediaKind, wanted: boolean): void {
		this.wanted[kind] = wanted;
	}
	track(kind: MediaKind): MediaStreamTrack | null {
		return (this.other.sending[kind] as unknown as MediaStreamTrack) ?? null;
	}
	openChannel(label: string): RTCDataChannel {
		const [mine, theirs] = [new FakeChannel(label), new FakeChannel(label)];
		mine.other = theirs;
		theirs.other = mine;
		this.opened.push(mine);
		queueMicrotask(() => this.other.channels.emit(theirs.real));
		return mine.real;
	}
	async stats(): Promise<RTCStatsReport> {
		const { packets, samples, concealed } = this;
		const inbound = {
			id: "in",
			type: "inbound-rtp",
			kind: "audio",
			packetsReceived: packets,
			totalSamplesReceived: samples,
			concealedSamples: concealed,
		};
		return new Map([["in", inbound]]) as unknown as RTCStatsReport;
	}
	/** Sound that comes in while `ms` go by. */
	flow(ms: number): void {
		if (!this.wanted.audio || this.other.sending.audio === null) return;
		if (this.loss < 1) this.packets += ms / 20;
		this.samples += ms * 48;
		this.concealed += ms * 48 * this.loss;
	}
	get listeners(): number {
		return this.tracks.size + this.channels.size + this.lost.size;
	}
}

export class FakePeers implements Peers {
	readonly id: string;
	readonly signals = new Listeners<[TalkSignal]>();
	readonly links = new Map<string, FakePeerMedia>();
	readonly sent: { to: string; draft: TalkDraft }[] = [];
	/** connections asked for and got, less those released */
	readonly uses = new Map<string, number>();
	/** no codec in common with anyone */
	refuses = false;
	/** connections come about when this does; null: at once */
	gate: Promise<void> | null = null;
	/** nothing goes in or out */
	down = false;
	/** signals that get lost */
	drops: (draft: TalkDraft) => boolean = () => false;
	private readonly all: Map<string, FakePeers>;

	constructor(id: string, all: Map<string, FakePeers>) {
		this.id = id;
		this.all = all;
		all.set(id, this);
	}
	signal(to: string, draft: TalkDraft): void {
		this.sent.push({ to, draft });
		const other = this.all.get(to);
		if (other === undefined || this.down || this.drops(draft)) return;
		const about = { from: this.id, to, ward: "w", session: "0".repeat(16), seq: 1, at: 0 };
		queueMicrotask(() => {
			if (!other.down && this.all.get(to) === other) other.signals.emit({ ...draft, ...about });
		});
	}
	async connect(terminal: string): Promise<PeerMedia> {
		await this.gate;
		const other = this.all.get(terminal);
		if (other === undefined || other.down || this.down) throw new PeerUnreachable(terminal);
		this.uses.set(terminal, (this.uses.get(terminal) ?? 0) + 1);
		const known = this.links.get(terminal);
		if (known !== undefined) return known;
		const [mine, theirs] = [new FakePeerMedia(terminal), new FakePeerMedia(this.id)];
		mine.other = theirs;
		theirs.other = mine;
		mine.refuses = this.refuses;
		theirs.refuses = other.refuses;
		this.links.set(terminal, mine);
		other.links.set(this.id, theirs);
		return mine;
	}
	release(terminal: string): void {
		this.uses.set(terminal, (this.uses.get(terminal) ?? 0) - 1);
	}
	/** The connection breaks at both ends. */
	lose(terminal: string): void {
		const link = this.links.get(terminal);
		this.links.delete(terminal);
		this.all.get(terminal)?.links.delete(this.id);
		link?.lost.emit();
		link?.other.lost.emit();
	}
	/** What was said to a terminal, by kind. */
	said(kind: TalkDraft["kind"], to?: string): TalkDraft[] {
		return this.sent
			.filter((each) => each.draft.kind === kind && (to === undefined || each.to === to))
			.map(({ draft }) => draft);
	}
	get listeners(): number {
		return [...this.links.values()].reduce((sum, link) => sum + link.listeners, 0);
	}
}
