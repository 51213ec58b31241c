/**
 * The life of one call: which facts count, and what they make of it (CF15 to CF29). The same as
 * ward_sync.call_life; rows, order and escalation are fold.ts and escalation.ts.
 */
import { own, policyOf } from "./directory";
import type { Act, CallState, Directory, HeardFact, Policy, TerminalKind } from "./types";

/** A talk this short was none: no audio passed (CF22). */
export const REAL_TALK_MS = 2_000;
/** A talk cannot be longer than from its answer to its end; clocks differ this much (CF22). */
const TALK_SLACK_MS = 5_000;
/** What stands at a patient: its hang-up closes only what it placed, never a room-mate's call (CF25). */
const PATIENT_KINDS: readonly TerminalKind[] = ["bedside", "call_point"];
/** A missed call rings for one repetition of the low tone (sync/vectors/tones.json). */
const MISSED_RING_MS = 10_000;

/** Least advanced first. */
export const STATES: readonly CallState[] = ["waiting", "taken", "talking", "attended"];

/** One call at one time; the fields as in ward_sync.call_life.Life. */
export interface Life {
	call: HeardFact;
	closing: HeardFact | null;
	state: CallState;
	/** since when it rings, ms; null when it does not */
	ringFrom: number | null;
	received: HeardFact | null;
	taken: HeardFact | null;
	talking: HeardFact | null;
	attended: HeardFact | null;
	/** facts a strict clear of it may rest on, newest last */
	supports: HeardFact[];
	/** real `ended` id → its answer, one of the same terminal where there is one */
	talks: Map<string, HeardFact>;
	declinedBy: Set<string>;
	receivedBy: Set<string>;
}

type Acts = Record<Act, HeardFact[]>;

/** The time that orders the fact: `at`, or when it was heard if its clock cannot be trusted (CF17). */
export function orderAt(fact: HeardFact): number {
	const { clock, at } = fact.body;
	return fact.heardAt !== null && (clock === "own" || at > fact.heardAt) ? fact.heardAt : at;
}

/** The total order of facts: (order time, id). */
export function byOrder(one: HeardFact, other: HeardFact): number {
	return orderAt(one) - orderAt(other) || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}

/** From when the fact has effect: never later than its first sight, whatever its clock (CF18). */
function effectiveSince(fact: HeardFact): number {
	const sight = firstSight(fact);
	return fact.body.clock === "own" ? sight : Math.min(fact.body.at, sight);
}

function firstSight(fact: HeardFact): number {
	return fact.heardAt ?? fact.seenAt;
}

/** One fact an id: smallest heardAt, first seen, verified when any copy is (CF15). */
export function merge(facts: Iterable<HeardFact>): Map<string, HeardFact> {
	const merged = new Map<string, HeardFact>();
	for (const fact of facts) {
		const held = merged.get(fact.id);
		merged.set(fact.id, held ? mergeTwo(held, fact) : fact);
	}
	return merged;
}

function mergeTwo(one: HeardFact, other: HeardFact): HeardFact {
	const heardAt =
		one.heardAt === null || other.heardAt === null
			? (one.heardAt ?? other.heardAt)
			: Math.min(one.heardAt, other.heardAt);
	return {
		...one,
		heardAt,
		seenAt: Math.min(one.seenAt, other.seenAt),
		verified: one.verified || other.verified,
		missed: [one, other].some((fact) => fact.missed && fact.heardAt === heardAt),
	};
}

/** Every call among the facts with what they make of it at `now`, in no particular order. */
export function lives(facts: Iterable<HeardFact>, directory: Directory, now: number): Life[] {
	const merged = merge(facts);
	const named = new Map<string, HeardFact[]>();
	for (const fact of merged.values()) {
		// An act counts only once it is verified (CF16); a press alarms either way.
		if (!fact.verified || fact.body.act === "placed") continue;
		for (const call of fact.body.calls) {
			const acts = named.get(call);
			if (acts) acts.push(fact);
			else named.set(call, [fact]);
		}
	}
	const found: Life[] = [];
	for (const fact of merged.values()) {
		if (fact.body.act === "placed") {
			found.push(live(fact, named.get(fact.id) ?? [], directory, now));
		}
	}
	return found;
}

function live(call: HeardFact, named: HeardFact[], directory: Directory, now: number): Life {
	const acts: Acts = {
		placed: [],
		received: [],
		acknowledged: [],
		declined: [],
		answered: [],
		ended: [],
		attended: [],
		cleared: [],
		cancelled: [],
	};
	for (const fact of named.sort(byOrder)) {
		if (fact.body.ward === call.body.ward && fact.body.room === call.body.room) {
			acts[fact.body.act].push(fact);
		}
	}
	const talks = realTalks(acts);
	const talked = acts.ended.filter((fact) => talks.has(fact.id));
	const supports = [...acts.attended, ...talked].sort(byOrder);
	const supporting = new Set(supports.map((fact) => fact.id));
	const closing = closingOf(call, acts, supporting, talks, directory);
	const taken = takerOf(acts, talks);
	const talking = talkOf(acts, directory, now);
	const attended = acts.attended.at(-1) ?? null;
	const state = attended ? "attended" : talking ? "talking" : taken ? "taken" : "waiting";
	const ringFrom = closing ? null : ringFromOf(call, state, taken, directory, now);
	return {
		call,
		closing,
		state,
		ringFrom,
		received: acts.received.at(-1) ?? null,
		taken,
		talking,
		attended,
		supports,
		talks,
		declinedBy: declinedOf(acts.declined, state, ringFrom),
		receivedBy: new Set(acts.received.map((fact) => fact.body.terminal)),
	};
}

/**
 * The answer of each `ended` that was a real talk: the first that makes it one (CF22). An answer of the same terminal
 * goes before others': by it the `ended` counts whatever becomes of the terminal (CF25). An answer that arrives late
 * makes more talks real and never one less.
 */
function realTalks(acts: Acts): Map<string, HeardFact> {
	const found = new Map<string, HeardFact>();
	for (const ended of acts.ended) {
		const talkMs = ended.body.talk_ms ?? 0;
		if (talkMs < REAL_TALK_MS) continue;
		const making = acts.answered.filter((answered) => makesTalk(answered, ended, talkMs));
		const same = making.find((answered) => answered.body.terminal === ended.body.terminal);
		const answer = same ?? making[0];
		if (answer) found.set(ended.id, answer);
	}
	return found;
}

/**
 * Whether so long a talk can lie between the two: by their order, or by their one clock (CF22). A hub that hears both at
 * once, after a cut, cannot tell how long they are apart; who made both can.
 */
function makesTalk(answered: HeardFact, ended: HeardFact, talkMs: number): boolean {
	const between = orderAt(ended) - orderAt(answered);
	if (byOrder(answered, ended) < 0 && talkMs <= between + TALK_SLACK_MS) return true;
	const apart = ended.body.at - answered.body.at;
	const same = answered.body.terminal === ended.body.terminal;
	return same && apart > 0 && talkMs <= apart + TALK_SLACK_MS;
}

/** The first fact that ends the call (CF23 to CF26). */
function closingOf(
	call: HeardFact,
	acts: Acts,
	supports: Set<string>,
	talks: Life["talks"],
	directory: Directory,
): HeardFact | null {
	const closing = [
		...acts.cancelled.filter((fact) => fact.body.terminal === call.body.terminal),
		...acts.cleared.filter((fact) => clears(fact, call, supports, directory)),
		...acts.ended.filter((fact) => hangsUp(fact, call, talks.get(fact.id), directory)),
	];
	return closing.sort(byOrder)[0] ?? null;
}

/**
 * Whether an `ended` closes the call: after a real talk, and not a room-mate's (CF25). `answer` makes it a real talk;
 * absent when it was none.
 */
function hangsUp(
	fact: HeardFact,
	call: HeardFact,
	answer: HeardFact | undefined,
	directory: Directory,
): boolean {
	if (!answer) return false;
	const terminal = own(directory.terminals, fact.body.terminal);
	const staffs = terminal !== undefined && !PATIENT_KINDS.includes(terminal.kind);
	const party = [call, answer].some((each) => each.body.terminal === fact.body.terminal);
	return (party || staffs) && policy(fact, call, directory) === "tender";
}

function clears(
	fact: HeardFact,
	call: HeardFact,
	supports: Set<string>,
	directory: Directory,
): boolean {
	const atSource = fact.body.terminal === call.body.terminal;
	if (fact.body.way === "source" && !atSource) return false;
	return (
		atSource ||
		policy(fact, call, directory) === "tender" ||
		(fact.body.rests_on ?? []).some((id) => supports.has(id))
	);
}

/**
 * The policy that holds for the fact on this call (CF25). What the hub judged stays so, even if the ward's
 * switch is turned later. It has not judged a clear nobody has told it of, nor one of a call it heard of
 * only after the clear.
 */
function policy(fact: HeardFact, call: HeardFact, directory: Directory): Policy | undefined {
	const judged = fact.heardAt !== null && (call.heardAt === null || call.heardAt <= fact.heardAt);
	return judged ? fact.body.policy : policyOf(directory, call.body.type ?? "");
}

/** The first `ended` that ends the answer (CF21). */
function nextEnd(answered: HeardFact, acts: Acts): HeardFact | undefined {
	const at = orderAt(answered);
	return acts.ended.find((fact) => orderAt(fact) >= at && ends(fact, answered, acts));
}

/**
 * Whether the answer is the terminal's own, or it has none before its `ended` (CF21). Of two who answered one loses and
 * hangs up: that must not end the other's talk.
 */
function ends(ended: HeardFact, answered: HeardFact, acts: Acts): boolean {
	const { terminal } = ended.body;
	if (answered.body.terminal === terminal) return true;
	return !acts.answered.some(
		(own) => own.body.terminal === terminal && orderAt(own) <= orderAt(ended),
	);
}

/** The answer of a talk that runs: nobody ended it, and it is younger than the reminder (CF21). */
function talkOf(acts: Acts, directory: Directory, now: number): HeardFact | null {
	return (
		acts.answered.findLast(
			(answered) =>
				!nextEnd(answered, acts) && now - effectiveSince(answered) < directory.ward.reminder_ms,
		) ?? null
	);
}

/**
 * The newest fact by which someone has taken the call (CF20, CF22). An answer takes it too, unless its talk
 * ended before it was one; a later decline by the same terminal gives it back.
 */
function takerOf(acts: Acts, talks: Life["talks"]): HeardFact | null {
	const answers = acts.answered.filter((fact) => {
		const end = nextEnd(fact, acts);
		return !end || talks.has(end.id);
	});
	const takers = [...acts.acknowledged, ...answers].filter(
		(fact) =>
			!acts.declined.some(
				(declined) =>
					declined.body.terminal === fact.body.terminal && orderAt(declined) >= orderAt(fact),
			),
	);
	return takers.sort(byOrder).at(-1) ?? null;
}

/** Since when the call rings (CF28, CF29), null when it does not at `now`. */
function ringFromOf(
	call: HeardFact,
	state: CallState,
	taken: HeardFact | null,
	directory: Directory,
	now: number,
): number | null {
	const seen = firstSight(call);
	if (call.missed) return state === "waiting" && now - seen < MISSED_RING_MS ? seen : null;
	if (state === "waiting") return seen;
	if (state === "taken" && taken) {
		const due = effectiveSince(taken) + directory.ward.reminder_ms;
		return now >= due ? due : null;
	}
	return null;
}

/** Who has declined; a call that rings anew asks those again who declined before (CF33). */
function declinedOf(declined: HeardFact[], state: CallState, ringFrom: number | null): Set<string> {
	return new Set(
		declined
			.filter((fact) => state !== "taken" || ringFrom === null || effectiveSince(fact) >= ringFrom)
			.map((fact) => fact.body.terminal),
	);
}
