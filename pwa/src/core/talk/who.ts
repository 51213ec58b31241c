/** Who talks to whom: the other end of a row, and which rows are this terminal's own. Pure. */
import { callType, own } from "../calls/directory";
import { MAY_ACT, ROOM_KINDS } from "../calls/entitlement";
import { sourceOf } from "../calls/facts";
import type { CallRow, Directory } from "../calls/types";
import { talkPair } from "../signalling/allowed";
import type { SelfInfo } from "../terminal_types";

type Terminal = Directory["terminals"][string];

/** Whether the two may talk (SG8). A bedside's share of the directory need not name itself. */
export function mayTalk(self: SelfInfo, other: Terminal): boolean {
	const entry: Terminal = {
		id: self.terminal,
		kind: self.kind,
		profile: self.profile,
		...(self.room !== null && { room: self.room }),
		state: "active",
		supervised: false,
	};
	return talkPair(entry, other);
}

/** The terminal to talk to about a row: the bed's bedside screen, else the one that placed it. Null without one. */
export function otherEnd(row: CallRow, directory: Directory): string | null {
	const [kind, bed] = sourceOf(row.source);
	if (kind !== "bed") return row.terminal;
	const bedside = Object.values(directory.terminals).find(
		(terminal) =>
			terminal.kind === "bedside" && terminal.bed === bed && terminal.state === "active",
	);
	return bedside?.id ?? null;
}

/** Whether this terminal answers the row with a talk, and with whom: null when it does not (CALL-01). */
export function answerable(row: CallRow, self: SelfInfo, directory: Directory): string | null {
	if (!MAY_ACT.answered.includes(self.kind)) return null;
	if (ROOM_KINDS.includes(self.kind) && row.room !== self.room) return null;
	if (!callType(directory, row.type).may_talk) return null;
	const end = otherEnd(row, directory);
	const terminal = end === null ? undefined : own(directory.terminals, end);
	return terminal !== undefined && mayTalk(self, terminal) ? terminal.id : null;
}

/** A call of this terminal: from its bed, or placed here. */
export function isOwn(row: CallRow, self: SelfInfo): boolean {
	if (self.kind === "bedside" && self.bed !== null && row.source === `bed:${self.bed}`) return true;
	return row.terminals.includes(self.terminal);
}

/** Pictures both ways: both profiles have a camera and the ward allows it. */
export function bothSee(camera: boolean, other: string, directory: Directory): boolean {
	return camera && directory.ward.video && own(directory.terminals, other)?.camera === true;
}
