/** Which of the bed's legs the patient is shown, and who is at its other end in a patient's words. */
import { HUB_PARTY } from "../../core/signalling/types";
import type { TalkLeg } from "../../core/talk/types";
import type { TerminalState } from "../../core/terminal_types";

const PURPOSES: Record<TalkLeg["purpose"], number> = { talk: 0, view: 1, broadcast: 2 };
/** the talk-time limit is told so long before */
export const LIMIT_TOLD_MS = 15_000;

export interface Line {
	/** what the panel is about */
	leg: TalkLeg;
	/** further open lines: never hidden by the first */
	also: TalkLeg[];
}

/** Whether something goes through the line now: sound or a picture may leave or enter the room. */
export function isOpen(leg: TalkLeg): boolean {
	return leg.state === "open" || leg.state === "held" || leg.state === "connecting";
}

/** A talk before a look, a look before a broadcast; what is over only when nothing else is there. */
export function lineOf(state: TerminalState): Line | null {
	const { legs } = state.talk;
	const living = legs
		.filter((leg) => leg.state !== "over")
		.sort((a, b) => PURPOSES[a.purpose] - PURPOSES[b.purpose]);
	const leg = living[0] ?? legs[0];
	return leg === undefined ? null : { leg, also: living.slice(1).filter(isOpen) };
}

/** A bed is told kinds, not names: which of the stations speaks says nothing to a patient. */
export function partyOf(leg: TalkLeg, state: TerminalState): "station" | "door" | "pda" {
	const kind = leg.with === HUB_PARTY ? "station" : state.directory.terminals[leg.with]?.kind;
	return kind === "door" || kind === "pda" ? kind : "station";
}

/** ms that are left of a talk, once that has to be told; else null. */
export function leftOf(leg: TalkLeg, now: number): number | null {
	if (leg.endsAt === null || leg.state === "over") return null;
	const left = leg.endsAt - now;
	return left <= LIMIT_TOLD_MS ? Math.max(0, left) : null;
}
