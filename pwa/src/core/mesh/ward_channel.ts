/** The channel `ward` of a connection: ordered and reliable, one message one frame of the protocol, few types, small. */
import { decode, encode } from "../protocol/codec";
import type { Message } from "../protocol/messages";

export const WARD_CHANNEL = "ward";
export const MAX_MESSAGE_BYTES = 65_536;
/** A cable pulled for long must not fill the page with what will never arrive. */
const MAX_BUFFERED_BYTES = 1_048_576;

export interface ChannelEvents {
	opened(): void;
	/** null: what came is no frame this channel may carry */
	heard(message: Message | null): void;
	/** By the other side: a cut says nothing. */
	closed(): void;
}

export class WardChannel {
	private readonly channel: RTCDataChannel;

	constructor(channel: RTCDataChannel, { opened, heard, closed }: ChannelEvents) {
		this.channel = channel;
		channel.binaryType = "arraybuffer";
		channel.onmessage = ({ data }: MessageEvent<unknown>) => heard(readMessage(data));
		channel.onopen = opened;
		channel.onclose = closed;
	}

	get open(): boolean {
		return this.channel.readyState === "open";
	}

	/** False when the frame could not be handed over; true is no receipt. */
	send(message: Message): boolean {
		if (!this.open || this.channel.bufferedAmount > MAX_BUFFERED_BYTES) return false;
		const frame = encode(message) as Uint8Array<ArrayBuffer>;
		if (frame.length > MAX_MESSAGE_BYTES) return false;
		try {
			this.channel.send(frame);
		} catch {
			return false;
		}
		return true;
	}
}

/** Stateless, awareness, ping, pong; null for all else. */
function readMessage(data: unknown): Message | null {
	if (!(data instanceof ArrayBuffer) || data.byteLength > MAX_MESSAGE_BYTES) return null;
	try {
		const message = decode(new Uint8Array(data));
		const { type } = message;
		const known =
			type === "stateless" || type === "awareness" || type === "ping" || type === "pong";
		return known ? message : null;
	} catch {
		return null;
	}
}
