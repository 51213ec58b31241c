/** When a screen that is off must light all the same: a call shown here, a trouble at a station, a talk, a press on its way. */
import { ownCalls } from "../board_rules";
import type { TerminalState } from "../terminal_types";

/** Whether something here must be seen now. */
export function mustBeSeen(state: TerminalState): boolean {
	const { self, board, ownPresses, talk, phase } = state;
	// A terminal that is not in service says so; in the dark nobody would find out.
	if (phase !== "ready" || self === null) return true;
	if (ownPresses.length > 0 || talk.legs.some((leg) => leg.state !== "over")) return true;
	if (talk.broadcast !== null) return true;
	if (self.kind === "station" && board.troubles.length > 0) return true;
	// A bed hears its whole room; its screen shows its own calls only.
	return board.rows.some(
		(row) =>
			self.kind !== "bedside" ||
			(self.bed !== null && row.bed === self.bed) ||
			ownCalls(row, self.terminal).length > 0,
	);
}

/** Whether a restart would cost anybody anything: nothing open, nothing unsent, nobody talking here. */
export function mayRestart(state: TerminalState): boolean {
	const { self, board, ownPresses, talk, unsent } = state;
	const here = board.rows.some(
		(row) =>
			self === null ||
			self.kind !== "bedside" ||
			row.bed === self.bed ||
			ownCalls(row, self.terminal).length > 0,
	);
	return (
		!here &&
		ownPresses.length === 0 &&
		unsent === 0 &&
		talk.legs.every((leg) => leg.state === "over") &&
		talk.broadcast === null &&
		!talk.recordingClip
	);
}
