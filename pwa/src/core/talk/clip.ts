/**
 * A recorded clip over a data channel of its own: one JSON text that says what comes, then the bytes in pieces, never more
 * in the buffer than a slow receiver can take. The receiver plays it and closes the channel.
 */

export const CLIP_LABEL = "clip:";
export const MAX_CLIP_BYTES = 524_288;
/** A data channel passes so much in one message everywhere (RFC 8831, 6.6). */
export const PIECE_BYTES = 16_384;
/** The sender waits above the first and goes on below the second. */
const FULL_BYTES = 131_072;
const LOW_BYTES = 32_768;

export interface Clip {
	/** a MIME type of sound */
	type: string;
	bytes: Uint8Array<ArrayBuffer>;
}

export class ClipError extends Error {
	override name = "ClipError";
}

/** Sends the clip of a talk. Resolves when all of it is handed over; throws ClipError when the channel goes first. */
export async function sendClip(channel: RTCDataChannel, talk: string, clip: Clip): Promise<void> {
	const { type, bytes } = clip;
	channel.bufferedAmountLowThreshold = LOW_BYTES;
	if (channel.readyState === "connecting") await next(channel, "open");
	put(channel, JSON.stringify({ talk, type, bytes: bytes.length }));
	for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
		if (channel.bufferedAmount > FULL_BYTES) await next(channel, "bufferedamountlow");
		put(channel, bytes.slice(from, from + PIECE_BYTES));
	}
}

function put(channel: RTCDataChannel, data: string | Uint8Array<ArrayBuffer>): void {
	if (channel.readyState !== "open") throw new ClipError(`the channel is ${channel.readyState}`);
	if (typeof data === "string") channel.send(data);
	else channel.send(data);
}

function next(channel: RTCDataChannel, event: "open" | "bufferedamountlow"): Promise<void> {
	return new Promise((resolve, reject) => {
		const settle = (done: () => void) => () => {
			channel.removeEventListener(event, come);
			channel.removeEventListener("close", gone);
			done();
		};
		const come = settle(resolve);
		const gone = settle(() => reject(new ClipError("the channel was closed")));
		channel.addEventListener(event, come);
		channel.addEventListener("close", gone);
	});
}

/** Takes a clip piece by piece. Strict: what does not fit ends it. */
export class ClipReader {
	private readonly talk: string;
	private type = "";
	private bytes: Uint8Array<ArrayBuffer> | null = null;
	private have = 0;

	constructor(talk: string) {
		this.talk = talk;
	}

	/** The clip once it is whole, else null. Throws ClipError. */
	take(data: unknown): Clip | null {
		if (this.bytes === null) {
			this.begin(data);
			return null;
		}
		if (!(data instanceof ArrayBuffer)) throw new ClipError("a piece is not binary");
		if (data.byteLength === 0 || this.have + data.byteLength > this.bytes.length) {
			throw new ClipError(`a piece of ${data.byteLength} bytes does not fit`);
		}
		this.bytes.set(new Uint8Array(data), this.have);
		this.have += data.byteLength;
		return this.have < this.bytes.length ? null : { type: this.type, bytes: this.bytes };
	}

	private begin(data: unknown): void {
		const head = typeof data === "string" && data.length <= 1_000 ? parse(data) : null;
		if (head === null || head.talk !== this.talk) throw new ClipError("the clip has no head");
		const { type, bytes } = head;
		if (typeof type !== "string" || !/^audio\/[a-z0-9]+(;[ -~]{0,60})?$/.test(type)) {
			throw new ClipError("the clip is no sound");
		}
		if (!Number.isInteger(bytes) || (bytes as number) < 1 || (bytes as number) > MAX_CLIP_BYTES) {
			throw new ClipError(`the clip says it has ${String(bytes)} bytes`);
		}
		this.type = type;
		this.bytes = new Uint8Array(bytes as number);
	}
}

function parse(text: string): Record<string, unknown> | null {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
	} catch {
		return null;
	}
}
