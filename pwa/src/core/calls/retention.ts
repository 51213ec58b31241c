/**
 * Which facts no longer change any list (CF43): a terminal keeps them 7 days, but need not fold them again. And which
 * must go to whoever still holds a call open that is over (CF44).
 */
import { type Life, lives, merge } from "./call_life";
import type { Directory, HeardFact } from "./types";

export const KEPT_AFTER_CLOSE_MS = 600_000;
const KEPT_WITHOUT_CALL_MS = 86_400_000;

/**
 * Ids of the facts that leave at `now`: a call 10 min after a hub heard what closed it, an act with the last
 * call it names. The same as ward_sync.retention.leaving, but for facts no hub has heard: those stay.
 */
export function leaving(
	facts: Iterable<HeardFact>,
	directory: Directory,
	now: number,
): Set<string> {
	const merged = merge(facts);
	const known = new Set<string>();
	const gone = new Set<string>();
	for (const life of lives(merged.values(), directory, now)) {
		known.add(life.call.id);
		const closedAt = closedAtOf(life, merged);
		if (closedAt !== null && now - closedAt >= KEPT_AFTER_CLOSE_MS) gone.add(life.call.id);
	}
	const left = new Set(gone);
	for (const fact of merged.values()) {
		if (fact.body.act === "placed" || fact.heardAt === null) continue;
		const aged = now - fact.heardAt >= KEPT_WITHOUT_CALL_MS;
		const over = (call: string) => gone.has(call) || (!known.has(call) && aged);
		if (fact.body.calls.every(over)) left.add(fact.id);
	}
	return left;
}

/**
 * Ids of the facts that close a call, sorted; none while it is open. The placed, the closing act, and what a strict clear
 * rests on; of a talk, also one that closes the call itself, its answer. The same as ward_sync.retention.closing_facts.
 */
export function closingFacts(
	facts: readonly HeardFact[],
	call: string,
	directory: Directory,
	now: number,
): string[] {
	const life = lives(facts, directory, now).find((each) => each.call.id === call);
	if (!life?.closing) return [];
	const restsOn = new Set(life.closing.body.rests_on ?? []);
	const supports = life.supports.map((fact) => fact.id).filter((id) => restsOn.has(id));
	const answers = [...supports, life.closing.id].flatMap((id) => life.talks.get(id)?.id ?? []);
	return [...new Set([call, life.closing.id, ...supports, ...answers])].sort();
}

/** When a hub heard the last fact the end of the call needs; null while it has not heard all of them. */
function closedAtOf(life: Life, facts: Map<string, HeardFact>): number | null {
	if (!life.closing) return null;
	const restsOn = life.closing.body.rests_on ?? [];
	const rests = restsOn.flatMap((id) => facts.get(id) ?? []);
	const answers = [...restsOn, life.closing.id].flatMap((id) => life.talks.get(id) ?? []);
	let last = 0;
	for (const fact of [life.call, life.closing, ...rests, ...answers]) {
		if (fact.heardAt === null) return null;
		last = Math.max(last, fact.heardAt);
	}
	return last;
}
