/** Instants and the hospital's wall clock: the PC of the office may stand in another zone than the wards. */
import type { Language } from "../../text/words";

export const DEFAULT_ZONE = "Asia/Shanghai";
export const DAY_MS = 86_400_000;

/** Wall clock in a zone. `weekday` 1 Monday to 7 Sunday. */
export interface WallTime {
	/** YYYY-MM-DD */
	date: string;
	/** HH:MM */
	time: string;
	/** minutes since midnight */
	minutes: number;
	weekday: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
function formatOf(zone: string): Intl.DateTimeFormat {
	let format = formats.get(zone);
	if (format === undefined) {
		format = new Intl.DateTimeFormat("en-CA", {
			timeZone: zone,
			year: "numeric",
			month: "2-digit",
			day: "2-digit",
			hour: "2-digit",
			minute: "2-digit",
			hourCycle: "h23",
		});
		formats.set(zone, format);
	}
	return format;
}

/** Whether the platform knows the zone's name. */
export function knowsZone(zone: string): boolean {
	try {
		formatOf(zone);
		return true;
	} catch {
		return false;
	}
}

export function wallTime(at: number, zone: string): WallTime {
	const part: Record<string, string> = {};
	for (const { type, value } of formatOf(zone).formatToParts(at)) part[type] = value;
	const date = `${part.year}-${part.month}-${part.day}`;
	const time = `${part.hour}:${part.minute}`;
	return { date, time, minutes: minutesOf(time), weekday: weekdayOf(date) };
}

/** The instant of a wall time; one that a change of the clocks leaves out is the one after it. */
export function instantOf(date: string, time: string, zone: string): number {
	const wanted = Date.parse(`${date}T${time}:00Z`);
	let at = wanted;
	// twice: the offset at the first guess may be that of the other side of a change
	for (let turn = 0; turn < 2; turn += 1) {
		const got = wallTime(at, zone);
		at += wanted - Date.parse(`${got.date}T${got.time}:00Z`);
	}
	return at;
}

export function minutesOf(time: string): number {
	const [hours = 0, minutes = 0] = time.split(":").map(Number);
	return hours * 60 + minutes;
}

/** 1 Monday to 7 Sunday. */
export function weekdayOf(date: string): number {
	return ((new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7) + 1;
}

export function addDays(date: string, days: number): string {
	return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The Monday of the date's week. */
export function mondayOf(date: string): string {
	return addDays(date, 1 - weekdayOf(date));
}

const WEEKDAYS = {
	zh: ["周一", "周二", "周三", "周四", "周五", "周六", "周日"],
	en: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
} as const;

export function weekdayText(weekday: number, language: Language): string {
	return WEEKDAYS[language][weekday - 1] ?? "";
}

/** "11月20日" or "20 Nov". */
export function dayText(date: string, language: Language): string {
	const [, month = "", day = ""] = date.split("-");
	if (language === "zh") return `${Number(month)}月${Number(day)}日`;
	return new Intl.DateTimeFormat("en-GB", {
		day: "numeric",
		month: "short",
		timeZone: "UTC",
	}).format(Date.parse(`${date}T00:00:00Z`));
}

/** "11-20 10:24", with the year when it is another than that of `now`. */
export function momentText(at: number, zone: string, now = at): string {
	const { date, time } = wallTime(at, zone);
	const short = date.slice(0, 4) === wallTime(now, zone).date.slice(0, 4) ? date.slice(5) : date;
	return `${short} ${time}`;
}
