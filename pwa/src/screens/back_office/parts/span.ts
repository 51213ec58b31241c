/** A span of whole days on the hospital's calendar, for searches. */
import { addDays, instantOf, wallTime } from "../zone";

/** Dates YYYY-MM-DD, both within; "" leaves that side open. */
export interface Span {
	from: string;
	to: string;
}

/** The last `days` days, today among them. */
export function lastDays(days: number, now: number, zone: string): Span {
	const { date } = wallTime(now, zone);
	return { from: addDays(date, 1 - days), to: date };
}

/** Instants from ≤ at < to; null for an open side. */
export function spanMs(span: Span, zone: string): { from: number | null; to: number | null } {
	return {
		from: span.from === "" ? null : instantOf(span.from, "00:00", zone),
		to: span.to === "" ? null : instantOf(addDays(span.to, 1), "00:00", zone),
	};
}

export function isBackward({ from, to }: Span): boolean {
	return from !== "" && to !== "" && from > to;
}
