/**
 * Recording of talks and broadcasts, where the ward allows it. What is recorded is on this disk every few seconds, sealed,
 * and stays there until the hub has taken it: a page that dies in the middle loses the last seconds, not the talk. What
 * the hub refuses is told and then deleted, and nothing waits here longer than a week.
 */
import { Sealer } from "../store/sealed";
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
/** A patient's words lie on no terminal longer, handed over or not. */
export const KEPT_MS = 7 * 86_400_000;
const PREFIX = "recording:";
const KEY = "recordingKey";

export interface Recorded {
	talk: string;
	calls: readonly string[];
	purpose: "talk" | "broadcast";
	with: readonly string[];
}

/** As it lies on the disk. */
type Sealed = Omit<Recording, "bytes"> & { sealed: Uint8Array<ArrayBuffer> };

type Aged = Pick<Recording, "talk" | "endedAt">;

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
	"media" | "store" | "upload" | "refused" | "now" | "monotonic" | "failed" | "directory"
>;

export class Recordings {
	private readonly outside: Outside;
	private readonly running = new Map<string, Running>();
	private readonly sealer: Sealer;
	/** Sealed since an earlier start, else as it was recorded. */
	private readonly unsent = new Map<string, Recording | Sealed>();
	/** Told to nobody, and on the disk until they are old. */
	private readonly aside = new Map<string, Aged>();
	private sending: string | null = null;
	private retryAt = Number.NEGATIVE_INFINITY;
	private retryMs = FIRST_RETRY_MS;

	constructor(outside: Outside) {
		this.outside = outside;
		this.sealer = new Sealer(outside.store, KEY);
	}

	/** What an earlier start could not hand over; what an earlier version left open on the disk is sealed. */
	async load(): Promise<void> {
		for (const { value } of await this.outside.store.metas<Recording | Sealed>(PREFIX)) {
			if (this.running.has(value.talk) || this.unsent.has(value.talk)) continue;
			this.unsent.set(value.talk, value);
			if (!("bytes" in value) || this.isOld(value)) continue;
			await this.keep(value, true).catch(this.outside.failed);
			// Handed over meanwhile.
			if (!this.unsent.has(value.talk)) await this.drop(value.talk);
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
			await this.keep(recording, true);
			// A tick may have handed it over meanwhile.
			if (!this.unsent.has(talk)) await this.drop(talk);
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
			running.writing = running.writing
				.then(() => this.keep(recording, false))
				.catch(this.outside.failed);
		}
		this.clearOld();
		this.send();
	}

	private clearOld(): void {
		for (const waiting of this.unsent.values()) {
			if (!this.isOld(waiting) || this.sending === waiting.talk) continue;
			this.letGo(waiting, "never_sent").catch(this.outside.failed);
		}
		for (const left of this.aside.values()) {
			if (!this.isOld(left)) continue;
			this.aside.delete(left.talk);
			this.drop(left.talk).catch(this.outside.failed);
		}
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

	private async upload(waiting: Recording | Sealed): Promise<void> {
		const { talk } = waiting;
		let recording: Recording;
		try {
			recording = await this.opened(waiting);
		} catch (error) {
			// Another key, or bytes that are not whole: no later try reads it. A disk that does not answer may.
			if (!(error instanceof Error && error.name === "OperationError")) return this.later();
			return this.letGo(waiting, "unreadable");
		}
		try {
			await this.outside.upload(recording);
		} catch (error) {
			if (error instanceof UploadRefused) {
				await this.letGo(waiting, error.reason);
				throw error;
			}
			return this.later();
		}
		this.retryMs = FIRST_RETRY_MS;
		this.unsent.delete(talk);
		await this.drop(talk);
	}

	private later(): void {
		this.retryAt = this.outside.monotonic() + this.retryMs;
		this.retryMs = Math.min(LAST_RETRY_MS, this.retryMs * 2);
	}

	/** It goes to no hub any more: told first, deleted then. Told to nobody it stays until it is old. */
	private async letGo({ talk, endedAt }: Recording | Sealed, reason: string): Promise<void> {
		const { refused, now } = this.outside;
		this.unsent.delete(talk);
		this.aside.set(talk, { talk, endedAt });
		if (refused === undefined) return;
		await refused(talk, reason, now());
		this.aside.delete(talk);
		await this.drop(talk);
	}

	private isOld({ endedAt }: Aged): boolean {
		return this.outside.now() - endedAt > KEPT_MS;
	}

	private async keep(recording: Recording, strict: boolean): Promise<void> {
		const { bytes, ...rest } = recording;
		const sealed = await this.sealer.seal(bytes, recording.talk);
		await this.outside.store.putMeta(
			PREFIX + rest.talk,
			{ ...rest, sealed } satisfies Sealed,
			strict,
		);
	}

	private drop(talk: string): Promise<void> {
		return this.outside.store.dropMeta(PREFIX + talk);
	}

	private async opened(waiting: Recording | Sealed): Promise<Recording> {
		if ("bytes" in waiting) return waiting;
		const { sealed, ...rest } = waiting;
		return { ...rest, bytes: await this.sealer.open(sealed, rest.talk) };
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
