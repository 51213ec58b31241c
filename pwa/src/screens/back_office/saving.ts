/** What a save comes to and what is told of it: done, refused with problems, or somebody was faster. */
import type { Change, Edit, OfficeProblem } from "./types";

/** Toasts stay so long unless the pointer rests on them, ms: time to read and to reach 撤销. */
export const TOAST_MS = 20_000;

export interface Toast {
	key: number;
	text: string;
	tone: "good" | "bad";
	/** change that the button takes back, with the button's word */
	undo: { change: number; again: boolean } | null;
}

/** What a save came to. Problems are numbered as the edits were. */
export type Saved =
	| { ok: true; change: number }
	| { ok: false; code: string; text: string; problems: readonly OfficeProblem[] };

/** Somebody was faster: what was to be saved, and what others changed there since. */
export interface Conflict {
	edits: readonly Edit[];
	/** newest first; empty when the hub does not say */
	changes: Change[];
}

/** The hub's answer; no id when all was so already. */
export interface Made {
	id: number | null;
	revision: number;
}

/** The key of a toast; none when there is nothing to take back. */
export function undoOf(change: number | null, again: boolean): Toast["undo"] {
	return change === null ? null : { change, again };
}
