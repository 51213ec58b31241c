/**
 * Recorded events on their way to a viewer, in frames of a bounded size. An event too large for one goes in pieces, each an
 * rrweb custom event; the viewer puts them together again.
 */
import type { RecordedEvent } from "./live_mask";

/** Bytes of the events in one frame; with what is around them it stays below 200 KiB. */
export const CHUNK_BYTES = 180 * 1024;
/** Events in one frame; the hub takes 2,000. */
const CHUNK_EVENTS = 1_000;
/** What waits is let go of beyond this, and the whole page sent anew. */
const MOST_BYTES = 8 * 2 ** 20;
const CUSTOM = 5;
const TAG = "wardline-piece";

interface Waiting {
	event: RecordedEvent;
	bytes: number;
}

interface Piece {
	tag: typeof TAG;
	payload: { part: number; of: number; json: string };
}

export class Chunks {
	private waiting: Waiting[] = [];
	private bytes = 0;

	get empty(): boolean {
		return this.waiting.length === 0;
	}

	/** False when there is too much on its way already: nothing is kept then. */
	add(event: RecordedEvent): boolean {
		for (const each of inPieces(event)) {
			const bytes = bytesOf(JSON.stringify(each));
			this.waiting.push({ event: each, bytes });
			this.bytes += bytes;
		}
		if (this.bytes <= MOST_BYTES) return true;
		this.waiting = [];
		this.bytes = 0;
		return false;
	}

	/** The next frame's events, in order; they are gone once `sent`. */
	next(sent: (events: RecordedEvent[]) => boolean): void {
		let bytes = 0;
		let count = 0;
		for (const each of this.waiting) {
			if (count === CHUNK_EVENTS || (count > 0 && bytes + each.bytes > CHUNK_BYTES)) break;
			bytes += each.bytes;
			count += 1;
		}
		if (count === 0 || !sent(this.waiting.slice(0, count).map(({ event }) => event))) return;
		this.waiting.splice(0, count);
		this.bytes -= bytes;
	}
}

function bytesOf(text: string): number {
	return new TextEncoder().encode(text).length;
}

function inPieces(event: RecordedEvent): RecordedEvent[] {
	const json = JSON.stringify(event);
	if (bytesOf(json) <= CHUNK_BYTES) return [event];
	// A character has three bytes at most, and is written once more inside the piece's JSON.
	const length = Math.floor(CHUNK_BYTES / 4);
	const of = Math.ceil(json.length / length);
	return Array.from({ length: of }, (_, part) => {
		const payload = { part, of, json: json.slice(part * length, (part + 1) * length) };
		const data: Piece = { tag: TAG, payload };
		return { type: CUSTOM, timestamp: event.timestamp, data };
	});
}

/** At the viewer: the events of the frames in order, pieces put together. */
export class Joining {
	private parts: string[] = [];

	take(events: readonly unknown[]): unknown[] {
		return events.flatMap((event) => {
			const piece = pieceOf(event);
			if (piece === null) return [event];
			if (piece.part === 0) this.parts = [];
			// One is missing: what is left of the event is of no use.
			if (piece.part !== this.parts.length) return [];
			this.parts.push(piece.json);
			if (this.parts.length < piece.of) return [];
			const whole: unknown = JSON.parse(this.parts.join(""));
			this.parts = [];
			return [whole];
		});
	}
}

function pieceOf(event: unknown): Piece["payload"] | null {
	const { type, data } = (event ?? {}) as { type?: unknown; data?: Partial<Piece> };
	return type === CUSTOM && data?.tag === TAG ? (data.payload ?? null) : null;
}
