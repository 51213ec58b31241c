/** The device document and the hub's frames at it, read strictly: what is not as agreed counts as not said. */
import type * as Y from "yjs";
import { valuesOf } from "../documents/values";
import { DEFAULT_ZONE } from "./schedules";
import type { DeviceCommand, DeviceDocument, DeviceSchedule, DeviceWish } from "./types";

const ID = /^[0-9a-f]{16}$/;
const BUILD = /^[0-9a-f]{16}$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
/** A hospital has a dozen; a document with more is not read on. */
const MAX_SCHEDULES = 200;
const MAX_NAME = 64;
const DOES: readonly string[] = [
	"volume",
	"brightness",
	"screen_on",
	"screen_off",
	"restart",
] satisfies DeviceSchedule["do"][];

function percentOf(value: unknown): number | null {
	return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 100
		? value
		: null;
}

export function readWish(value: Readonly<Record<string, unknown>>): DeviceWish {
	const { volume, brightness, screen, release } = value;
	return {
		volume: percentOf(volume),
		brightness: percentOf(brightness),
		screen: screen === "on" || screen === "off" ? screen : null,
		release: typeof release === "string" && BUILD.test(release) ? release : null,
	};
}

export function readSchedule(value: unknown): DeviceSchedule | null {
	if (typeof value !== "object" || value === null) return null;
	const { at, weekdays, do: does, value: level } = value as Record<string, unknown>;
	if (typeof at !== "string" || !TIME.test(at)) return null;
	if (!Array.isArray(weekdays) || weekdays.length > 7) return null;
	const days = weekdays.filter((day) => Number.isInteger(day) && day >= 1 && day <= 7);
	if (typeof does !== "string" || !DOES.includes(does) || days.length !== weekdays.length) {
		return null;
	}
	const percent = percentOf(level);
	if ((does === "volume" || does === "brightness") && percent === null) return null;
	return { at, weekdays: days as number[], do: does as DeviceSchedule["do"], value: percent };
}

export function readDevice(doc: Y.Doc): DeviceDocument {
	const root = (name: string): Record<string, unknown> => valuesOf(doc, name);
	const schedules = Object.entries(root("schedules"))
		.slice(0, MAX_SCHEDULES)
		.flatMap(([id, value]) => {
			const schedule = readSchedule(value);
			return schedule === null ? [] : [[id, schedule] as const];
		});
	const zone = root("zone").name;
	return {
		wish: readWish(root("wish")),
		schedules: Object.fromEntries(schedules),
		timeZone: typeof zone === "string" && zone.length <= MAX_NAME ? zone : DEFAULT_ZONE,
	};
}

/** A frame of the hub at the device document, or null. */
export function readCommand(payload: string): DeviceCommand | null {
	let value: unknown;
	try {
		value = JSON.parse(payload);
	} catch {
		return null;
	}
	if (typeof value !== "object" || value === null) return null;
	const { t, id, do: does, who, clinical } = value as Record<string, unknown>;
	if (typeof id !== "string" || !ID.test(id)) return null;
	if (t === "probe") return { t, id };
	if (t === "do") {
		return does === "restart" || does === "update" || does === "identify"
			? { t, id, do: does }
			: null;
	}
	if (t !== "live" || (does !== "start" && does !== "stop")) return null;
	return {
		t,
		id,
		do: does,
		who: typeof who === "string" ? who.slice(0, MAX_NAME) : "",
		clinical: clinical === true,
	};
}
