/**
 * The primitive encodings of lib0, read strictly: every length is held against what is left, numbers end at 2^53 - 1,
 * text must be UTF-8, and nothing may be left over. Writing is lib0's own.
 */
import * as encoding from "lib0/encoding";

/** What was wrong with a frame: the same codes as ward_sync/errors.py. */
export type FrameFault =
	| "truncated"
	| "leftover"
	| "number"
	| "utf8"
	| "too_large"
	| "address"
	| "unknown_type"
	| "unexpected";

/** The peer sent what the protocol does not allow. */
export class RemoteProtocolError extends Error {
	override name = "RemoteProtocolError";
	readonly code: FrameFault;
	/** The document concerned; null while the envelope (address and type) could not be read. */
	address: string | null = null;

	constructor(code: FrameFault, message: string) {
		super(message);
		this.code = code;
	}
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** 2^53 - 1 fits in eight groups of seven bits. */
const MAX_VAR_UINT_BYTES = 8;

export class Reader {
	private readonly bytes: Uint8Array;
	private at = 0;

	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
	}

	get left(): number {
		return this.bytes.length - this.at;
	}

	byte(): number {
		const value = this.bytes[this.at];
		if (value === undefined) throw new RemoteProtocolError("truncated", "frame is cut short");
		this.at += 1;
		return value;
	}

	varUint(): number {
		let value = 0;
		let factor = 1;
		for (let read = 0; read < MAX_VAR_UINT_BYTES; read++) {
			const byte = this.byte();
			value += (byte & 0x7f) * factor;
			if (value > Number.MAX_SAFE_INTEGER)
				throw new RemoteProtocolError("number", "number above 2^53 - 1");
			if (byte < 0x80) {
				if (byte === 0 && read > 0) throw new RemoteProtocolError("number", "padded number");
				return value;
			}
			factor *= 128;
		}
		throw new RemoteProtocolError("number", "number longer than 8 bytes");
	}

	/** A copy of the next length-prefixed bytes. */
	varBytes(): Uint8Array {
		const length = this.varUint();
		if (length > this.left) {
			throw new RemoteProtocolError("truncated", `length ${length} with ${this.left} bytes left`);
		}
		this.at += length;
		return this.bytes.slice(this.at - length, this.at);
	}

	/** Text whose length prefix counts UTF-8 bytes. */
	varString(): string {
		try {
			return utf8.decode(this.varBytes());
		} catch (error) {
			if (error instanceof RemoteProtocolError) throw error;
			throw new RemoteProtocolError("utf8", "text is not UTF-8");
		}
	}

	end(): void {
		if (this.left > 0) throw new RemoteProtocolError("leftover", `${this.left} bytes left over`);
	}
}

/** Bytes of what `write` puts into a fresh encoder. */
export function encodeWith(write: (encoder: encoding.Encoder) => void): Uint8Array {
	const encoder = encoding.createEncoder();
	write(encoder);
	return encoding.toUint8Array(encoder);
}
