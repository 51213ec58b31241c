/**
 * The fold: facts, directory, presence and now make the call list (CF15 to CF37). Pure and total; the same as
 * ward_sync.calls, held to one result by sync/vectors/folds.json.
 */
import { byOrder, type Life, lives, orderAt, STATES } from "./call_life";
import { callType, own, policyOf } from "./directory";
import { escalate } from "./escalation";
import { MAX_RESTS_ON, sourceOf } from "./facts";
import { troubles } from "./supervision";
import type {
	ActMark,
	Board,
	CallPriority,
	CallRow,
	CallState,
	CallType,
	ClosedCall,
	Directory,
	HeardFact,
	Presence,
} from "./types";

export { may, mayPlace, soundsOn } from "./placing";

const CLASSES: Record<CallPriority, number> = { code: 0, urgent: 1, routine: 3, service: 4 };
const PRIORITY_PATIENT_CLASS = 2;

/** The board that the facts make at `now`. Order and repetition of facts do not matter. */
export function fold(
	facts: Iterable<HeardFact>,
	directory: Directory,
	presence: Presence | null,
	now: number,
): Board {
	const groups = new Map<string, [Life, ...Life[]]>();
	const closed: Record<string, ClosedCall> = {};
	for (const life of lives(facts, directory, now)) {
		const { body, id } = life.call;
		if (life.closing) {
			const act = life.closing.body;
			closed[id] = {
				id,
				act: act.act as ClosedCall["act"],
				way: act.way ?? null,
				by: mark(life.closing),
			};
			continue;
		}
		const key = [body.ward, body.room ?? "", body.source, body.type].join("\n");
		const group = groups.get(key);
		if (group) group.push(life);
		else groups.set(key, [life]);
	}
	const rows = [...groups.values()].map((group) => row(group, directory, now));
	return {
		rows: rows.sort(
			(one, other) =>
				one.class - other.class || one.orderAt - other.orderAt || (one.id < other.id ? -1 : 1),
		),
		troubles: troubles(directory, presence, now),
		closed,
	};
}

function row(group: [Life, ...Life[]], directory: Directory, now: number): CallRow {
	group.sort((one, other) => byOrder(one.call, other.call));
	const oldest = group[0].call;
	const { body } = oldest;
	const type = callType(directory, body.type ?? "");
	const source = body.source ?? "";
	const [kind, name] = sourceOf(source);
	const bed = kind === "bed" ? name : null;
	const room = body.room ?? null;
	const rank = Math.min(...group.map((life) => STATES.indexOf(life.state)));
	const state: CallState = STATES[rank] ?? "waiting";
	const missed = group.every((life) => life.call.missed);
	const ringing = group.filter((life) => life.ringFrom !== null);
	// A late copy of an older press must not take an escalation back: the longest ringing call counts.
	const loud = ringing.filter((life) => !life.call.missed);
	const concerned = ringing.length ? ringing : group;
	const to = newest(group.map((life) => life.call.body.to));
	const declinedBy = inAll(concerned.map((life) => life.declinedBy));
	const { level, asked } = escalate(
		{
			source,
			room,
			to,
			priority: type.priority,
			ringFrom: earliest(loud.length ? loud : ringing),
			escalates: loud.length > 0,
			declinedBy,
			receivedBy: inAll(concerned.map((life) => life.receivedBy)),
		},
		directory,
		now,
	);
	const received = group.map((life) => life.received);
	const supports = group.flatMap((life) => life.supports.at(-1)?.id ?? []);
	const restsOn = [...new Set(supports)].sort();
	const sorted = [...group].sort((one, other) => (one.call.id < other.call.id ? -1 : 1));
	const heard = group.map((life) => life.call.heardAt);
	return {
		id: oldest.id,
		calls: sorted.map((life) => life.call.id),
		terminals: sorted.map((life) => life.call.body.terminal),
		ward: body.ward,
		room,
		source,
		bed,
		type: type.id,
		purpose: newest(group.map((life) => life.call.body.purpose)),
		to,
		terminal: body.terminal,
		state,
		class: classOf(type, bed, directory),
		tone: missed ? "low" : type.tone,
		light: type.light,
		at: body.at,
		approx: body.clock === "own",
		orderAt: orderAt(oldest),
		newestAt: Math.max(...group.map((life) => orderAt(life.call))),
		count: group.length,
		heardAt: heard.reduce((last, at) => (last === null || at === null ? null : Math.max(last, at))),
		verified: group.every((life) => life.call.verified),
		missed,
		ringing: ringing.length > 0,
		level,
		asked,
		declinedBy: [...declinedBy].sort(),
		received: received.includes(null) ? null : newestMark(received),
		taken: rank >= 1 ? newestMark(group.map((life) => life.taken)) : null,
		talking: rank >= 2 ? newestMark(group.map((life) => life.talking)) : null,
		attended: rank >= 3 ? newestMark(group.map((life) => life.attended)) : null,
		policy: policyOf(directory, type.id),
		restsOn: restsOn.slice(0, MAX_RESTS_ON),
		supported: supports.length === group.length && restsOn.length <= MAX_RESTS_ON,
	};
}

function classOf(type: CallType, bed: string | null, directory: Directory): number {
	if (type.priority === "routine" && bed !== null) {
		const priority = own(directory.beds, bed)?.priority;
		if (priority === "special" || priority === "first") return PRIORITY_PATIENT_CLASS;
	}
	return CLASSES[type.priority];
}

function earliest(ringing: Life[]): number | null {
	const times = ringing.flatMap((life) => life.ringFrom ?? []);
	return times.length ? Math.min(...times) : null;
}

/** The last value there is; the calls come oldest first. */
function newest(values: (string | undefined)[]): string | null {
	return values.findLast((value) => value !== undefined) ?? null;
}

function inAll(sets: Set<string>[]): Set<string> {
	const [first, ...others] = sets;
	return new Set([...(first ?? [])].filter((value) => others.every((set) => set.has(value))));
}

function newestMark(facts: (HeardFact | null)[]): ActMark | null {
	const found = facts.filter((fact) => fact !== null).sort(byOrder);
	const last = found.at(-1);
	return last ? mark(last) : null;
}

function mark(fact: HeardFact): ActMark {
	const { terminal, staff } = fact.body;
	const made = { fact: fact.id, terminal, staff: staff ?? null, at: orderAt(fact) };
	return fact.staffUnverified === true ? { ...made, staffUnverified: true } : made;
}
