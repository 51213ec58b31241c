/**
 * Schedules of a device by the hospital's clock: when each was last due. Pure; the time zone is the hospital's, not the
 * device's. A time that a change to summer time skips is due when the clock has passed it; one that comes twice is due once.
 */
import type { DeviceSchedule } from "./types";

const DAY_MS = 86_400_000;
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/** Where the document names none, or none that this browser knows. */
export const DEFAULT_ZONE = "Asia/Shanghai";

export interface Due {
	id: string;
	schedule: DeviceSchedule;
	/** hub ms */
	at: number;
}

interface Local {
	/** the local wall clock read as UTC, ms */
	wall: number;
	/** 1 Monday to 7 Sunday */
	weekday: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
	const known = formats.get(zone);
	if (known !== undefined) return known;
	const options = {
		hourCycle: "h23",
		weekday: "short",
		year: "numeric",
		month: "numeric",
		day: "numeric",
		hour: "numeric",
		minute: "numeric",
		second: "numeric",
	} as const;
	let format: Intl.DateTimeFormat;
	try {
		format = new Intl.DateTimeFormat("en-US", { ...options, timeZone: zone });
	} catch {
		format =
			zone === DEFAULT_ZONE ? new Intl.DateTimeFormat("en-US", options) : formatOf(DEFAULT_ZONE);
	}
	formats.set(zone, format);
	return format;
}

function localOf(at: number, zone: string): Local {
	const parts = Object.fromEntries(
		formatOf(zone)
			.formatToParts(at)
			.map(({ type, value }) => [type, value]),
	);
	const part = (name: string): number => Number(parts[name]);
	return {
		wall: Date.UTC(
			part("year"),
			part("month") - 1,
			part("day"),
			part("hour"),
			part("minute"),
			part("second"),
		),
		weekday: DAYS.indexOf(parts.weekday ?? "") + 1,
	};
}

/** The instant at which the zone's wall clock shows `wall`. */
function instantOf(wall: number, zone: string): number {
	let at = wall;
	// Twice: the first guess may lie on the other side of a change of the offset.
	for (let round = 0; round < 2; round++) at += wall - localOf(at, zone).wall;
	return at;
}

/** When the schedule was last due at or before `now`; null when it never is. */
export function lastDue(schedule: DeviceSchedule, zone: string, now: number): number | null {
	const [hours, minutes] = schedule.at.split(":").map(Number);
	const second = now - (now % 1_000);
	const { wall, weekday } = localOf(second, zone);
	const midnight = wall - (wall % DAY_MS);
	for (let back = 0; back <= 7; back++) {
		const day = ((weekday - 1 - back + 14) % 7) + 1;
		if (!schedule.weekdays.includes(day)) continue;
		const due = midnight - back * DAY_MS + ((hours ?? 0) * 60 + (minutes ?? 0)) * 60_000;
		const at = instantOf(due, zone);
		if (at <= now) return at;
	}
	return null;
}

/** What became due after `from` and until `to`, oldest first; of each schedule the last time only. */
export function dueBetween(
	schedules: Readonly<Record<string, DeviceSchedule>>,
	zone: string,
	from: number,
	to: number,
): Due[] {
	return Object.entries(schedules)
		.flatMap(([id, schedule]): Due[] => {
			const at = lastDue(schedule, zone, to);
			return at === null || at <= from ? [] : [{ id, schedule, at }];
		})
		.sort((one, other) => one.at - other.at || (one.id < other.id ? -1 : 1));
}
