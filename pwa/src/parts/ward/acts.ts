/** Which keys a row of calls gets, and with which way a clear is told. */
import type { Act, CallRow, Way } from "../../core/calls/types";
import type { Terminal } from "../../core/terminal_types";

/** At the bed when someone is there, else from afar. */
export function clearWay(row: CallRow): Way {
	return row.attended === null ? "remote" : "bed";
}

/** Whether a key makes sense on the row now; `may` is asked last, it knows rights and policy. */
export function offers(terminal: Terminal, act: Act, row: CallRow): boolean {
	switch (act) {
		case "acknowledged":
			return (
				(row.state === "waiting" || (row.state === "taken" && row.ringing)) &&
				terminal.may(act, row)
			);
		case "attended":
			return row.attended === null && row.room !== null && terminal.may(act, row);
		default:
			return terminal.may(act, row);
	}
}

/** Hands over an act; a failure to keep it is for the caller to show. */
export function perform(terminal: Terminal, act: Act, row: CallRow): Promise<void> {
	return act === "cleared"
		? terminal.act(act, row, { way: clearWay(row) })
		: terminal.act(act, row);
}
