/** What one terminal may do with a board: place, act, sound (CF38 to CF40). The same as ward_sync.placing. */
import { callType, own } from "./directory";
import { MAY_ACT, ROOM_KINDS } from "./entitlement";
import type { Act, Board, CallRow, Directory } from "./types";

const CONFIRM_MS = 2_000;
const MAX_OPEN = 20;
const SERVICE_CLASS = 4;

/**
 * Whether a press at `now` makes a new call (CF38): within 2 s of the row's newest press, and with 20 open,
 * it only confirms the row again.
 */
export function mayPlace(board: Board, source: string, type: string, now: number): boolean {
	return !board.rows.some(
		(row) =>
			row.source === source &&
			row.type === type &&
			(Math.abs(now - row.newestAt) < CONFIRM_MS || row.count >= MAX_OPEN),
	);
}

/** Whether the terminal could do the act on the whole row now (CF39): for buttons, not for judging. */
export function may(act: Act, row: CallRow, self: string, directory: Directory): boolean {
	const entry = own(directory.terminals, self);
	if (entry?.state !== "active" || act === "placed") return false;
	if (ROOM_KINDS.includes(entry.kind) && (entry.room ?? null) !== row.room) return false;
	const entitled = MAY_ACT[act].includes(entry.kind);
	switch (act) {
		case "cancelled":
			// It takes back what the terminal placed, and leaves the rest.
			return entitled && row.terminals.includes(self);
		case "cleared": {
			const atSource = entitled || entry.kind === "bedside" || entry.kind === "call_point";
			if (row.terminals.every((terminal) => terminal === self)) return atSource;
			return entitled && (row.policy === "tender" || row.supported);
		}
		case "answered":
			return entitled && callType(directory, row.type).may_talk;
		case "ended":
			return entitled && (row.policy === "tender" || row.state === "talking");
		default:
			return entitled;
	}
}

/**
 * Whether the row sounds on the terminal (CF40). A terminal that the directory does not know yet sounds:
 * a list without a directory must not be silent.
 */
export function soundsOn(row: CallRow, terminal: string, directory: Directory): boolean {
	const entry = own(directory.terminals, terminal);
	if (!row.ringing || !entry) return row.ringing;
	switch (entry.kind) {
		case "station":
		case "pda":
			return row.asked.includes(terminal);
		case "door":
			return entry.room !== undefined && entry.room === row.room;
		case "corridor":
		case "whiteboard":
			// A call between stations is not the corridor's.
			return row.class !== SERVICE_CLASS;
		default:
			return false;
	}
}
