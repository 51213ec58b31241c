/** The ward's three shifts by its own wall clock: day 08–16, evening 16–24, night 00–08. */

export type Shift = "day" | "evening" | "night";

export interface ShiftOfDay {
	/** YYYY-MM-DD, the local day the shift lies in */
	date: string;
	shift: Shift;
	/** first ms of it */
	from: number;
}

const HOURS: readonly [Shift, number][] = [
	["night", 0],
	["day", 8],
	["evening", 16],
];
const two = (value: number): string => String(value).padStart(2, "0");

/** The shift that `now` (ms) lies in. */
export function shiftOf(now: number): ShiftOfDay {
	const date = new Date(now);
	const [shift, hour] = HOURS[Math.floor(date.getHours() / 8)] ?? ["night", 0];
	const from = new Date(date.getFullYear(), date.getMonth(), date.getDate(), hour).getTime();
	const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
	return { date: day, shift, from };
}

/** The shift before (-1) or after (1) another, and so on. */
export function shiftBy(shift: ShiftOfDay, steps: number): ShiftOfDay {
	const start = new Date(shift.from);
	// by the wall clock, so that a day of 23 or 25 hours does not move the shifts
	start.setHours(start.getHours() + steps * 8);
	return shiftOf(start.getTime());
}
