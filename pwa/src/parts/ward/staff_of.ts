/** The staff door of a terminal, or one that nobody goes through: a screen need not know whether there is one. */
import type { StaffDoor, StaffState } from "../../core/identity/staff_door";
import type { Readable, Terminal } from "../../core/terminal_types";

const NOBODY: StaffState = {
	phase: "out",
	name: null,
	number: null,
	expiresAt: null,
	short: false,
	proof: false,
	pin: false,
	passwordDue: false,
	busy: false,
	problem: null,
};
const nobody: Readable<StaffState> = {
	subscribe: (run) => {
		run(NOBODY);
		return () => {};
	},
};

export function doorOf(terminal: Terminal): StaffDoor | null {
	return terminal.staffDoor ?? null;
}

export function staffOf(terminal: Terminal): Readable<StaffState> {
	return doorOf(terminal)?.staffState ?? nobody;
}

/** The hub's clock and this one may differ by this, and what is written takes its time: later it vouches for nobody. */
const VOUCH_MS = 10_000;

/** Whether the hub will vouch for what the person writes now: it has her session before it, and for a while yet. */
export function isVouched(staff: StaffState, layer: number, now: number): boolean {
	if (layer !== 1 || staff.proof) return false;
	return staff.expiresAt === null || staff.expiresAt - now > VOUCH_MS;
}
