/** The life of one end of a talk: states, events, one table. Rules SG21 to SG23; the same as ward_signalling/leg.py. */
import type { LegState } from "../talk/types";

export type { LegState } from "../talk/types";

/** `accepted`, `busy`, `bye` come from the other; `refused`: both sides share no codec. */
export type LegEvent =
	| "accepted"
	| "accept"
	| "refuse"
	| "busy"
	| "media"
	| "refused"
	| "hold"
	| "resume"
	| "transferred"
	| "bye"
	| "hang_up"
	| "limit"
	| "timeout"
	| "lost";

/** `ringing`: to be accepted by hand; who accepts by itself begins at `connecting`. */
export const LEGS: Record<LegState, Partial<Record<LegEvent, LegState>>> = {
	inviting: {
		accepted: "connecting",
		busy: "over",
		bye: "over",
		hang_up: "over",
		timeout: "over",
		lost: "over",
	},
	ringing: {
		accept: "connecting",
		refuse: "over",
		bye: "over",
		hang_up: "over",
		timeout: "over",
		lost: "over",
	},
	connecting: {
		media: "open",
		refused: "over",
		bye: "over",
		hang_up: "over",
		timeout: "over",
		lost: "over",
	},
	open: {
		hold: "held",
		transferred: "over",
		bye: "over",
		hang_up: "over",
		limit: "over",
		lost: "over",
	},
	held: {
		resume: "open",
		transferred: "over",
		bye: "over",
		hang_up: "over",
		limit: "over",
		lost: "over",
	},
	over: {},
};

/** After how long in a state `timeout` comes, ms. */
export const LEG_TIMEOUTS_MS: Partial<Record<LegState, number>> = {
	inviting: 5_000,
	ringing: 30_000,
	connecting: 5_000,
};
/** `heard` missing for so long while open or held: lost. */
export const SILENT_MS = 5_000;

/** An event that does not fit the leg's state. */
export class LegError extends Error {
	override name = "LegError";
}

/** The next state. Throws LegError for an event that does not fit (SG21). */
export function advance(state: LegState, event: LegEvent): LegState {
	const following = fits(state, event) ? LEGS[state][event] : undefined;
	if (following === undefined) throw new LegError(`${event} does not fit a leg that is ${state}`);
	return following;
}

/** Whether the event means something in this state. */
export function fits(state: LegState, event: LegEvent): boolean {
	return Object.hasOwn(LEGS[state], event);
}
