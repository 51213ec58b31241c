/**
 * Whether a signal may be at all: its ward, both parties, and who may meet (SG11); for who takes it and for who hands it on.
 * The same as the hub's relay; whether it is new is inbox.ts.
 */
import { own } from "../calls/directory";
import type { Directory } from "../calls/types";
import { allowed } from "./allowed";
import type { Refusal, WireSignal } from "./signals";
import { HUB_PARTY, type Signal } from "./types";
import type { Verify } from "./verify";

/** Why the directory does not let the signal be, or null. The signature is `holds`. */
export function judge(
	{ from, to, ward }: Signal,
	ownWard: string,
	directory: Directory,
): Refusal | null {
	if (ward !== ownWard) return "wrong_ward";
	return party(from, directory) ?? party(to, directory) ?? meets(from, to, directory);
}

/** Whether the signature holds under the sender's key as the directory has it. */
export async function holds(
	{ signal, signature, bytes }: WireSignal,
	{ ward, terminals }: Directory,
	verify: Verify,
): Promise<boolean> {
	const key = signal.from === HUB_PARTY ? ward.relay_key : own(terminals, signal.from)?.key;
	return key !== undefined && (await verify(key, signature, bytes));
}

function party(id: string, directory: Directory): Refusal | null {
	if (id === HUB_PARTY) return null;
	const state = own(directory.terminals, id)?.state ?? "planned";
	if (state === "active") return null;
	return state === "revoked" ? "revoked" : "unknown_terminal";
}

function meets(from: string, to: string, directory: Directory): Refusal | null {
	return allowed(from, to, directory) ? null : "not_allowed";
}
