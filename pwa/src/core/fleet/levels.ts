/**
 * What a device is set to, and why: a wish of the back office counts once, when it changes; a schedule counts when it is
 * due; the later of the two holds. Kept on disk, so that a start sets the same again and what was missed is made good.
 */
import { type Due, dueBetween } from "./schedules";
import type { DeviceDocument, DeviceWish } from "./types";

/** A device that was off for longer than this makes nothing good. */
const CATCH_UP_MS = 7 * 86_400_000;
/** A clock this far ahead of the last look was wrong then: what lies between is not waited for. */
const CLOCK_WRONG_MS = 60_000;

export interface KeptLevels {
	volume: number | null;
	brightness: number | null;
	screen: "on" | "off";
	/** the wish last taken over */
	wish: DeviceWish;
	/** schedules have been looked at until then, hub ms; null: never */
	until: number | null;
}

export const FIRST_LEVELS: KeptLevels = {
	volume: null,
	brightness: null,
	screen: "on",
	wish: { volume: null, brightness: null, screen: null, release: null },
	until: null,
};

/** The levels after a changed wish; the same value where nothing changes. A wish taken back leaves the level as it is. */
export function wished(kept: KeptLevels, wish: DeviceWish): KeptLevels {
	if (JSON.stringify(wish) === JSON.stringify(kept.wish)) return kept;
	const next = { ...kept, wish };
	if (wish.volume !== null && wish.volume !== kept.wish.volume) next.volume = wish.volume;
	if (wish.brightness !== null && wish.brightness !== kept.wish.brightness) {
		next.brightness = wish.brightness;
	}
	if (wish.screen !== null && wish.screen !== kept.wish.screen) next.screen = wish.screen;
	return next;
}

/** The levels at `now` by the schedules, and the restarts that were due since the last look. */
export function scheduled(
	kept: KeptLevels,
	{ schedules, timeZone }: DeviceDocument,
	now: number,
): { levels: KeptLevels; restarts: Due[] } {
	const ahead = kept.until !== null && kept.until > now + CLOCK_WRONG_MS;
	if (kept.until === null || ahead) return { levels: { ...kept, until: now }, restarts: [] };
	// Schedules are due at the full minute: within one there is nothing to look for.
	if (Math.floor(now / 60_000) <= Math.floor(kept.until / 60_000)) {
		return { levels: kept, restarts: [] };
	}
	const from = Math.max(kept.until, now - CATCH_UP_MS);
	const due = dueBetween(schedules, timeZone, from, now);
	const levels = { ...kept, until: now };
	// Oldest first: the latest of each kind is what stays.
	for (const { schedule } of due) {
		if (schedule.do === "volume") levels.volume = schedule.value;
		if (schedule.do === "brightness") levels.brightness = schedule.value;
		if (schedule.do === "screen_on") levels.screen = "on";
		if (schedule.do === "screen_off") levels.screen = "off";
	}
	return { levels, restarts: due.filter(({ schedule }) => schedule.do === "restart") };
}
