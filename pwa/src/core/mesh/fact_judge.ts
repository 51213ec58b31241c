/**
 * What a fact from a neighbour is worth (rule NB3): the hub's judgement, made here until the hub's own replaces it. The link
 * it came by says nothing, the signature everything.
 */
import { own } from "../calls/directory";
import { judge } from "../calls/entitlement";
import { factId, fromWire, type WireFact } from "../calls/facts";
import type { Directory, FactBody } from "../calls/types";
import type { FactStore, ToldFact } from "../facts/fact_store";
import { documentOf } from "./open_calls";

export type VerifyWith = (
	keyBase64Url: string,
	signature: Uint8Array<ArrayBuffer>,
	bytes: Uint8Array<ArrayBuffer>,
) => Promise<boolean>;

/** Returns the fact as it may be taken, or null when it may not. Never throws. */
export async function judgeTold(
	wire: string,
	document: string,
	facts: FactStore,
	directory: Directory,
	verify: VerifyWith,
): Promise<ToldFact | null> {
	let fact: WireFact;
	try {
		fact = fromWire(wire);
	} catch {
		return null;
	}
	const { body, bytes, signature } = fact;
	if (documentOf(body) !== document) return null;
	const id = await factId(bytes);
	const known = facts.get(id);
	// Verified facts are remembered; another signature over the same body is looked at again.
	if (known?.verified && known.wire === wire) return { id, wire, body, verified: true };
	const reason = judge(body, directory, typesOf(body, facts));
	const key = own(directory.terminals, body.terminal)?.key;
	if (key === undefined) {
		// CF14, CF16: a press alarms though nobody knows its key; an act that silences must verify.
		const alarms = reason === null || reason === "unknown_terminal";
		return body.act === "placed" && alarms ? { id, wire, body, verified: false } : null;
	}
	if (reason !== null || !(await verify(key, signature, bytes))) return null;
	return { id, wire, body, verified: true };
}

/** Call types of the calls it names, as far as known (CF13). */
function typesOf(body: FactBody, facts: FactStore): Record<string, string> {
	const types: Record<string, string> = {};
	for (const call of body.calls) {
		const type = facts.get(call)?.body.type;
		if (type !== undefined) types[call] = type;
	}
	return types;
}
