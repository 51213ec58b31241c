/** Spans of time laid out on a calendar: cut at midnights of the hospital's zone, side by side where they overlap. */
import { addDays, instantOf, minutesOf, wallTime } from "../zone";

export interface Entry {
	id: string;
	from_ms: number;
	until_ms: number;
	text: string;
	/** second line */
	more?: string;
	/** 0 to 7: colour of its group */
	band: number;
	/** dashed: comes of a weekly rule */
	rule?: boolean;
	/** overlaps with another of its group */
	clash?: boolean;
}

/** A piece of an entry within one day. Lanes from 0, of `lanes` side by side. */
export interface Piece {
	entry: Entry;
	from_min: number;
	until_min: number;
	lane: number;
	lanes: number;
	/** goes on from the day before, into the day after */
	before: boolean;
	after: boolean;
}

const DAY_MIN = 1440;

/** The pieces of the day, each with a lane of its own where they overlap. */
export function piecesOf(entries: readonly Entry[], date: string, zone: string): Piece[] {
	const start = instantOf(date, "00:00", zone);
	const end = instantOf(addDays(date, 1), "00:00", zone);
	const pieces: Piece[] = entries
		.filter((entry) => entry.from_ms < end && entry.until_ms > start)
		.map((entry) => {
			const before = entry.from_ms < start;
			const after = entry.until_ms > end;
			return {
				entry,
				from_min: before ? 0 : wallTime(entry.from_ms, zone).minutes,
				until_min: entry.until_ms >= end ? DAY_MIN : wallTime(entry.until_ms, zone).minutes,
				lane: 0,
				lanes: 1,
				before,
				after,
			};
		})
		.sort((a, b) => a.from_min - b.from_min || b.until_min - a.until_min);
	let together: Piece[] = [];
	let reach = -1;
	const close = () => {
		const lanes = Math.max(1, ...together.map((piece) => piece.lane + 1));
		for (const piece of together) piece.lanes = lanes;
		together = [];
	};
	for (const piece of pieces) {
		if (piece.from_min >= reach) close();
		const taken = new Set(
			together.filter((one) => one.until_min > piece.from_min).map((one) => one.lane),
		);
		while (taken.has(piece.lane)) piece.lane += 1;
		together.push(piece);
		reach = Math.max(reach, piece.until_min);
	}
	close();
	return pieces;
}

/** A weekly rule as spans from `first` on for `days` days. `until` not after `from` ends on the next day. */
export function spansOf(
	rule: {
		weekdays: readonly number[];
		from: string;
		until: string;
		first: string;
		last: string | null;
	},
	first: string,
	days: number,
	zone: string,
): { from_ms: number; until_ms: number; date: string }[] {
	const spans = [];
	const overnight = minutesOf(rule.until) <= minutesOf(rule.from);
	// from the day before: a night that began then reaches into the first day
	for (let day = -1; day < days; day += 1) {
		const date = addDays(first, day);
		const { weekday } = wallTime(instantOf(date, "12:00", zone), zone);
		if (!rule.weekdays.includes(weekday) || date < rule.first) continue;
		if (rule.last !== null && date > rule.last) continue;
		spans.push({
			date,
			from_ms: instantOf(date, rule.from, zone),
			until_ms: instantOf(overnight ? addDays(date, 1) : date, rule.until, zone),
		});
	}
	return spans;
}
