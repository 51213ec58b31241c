/** Turns of a week: laid on their days, copied from the week before, and where they get in each other's way. Pure. */
import type { DutyValue, Edit, Held } from "../../types";
import { addDays, instantOf, minutesOf, wallTime } from "../../zone";

export type Turn = Held<DutyValue>;

export const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

/** The turn's instants; an end not after the beginning is on the next day, none is open. */
export function instantsOf(
	date: string,
	from: string,
	until: string,
	zone: string,
): { since: number; until: number | null } {
	const since = instantOf(date, from, zone);
	if (until === "") return { since, until: null };
	const day = minutesOf(until) <= minutesOf(from) ? addDays(date, 1) : date;
	return { since, until: instantOf(day, until, zone) };
}

/** Turns that begin on the day, the earlier first. */
export function turnsOn(turns: readonly Turn[], date: string, zone: string): Turn[] {
	return turns
		.filter((turn) => wallTime(turn.since, zone).date === date)
		.sort((a, b) => a.since - b.since);
}

/** What stands in a day's cell: what begins on it and, on the Monday, what goes on from the week before. */
export function turnsShown(
	turns: readonly Turn[],
	date: string,
	monday: string,
	zone: string,
): Turn[] {
	const begun = turnsOn(turns, date, zone);
	if (date !== monday) return begun;
	const start = instantOf(monday, "00:00", zone);
	const going = turns.filter(
		(turn) => turn.since < start && (turn.until === null || turn.until > start),
	);
	return [...going, ...begun];
}

const meet = (a: Turn, b: Turn): boolean =>
	a.id !== b.id &&
	a.since < (b.until ?? Number.POSITIVE_INFINITY) &&
	b.since < (a.until ?? Number.POSITIVE_INFINITY);

/** What is wrong with a turn beside others: the person is on duty twice, or the PDA is somebody else's too. */
export function clashOf(turn: Turn, turns: readonly Turn[]): "twice" | "pda" | null {
	const others = turns.filter((other) => meet(turn, other));
	if (others.some((other) => other.staff === turn.staff)) return "twice";
	return turn.pda !== null && others.some((other) => other.pda === turn.pda) ? "pda" : null;
}

/** Last week's turns put a week later on the same wall clock; those that are there already are left out. */
export function copyWeek(
	turns: readonly Turn[],
	monday: string,
	zone: string,
	ward: string,
	newId: (prefix: string) => string,
	mayWork: (staff: string) => boolean,
): Edit[] {
	const before = Array.from({ length: 7 }, (_, day) => addDays(monday, day - 7));
	return before.flatMap((date) =>
		turnsOn(turns, date, zone)
			.filter((turn) => turn.until !== null && mayWork(turn.staff))
			.flatMap((turn): Edit[] => {
				const later = (at: number): number => {
					const { date: day, time } = wallTime(at, zone);
					return instantOf(addDays(day, 7), time, zone);
				};
				const { id: _id, ...value } = turn;
				const after: DutyValue = {
					...value,
					since: later(turn.since),
					until: turn.until === null ? null : later(turn.until),
				};
				const there = turns.some((one) => one.staff === after.staff && one.since === after.since);
				return there ? [] : [{ entity: "duty", ward, id: newId("duty"), before: null, after }];
			}),
	);
}
