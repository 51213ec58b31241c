/** Microphones, cameras, loudspeakers and recorders without a page. Every track is counted until it is stopped. */
import { Listeners } from "../../../src/core/links/link";
import type {
	ClipPlaying,
	Media,
	MicrophoneState,
	Playing,
	Recorder,
	TalkDevice,
} from "../../../src/core/talk/port";
import { NoMedia } from "../../../src/core/talk/port";

export class FakeTrack {
	readonly kind: "audio" | "video";
	enabled = true;
	stopped = false;
	private readonly all: Set<FakeTrack>;

	constructor(kind: "audio" | "video", all: Set<FakeTrack>) {
		this.kind = kind;
		this.all = all;
		all.add(this);
	}
	stop(): void {
		this.stopped = true;
		this.all.delete(this);
	}
	clone(): FakeTrack {
		const clone = new FakeTrack(this.kind, this.all);
		clone.enabled = this.enabled;
		return clone;
	}
	get real(): MediaStreamTrack {
		return this as unknown as MediaStreamTrack;
	}
}

export class FakeStream {
	readonly tracks: FakeTrack[];
	constructor(tracks: readonly FakeTrack[]) {
		this.tracks = [...tracks];
	}
	getTracks = () => this.tracks;
	getAudioTracks = () => this.tracks.filter(({ kind }) => kind === "audio");
	getVideoTracks = () => this.tracks.filter(({ kind }) => kind === "video");
	get real(): MediaStream {
		return this as unknown as MediaStream;
	}
}

export class FakePlaying implements Playing {
	silent = false;
	device: TalkDevice;
	stopped = false;
	constructor(device: TalkDevice) {
		this.device = device;
	}
	setSilent(silent: boolean): void {
		this.silent = silent;
	}
	async setDevice(device: TalkDevice): Promise<void> {
		this.device = device;
	}
	stop(): void {
		this.stopped = true;
	}
}

export class FakeClip implements ClipPlaying {
	readonly bytes: Uint8Array;
	stopped = false;
	finish!: () => void;
	fail!: (error: unknown) => void;
	readonly ended = new Promise<void>((resolve, reject) => {
		this.finish = resolve;
		this.fail = reject;
	});
	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
	}
	stop(): void {
		this.stopped = true;
	}
}

export class FakeRecorder implements Recorder {
	readonly type = "audio/webm;codecs=opus";
	readonly pieces = new Listeners<[Uint8Array<ArrayBuffer>]>();
	readonly tracks: number;
	paused = false;
	stopped = false;
	constructor(tracks: number) {
		this.tracks = tracks;
	}
	pause(): void {
		this.paused = true;
	}
	resume(): void {
		this.paused = false;
	}
	piece(...bytes: number[]): void {
		if (!this.paused && !this.stopped) this.pieces.emit(Uint8Array.from(bytes));
	}
	async stop(): Promise<void> {
		this.piece(99);
		this.stopped = true;
	}
}

export class FakeMedia implements Media {
	/** tracks opened and not stopped */
	readonly tracks = new Set<FakeTrack>();
	readonly playings: FakePlaying[] = [];
	readonly clips: FakeClip[] = [];
	readonly recorders: FakeRecorder[] = [];
	readonly asked: TalkDevice[] = [];
	refuses: "blocked" | "missing" | null = null;
	/** the question to the user is not answered */
	asks = false;
	private waiting: (() => void)[] = [];

	async microphone(device: TalkDevice): Promise<MediaStream> {
		this.asked.push(device);
		if (this.asks) await new Promise<void>((resolve) => this.waiting.push(resolve));
		if (this.refuses !== null) throw new NoMedia(this.refuses, "fake");
		return this.open("audio");
	}
	async camera(): Promise<MediaStream> {
		return this.open("video");
	}
	async mayHear(): Promise<MicrophoneState | null> {
		return this.refuses ?? "ok";
	}
	/** The user says yes at last. */
	allow(): void {
		this.asks = false;
		for (const resolve of this.waiting.splice(0)) resolve();
	}
	play(_track: MediaStreamTrack, device: TalkDevice): Playing {
		const playing = new FakePlaying(device);
		this.playings.push(playing);
		return playing;
	}
	playClip(bytes: Uint8Array<ArrayBuffer>): ClipPlaying {
		const clip = new FakeClip(bytes);
		this.clips.push(clip);
		return clip;
	}
	stream(tracks: readonly MediaStreamTrack[]): MediaStream {
		return new FakeStream(tracks as unknown as FakeTrack[]).real;
	}
	record(tracks: readonly MediaStreamTrack[]): Recorder {
		const recorder = new FakeRecorder(tracks.length);
		this.recorders.push(recorder);
		return recorder;
	}
	/** Sound can leave this terminal. */
	get hot(): boolean {
		return [...this.tracks].some(({ enabled }) => enabled);
	}
	/** Sound comes out of this terminal. */
	get sounding(): boolean {
		return this.playings.some(({ stopped, silent }) => !stopped && !silent);
	}

	private open(kind: "audio" | "video"): MediaStream {
		return new FakeStream([new FakeTrack(kind, this.tracks)]).real;
	}
}
