/** What a screen sees of push on this phone. */
import type { Readable, Terminal } from "../terminal_types";
import type { PushAct } from "./messages";

/**
 * Why there is no push: no_worker a page without TLS or a browser without push; not_asked nobody has allowed it yet; denied
 * by the person or the device; no_service the browser's push service is not reached; refused by the hub's list; hub away.
 */
export type PushWhy = "no_worker" | "not_asked" | "denied" | "no_service" | "refused" | "hub";

/** What became of an act that was asked for in a notification. `by`: a terminal, where another was faster. */
export interface PushTold {
	outcome: "done" | "mine" | "taken" | "over" | "not_mine" | "failed";
	act: PushAct;
	by: { terminal: string; staff: string | null } | null;
}

export interface PushState {
	phase: "off" | "asking" | "on" | "unavailable";
	why: PushWhy | null;
	/** hub ms since when the hub's probes stay away although it is connected; null when all is well */
	silentSince: number | null;
	told: PushTold | null;
}

export interface PushControl extends Readable<PushState> {
	/** After a touch: asks the person to allow notifications, and subscribes. */
	allow(): Promise<void>;
	/** The person has read what became of the act. */
	dismiss(): void;
}

export const NO_PUSH_STATE: PushState = {
	phase: "off",
	why: null,
	silentSince: null,
	told: null,
};

/** Of terminals without push, and of those that are no phones. */
export const NO_PUSH: PushControl = {
	subscribe(run) {
		run(NO_PUSH_STATE);
		return () => {};
	},
	allow: () => Promise.resolve(),
	dismiss: () => {},
};

/** A terminal's push; every terminal may be asked. */
export function pushOf(terminal: Terminal & { readonly push?: PushControl }): PushControl {
	return terminal.push ?? NO_PUSH;
}
