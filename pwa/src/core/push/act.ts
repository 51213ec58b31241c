/** Whether an act asked for in a notification still makes sense: the call may be over, or another's by now. Pure. */
import type { Act, Board, CallRow } from "../calls/types";
import type { PushAct } from "./messages";
import type { PushTold } from "./types";

export type Verdict =
	| { do: "act"; act: Exclude<PushAct, "open">; row: CallRow }
	| { do: "tell"; told: PushTold }
	/** nothing is known of the call yet */
	| { do: "wait" };

/** `self`: this terminal; `may`: its rights on the row (terminal.may). */
export function judgeAct(
	asked: { act: PushAct; calls: readonly string[] },
	board: Board,
	self: string,
	may: (act: Act, row: CallRow) => boolean,
): Verdict {
	const { act, calls } = asked;
	const tell = (outcome: PushTold["outcome"], by: PushTold["by"] = null): Verdict => ({
		do: "tell",
		told: { outcome, act, by },
	});
	const row = board.rows.find((each) => each.calls.some((call) => calls.includes(call)));
	if (row === undefined) {
		return calls.some((call) => Object.hasOwn(board.closed, call)) ? tell("over") : { do: "wait" };
	}
	if (act === "open") return tell("done");
	// Being there or talking is more than coming.
	const by = row.attended ?? row.talking ?? row.taken;
	const open = row.state === "waiting" || (row.state === "taken" && row.ringing);
	if (!open && by !== null) {
		if (by.terminal === self) return tell("mine");
		return tell("taken", { terminal: by.terminal, staff: by.staff });
	}
	if (act === "declined" && row.declinedBy.includes(self)) return tell("mine");
	if (act === "declined" && !row.asked.includes(self)) return tell("not_mine");
	return may(act, row) ? { do: "act", act, row } : tell("not_mine");
}
