/** The recorded announcements of a station: recorded here, at most a minute, kept on its own disk. */
import { type Clip, MAX_CLIP_BYTES } from "./clip";
import type { MicrophoneState, Recorder, TalkDevice, TalkPort } from "./port";
import { NoMedia } from "./port";
import type { Announcement } from "./types";

export const MAX_CLIP_MS = 60_000;
/** Speech is clear at this; a minute is 240 kB, under half of what a clip may have. */
const CLIP_BITS_PER_SECOND = 32_000;
const PREFIX = "announcement:";

interface Kept extends Announcement {
	type: string;
	bytes: Uint8Array<ArrayBuffer>;
}

interface Recorded {
	recorder: Recorder;
	stream: MediaStream;
	pieces: Uint8Array<ArrayBuffer>[];
	bytes: number;
	/** monotonic ms */
	startedAt: number;
	ms: number | null;
	stopped: Promise<void> | null;
	forget: () => void;
}

export interface AnnouncementsPort {
	port: TalkPort;
	device(): TalkDevice;
	changed(): void;
	microphone(state: MicrophoneState): void;
}

export class Announcements {
	private readonly outside: AnnouncementsPort;
	private readonly kept = new Map<string, Kept>();
	private recorded: Recorded | null = null;
	private opening = false;

	constructor(outside: AnnouncementsPort) {
		this.outside = outside;
	}

	async load(): Promise<void> {
		for (const { value } of await this.outside.port.store.metas<Kept>(PREFIX)) {
			this.kept.set(value.id, value);
		}
		this.outside.changed();
	}

	list(): Announcement[] {
		return [...this.kept.values()].map(({ id, name, seconds }) => ({ id, name, seconds }));
	}

	clip(id: string): Clip | null {
		const kept = this.kept.get(id);
		return kept === undefined ? null : { type: kept.type, bytes: kept.bytes };
	}

	get recording(): boolean {
		return this.opening || (this.recorded !== null && this.recorded.stopped === null);
	}

	/** Begins to record; while it records, stops. What was recorded and not kept is thrown away. */
	async record(): Promise<void> {
		if (this.recording) {
			await this.stop();
			return;
		}
		this.recorded = null;
		this.opening = true;
		this.outside.changed();
		try {
			await this.begin();
		} catch (error) {
			if (!(error instanceof NoMedia)) throw error;
			this.outside.microphone(error.why);
		} finally {
			this.opening = false;
			this.outside.changed();
		}
	}

	private async begin(): Promise<void> {
		const { port, device, microphone } = this.outside;
		const stream = await port.media.microphone(device());
		microphone("ok");
		if (!this.opening) {
			stopAll(stream);
			return;
		}
		try {
			const recorder = port.media.record(stream.getAudioTracks(), CLIP_BITS_PER_SECOND);
			const recorded: Recorded = {
				recorder,
				stream,
				pieces: [],
				bytes: 0,
				startedAt: port.monotonic(),
				ms: null,
				stopped: null,
				forget: recorder.pieces.add((piece) => {
					recorded.pieces.push(piece);
					recorded.bytes += piece.length;
				}),
			};
			this.recorded = recorded;
		} catch (error) {
			stopAll(stream);
			throw error;
		}
	}

	private async stop(): Promise<void> {
		const { recorded } = this;
		this.opening = false;
		if (recorded === null) return;
		recorded.ms ??= Math.min(MAX_CLIP_MS, this.outside.port.monotonic() - recorded.startedAt);
		recorded.stopped ??= recorded.recorder.stop().finally(() => {
			recorded.forget();
			stopAll(recorded.stream);
		});
		this.outside.changed();
		await recorded.stopped;
	}

	/** Keeps the recorded one under a name, on disk before it is listed; null throws it away. Throws when it is too long. */
	async keep(name: string | null): Promise<void> {
		await this.stop();
		const { recorded } = this;
		this.recorded = null;
		this.outside.changed();
		if (name === null || recorded === null || recorded.bytes === 0) return;
		if (recorded.bytes > MAX_CLIP_BYTES) {
			throw new Error(`an announcement of ${recorded.bytes} bytes, at most ${MAX_CLIP_BYTES}`);
		}
		const kept: Kept = {
			id: this.outside.port.talkId(),
			name,
			seconds: Math.max(1, Math.round((recorded.ms ?? 0) / 1000)),
			type: recorded.recorder.type,
			bytes: joined(recorded.pieces, recorded.bytes),
		};
		await this.outside.port.store.putMeta(PREFIX + kept.id, kept);
		this.kept.set(kept.id, kept);
		this.outside.changed();
	}

	async drop(id: string): Promise<void> {
		if (!this.kept.delete(id)) return;
		this.outside.changed();
		await this.outside.port.store.dropMeta(PREFIX + id);
	}

	/** Each second: nobody talks for longer than a minute, and no clip grows beyond what can be sent. */
	tick(): void {
		const { recorded } = this;
		if (recorded === null || recorded.stopped !== null) return;
		const { port } = this.outside;
		const long = port.monotonic() - recorded.startedAt >= MAX_CLIP_MS;
		if (long || recorded.bytes >= MAX_CLIP_BYTES) this.stop().catch(port.failed);
	}
}

function stopAll(stream: MediaStream): void {
	for (const track of stream.getTracks()) track.stop();
}

export function joined(
	pieces: readonly Uint8Array<ArrayBuffer>[],
	bytes: number,
): Uint8Array<ArrayBuffer> {
	const whole = new Uint8Array(bytes);
	let at = 0;
	for (const piece of pieces) {
		whole.set(piece, at);
		at += piece.length;
	}
	return whole;
}
