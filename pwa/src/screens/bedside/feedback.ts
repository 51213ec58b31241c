/** How far the patient's own call has come (A4), from the rows of this bed and the presses kept here. */
import type { CallRow } from "../../core/calls/types";
import type { OwnPress, TerminalState } from "../../core/terminal_types";

export type Progress =
	| "pressed"
	| "kept"
	| "alone"
	| "shown"
	| "stored"
	| "received"
	| "taken"
	| "talking"
	| "attended"
	| "failed"
	| "refused";

export interface Feedback {
	/** the press this is about; the row's id when none is remembered */
	call: string;
	type: string;
	progress: Progress;
	/** whether this terminal's disk holds the press */
	kept: boolean;
	/** steps reached: 1 pressed, 2 delivered, 3 station has it, 4 someone comes; 0 when it failed */
	step: 0 | 1 | 2 | 3 | 4;
	/** shown: the door of this room is among those who hold it */
	atDoor: boolean;
	/** when the oldest press of the row was made */
	since: number;
	row: CallRow | null;
}

const STEPS: Record<Progress, Feedback["step"]> = {
	pressed: 1,
	kept: 1,
	alone: 1,
	shown: 2,
	stored: 2,
	received: 3,
	taken: 4,
	talking: 4,
	attended: 4,
	failed: 0,
	refused: 0,
};

/** Rows placed from this bed, in list order. */
export function ownRows(state: TerminalState): CallRow[] {
	const bed = state.self?.bed;
	return state.board.rows.filter((row) => row.source === `bed:${bed}`);
}

/** After a restart no press is remembered: what the row itself proves, never more. */
function fromRow(row: CallRow): Progress {
	if (row.state === "attended") return "attended";
	if (row.state === "talking") return "talking";
	if (row.state === "taken") return "taken";
	if (row.received !== null) return "received";
	return row.heardAt !== null ? "stored" : "kept";
}

/** Alone means: kept here, and nobody reached. Nothing beyond it may be claimed. */
function settle(press: OwnPress): Progress {
	if (press.refused !== null) return "refused";
	const here = press.progress === "pressed" || press.progress === "kept";
	return here && press.undelivered ? "alone" : press.progress;
}

/** Whether the room's own door has said that it holds the press. */
function isAtDoor(press: OwnPress | null, { self, directory }: TerminalState): boolean {
	return (press?.heldBy ?? []).some((id) => {
		const holder = directory.terminals[id];
		return holder?.kind === "door" && holder.room !== undefined && holder.room === self?.room;
	});
}

/** What to tell the patient: about the newest press of the most urgent open row; null when nothing is open. */
export function feedbackOf(state: TerminalState): Feedback | null {
	const rows = ownRows(state);
	const row = rows[0] ?? null;
	const calls = row === null ? null : new Set(row.calls);
	const presses = state.ownPresses.filter((one) =>
		calls === null ? one.progress === "failed" || one.refused !== null : calls.has(one.call),
	);
	const newest = presses.reduce<OwnPress | null>(
		(best, one) => (best === null || one.at >= best.at ? one : best),
		null,
	);
	if (row === null) {
		if (newest === null) return null;
		const progress = settle(newest);
		return {
			call: newest.call,
			type: newest.type,
			progress,
			kept: newest.progress !== "pressed",
			step: STEPS[progress],
			atDoor: false,
			since: newest.at,
			row,
		};
	}
	let progress: Progress = newest === null ? fromRow(row) : settle(newest);
	if (progress === "kept" && state.layer === 4) progress = "alone";
	if (progress === "taken" && row.state === "talking") progress = "talking";
	const call = newest?.call ?? row.id;
	const kept = newest?.progress !== "pressed";
	const atDoor = isAtDoor(newest, state);
	const step = STEPS[progress];
	return { call, type: row.type, progress, kept, step, atDoor, since: row.at, row };
}
