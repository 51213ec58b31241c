/** What a terminal does about its board by itself: sound, receipts, and how far own presses have come. Pure. */
import { soundsOn } from "./calls/fold";
import type { Board, CallRow, Directory, HeardFact, Tone } from "./calls/types";
import type { OwnPress, SelfInfo } from "./terminal_types";

/** Classes 0 and 1, code and urgent: never lowered by mute. */
const URGENT_CLASS = 1;
/** A missed call sounds once. */
export const MISSED_TONE_MS = 4_000;

export interface Sounding {
	tone: Tone;
	/** mute lowers it */
	routine: boolean;
}

/** The tone of the highest class among the rows that sound here; rows are in order of class. */
export function sounding(
	board: Board,
	self: SelfInfo,
	directory: Directory,
	/** missed rows that have had their one tone */
	toneHad: (row: CallRow) => boolean,
): Sounding | null {
	const row = board.rows.find(
		(each) => soundsOn(each, self.terminal, directory) && !(each.missed && toneHad(each)),
	);
	return row ? { tone: row.tone, routine: row.class > URGENT_CLASS } : null;
}

/**
 * Whether a station may report a call as received as far as keeping goes: it is on this disk, and stored by the hub where
 * there is one. A neighbour's press that the hub has not judged yet waits for it; without a hub nobody else will.
 */
export function isSafe(
	fact: { heardAt: number | null; kept: boolean } | null,
	hub: boolean,
): boolean {
	return fact?.kept === true && (fact.heardAt !== null || !hub);
}

/**
 * Calls a station now reports as received: safe (see isSafe), listed, sounding here or muted by rule, and not reported by
 * any station yet.
 */
export function toReceive(
	board: Board,
	self: SelfInfo,
	directory: Directory,
	facts: Iterable<HeardFact>,
	safe: (call: string) => boolean,
): { row: CallRow; calls: string[] }[] {
	const reported = new Set<string>();
	for (const { body } of facts) {
		if (body.act === "received") for (const call of body.calls) reported.add(call);
	}
	return board.rows
		.filter((row) => soundsOn(row, self.terminal, directory))
		.map((row) => ({
			row,
			calls: row.calls.filter((call) => !reported.has(call) && safe(call)),
		}))
		.filter(({ calls }) => calls.length > 0);
}

/** Progress of one own open call. */
export function progressOf(
	row: CallRow,
	heardAt: number | null,
	disk: "kept" | "failed" | "writing",
	heldBy: readonly string[] = [],
): OwnPress["progress"] {
	if (row.state === "attended") return "attended";
	if (row.state === "taken" || row.state === "talking") return "taken";
	if (row.received !== null) return "received";
	if (heardAt !== null) return "stored";
	// A neighbour's screen shows it, whatever this disk says.
	if (heldBy.length > 0) return "shown";
	return disk === "writing" ? "pressed" : disk;
}

/** Places of the own calls in a row. */
export function ownCalls(row: CallRow, terminal: string): string[] {
	return row.calls.filter((_call, place) => row.terminals[place] === terminal);
}
