/**
 * Recording of talks and broadcasts, where the ward allows it. What is recorded is on this disk every few seconds, and
 * stays there until the hub has taken it: a page that dies in the middle loses the last seconds, not the talk.
 */
import { joined } from "./announcement";
import type { Recorder, Recording, TalkPort } from "./port";
import { UploadRefused } from "./port";

export const MAX_RECORDING_BYTES = 33_554_432;
/** To the disk as often, ms. */
const KEEP_MS = 10_000;
/** Speech; the hub takes 32 MiB, which is over two hours at this. */
const BITS_PER_SECOND = 32_000;
const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 300_000;
const PREFIX = "recording:";

export interface Recorded {
	talk: string;
	calls: readonly string[];
	purpose: "talk" | "broadcast";
	with: readonly string[];
}

interface Running extends Recorded {
	recorder: Recorder;
	pieces: Uint8Array<ArrayBuffer>[];
	bytes: number;
	startedAt: number;
	/** monotonic ms of the last write */
	keptAt: number;
	paused: boolean;
	/** writes to the disk, one after the other */
	writing: Promise<void>;
	forget: () => void;
}

type Outside = Pick<
	TalkPort,
	"media" | "store" | "upload" | "now" | "monotonic" | "failed" | "directory"
>;

export class Recordings {
	private readonly outside: Outside;
	private readonly running = new Map<string, Running>();
	private readonly unsent = new Map<string, Recording>();
	private sending: string | null = null;
	private retryAt = Number.NEGATIVE_INFINITY;
	private retryMs = FIRST_RETRY_MS;

	constructor(outside: Outside) {
		this.outside = outside;
	}

	/** What an earlier start could not hand over. */
	async load(): Promise<void> {
		for (const { value } of await this.outside.store.metas<Recording>(PREFIX)) {
			if (!this.running.has(value.talk)) this.unsent.set(value.talk, value);
		}
	}

	/** Recordings on this disk the hub has not taken. */
	get waiting(): number {
		return this.unsent.size;
	}

	/**
	 * Records these tracks, or goes on with a talk whose recording was paused. False when the ward does not allow it.
	 * Throws NoMedia where the platform cannot record.
	 */
	start(what: Recorded, tracks: readonly MediaStreamTrack[]): boolean {
		if (!this.outside.directory().ward.recording) return false;
		const known = this.running.get(what.talk);
		if (known !== undefined) {
			if (known.paused) known.recorder.resume();
			known.paused = false;
			return true;
		}
		const recorder = this.outside.media.record(tracks, BITS_PER_SECOND);
		const running: Running = {
			...what,
			recorder,
			pieces: [],
			bytes: 0,
			startedAt: this.outside.now(),
			keptAt: this.outside.monotonic(),
			paused: false,
			writing: Promise.resolve(),
			forget: recorder.pieces.add((piece) => {
				if (running.bytes + piece.length > MAX_RECORDING_BYTES) return;
				running.pieces.push(piece);
				running.bytes += piece.length;
			}),
		};
		this.running.set(what.talk, running);
		return true;
	}

	/** Nothing is recorded until `start` again. */
	pause(talk: string): void {
		const running = this.running.get(talk);
		if (running === undefined || running.paused) return;
		running.paused = true;
		running.recorder.pause();
	}

	/** The talk is over: what was recorded goes to the hub. */
	async finish(talk: string): Promise<void> {
		const running = this.running.get(talk);
		if (running === undefined) return;
		this.running.delete(talk);
		await running.recorder.stop();
		running.forget();
		if (running.bytes === 0) return;
		await running.writing;
		const recording = this.snapshot(running);
		this.unsent.set(talk, recording);
		try {
			await this.outside.store.putMeta(PREFIX + talk, recording);
		} finally {
			// A disk that fails is no reason not to send it.
			this.retryAt = Number.NEGATIVE_INFINITY;
			this.send();
		}
	}

	/** Each second. */
	tick(): void {
		const now = this.outside.monotonic();
		for (const running of this.running.values()) {
			if (now - running.keptAt < KEEP_MS || running.bytes === 0) continue;
			running.keptAt = now;
			const recording = this.snapshot(running);
			// Relaxed: the next write comes in seconds, the last one is strict.
			running.writing = this.outside.store
				.putMeta(PREFIX + running.talk, recording, false)
				.catch(this.outside.failed);
		}
		this.send();
	}

	private send(): void {
		const next = this.unsent.values().next();
		if (next.done || this.sending !== null || this.outside.monotonic() < this.retryAt) return;
		this.sending = next.value.talk;
		this.upload(next.value)
			.catch(this.outside.failed)
			.finally(() => {
				this.sending = null;
				this.send();
			});
	}

	private async upload(recording: Recording): Promise<void> {
		try {
			await this.outside.upload(recording);
		} catch (error) {
			if (error instanceof UploadRefused) {
				// Kept on disk for whoever looks into it; asked again at the next start.
				this.unsent.delete(recording.talk);
				throw error;
			}
			this.retryAt = this.outside.monotonic() + this.retryMs;
			this.retryMs = Math.min(LAST_RETRY_MS, this.retryMs * 2);
			return;
		}
		this.retryMs = FIRST_RETRY_MS;
		this.unsent.delete(recording.talk);
		await this.outside.store.dropMeta(PREFIX + recording.talk);
	}

	private snapshot(running: Running): Recording {
		return {
			talk: running.talk,
			calls: [...running.calls].sort(),
			purpose: running.purpose,
			with: [...running.with].sort(),
			startedAt: running.startedAt,
			endedAt: this.outside.now(),
			type: running.recorder.type,
			bytes: joined(running.pieces, running.bytes),
		};
	}
}
