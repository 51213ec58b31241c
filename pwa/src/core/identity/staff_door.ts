/** What a screen sees and does about the person at it, beside number and password (`Terminal.signIn`, `signOut`). */
import type { Readable } from "../terminal_types";

/**
 * Why a sign-in failed. Codes of the hub, and of this device: `unreachable`; `password_first` (this PDA does not open by
 * her PIN yet); `pin_wrong` (at this device, `left` tries remain); `pin_gone` (five wrong ones); `storage`.
 */
export interface SignInProblem {
	code: string;
	/** hub time from which on it may be tried again, ms; null: waiting does not help, or is not needed */
	until: number | null;
	left: number | null;
}

export interface StaffState {
	/** out: nobody; in: signed in; locked: a PDA laid aside, her key is no longer in memory */
	phase: "out" | "in" | "locked";
	/** of whoever is in, or whose PDA is locked */
	name: string | null;
	number: string | null;
	/** ms, hub time; null when nobody is in */
	expiresAt: number | null;
	/** a shared screen, for two minutes after the last edit or act the hub took */
	short: boolean;
	/** signed in without the hub, which is back: edits wait until she proves who she is */
	proof: boolean;
	/** this device opens by her PIN */
	pin: boolean;
	passwordDue: boolean;
	busy: boolean;
	problem: SignInProblem | null;
}

export interface StaffDoor {
	readonly staffState: Readable<StaffState>;
	/** `number` empty: of whoever is in, or whose PDA is locked. Resolves either way; the state says why not. */
	signInByPin(number: string, pin: string): Promise<void>;
	signInByBadge(code: string): Promise<void>;
	/** A PDA is locked, a shared screen signed out. */
	lock(): void;
	/** A hand is at the screen: the idle time begins anew. */
	touched(): void;
	/** Throws ApiError, Unreachable. */
	changePassword(old: string, fresh: string): Promise<void>;
}
