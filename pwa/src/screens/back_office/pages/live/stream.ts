/**
 * A live view as it comes from the hub (DEV-05): frames of recorded events, then why it ended. An EventSource that
 * is cut would come back by itself and find nothing: it is closed at the first word of an end.
 */

/** Why a view is over: the hub's words, and `lost` when the connection to it was. */
export const ENDED = [
	"stopped",
	"terminal_stopped",
	"left",
	"not_able",
	"time",
	"slow",
	"too_much",
	"signed_out",
	"lost",
] as const;
export type Ended = (typeof ENDED)[number];

/** As much of an EventSource as is needed. */
export interface Source {
	addEventListener(type: string, listener: (event: Event) => void): void;
	close(): void;
}

interface Handlers {
	frame: (events: readonly unknown[]) => void;
	ended: (why: Ended) => void;
}

/** Listens until the end, which is told once; returns the way to stop, after which nothing is told. */
export function watchStream(source: Source, { frame, ended }: Handlers): () => void {
	let over = false;
	let next: number | null = null;
	const end = (why: Ended) => {
		if (over) return;
		over = true;
		source.close();
		ended(why);
	};
	source.addEventListener("message", (event) => {
		if (over) return;
		const told = readFrame((event as MessageEvent).data);
		// after a gap the picture would not be what the screen shows
		if (told === null || (next !== null && told.seq !== next)) {
			end("lost");
			return;
		}
		next = told.seq + 1;
		frame(told.events);
	});
	source.addEventListener("end", (event) => end(readEnd((event as MessageEvent).data)));
	source.addEventListener("error", () => end("lost"));
	return () => {
		over = true;
		source.close();
	};
}

function parsed(data: unknown): Record<string, unknown> {
	try {
		const value: unknown = JSON.parse(String(data));
		return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
	} catch {
		return {};
	}
}

function readFrame(data: unknown): { seq: number; events: unknown[] } | null {
	const { seq, events } = parsed(data);
	return typeof seq === "number" && Array.isArray(events) ? { seq, events } : null;
}

function readEnd(data: unknown): Ended {
	const { reason } = parsed(data);
	return ENDED.find((known) => known === reason) ?? "lost";
}
