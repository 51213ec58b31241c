/** What the hub says of devices, in words; and where what is entered differs from what a device says of itself. */
import type { Language } from "../../../text/words";
import type { BedValue, Held, RoomValue, TerminalLine, TerminalValue } from "../types";

type Tone = "good" | "warn" | "bad" | "";
interface Told {
	zh: string;
	en: string;
	tone: Tone;
}

export const SEEN: Readonly<Record<TerminalLine["seen"], Told>> = {
	online: { zh: "在线", en: "online", tone: "good" },
	delayed: { zh: "延迟", en: "delayed", tone: "warn" },
	offline: { zh: "离线", en: "offline", tone: "bad" },
	never: { zh: "从未上线", en: "never seen", tone: "" },
};

export const STATES: Readonly<Record<TerminalLine["state"], Told>> = {
	planned: { zh: "待登记", en: "planned", tone: "warn" },
	active: { zh: "已激活", en: "activated", tone: "good" },
	revoked: { zh: "已注销", en: "revoked", tone: "" },
};

export const SOUNDS: Readonly<Record<NonNullable<TerminalLine["sound"]>, Told>> = {
	ok: { zh: "正常", en: "fine", tone: "" },
	blocked: { zh: "声音被阻止", en: "sound blocked", tone: "bad" },
	muted: { zh: "静音", en: "muted", tone: "warn" },
};

/** How a terminal is connected: over the hub, and what is left without it. */
const LAYERS: Readonly<Record<number, Told>> = {
	1: { zh: "服务器", en: "hub", tone: "" },
	2: { zh: "病区直连", en: "ward mesh", tone: "warn" },
	3: { zh: "仅本房间", en: "room only", tone: "warn" },
	4: { zh: "独自运行", en: "alone", tone: "bad" },
};

/** A wall clock further than this from the hub's is warned of, ms (DEV-06). */
export const CLOCK_OFF_MS = 1_000;

export function layerOf(line: Pick<TerminalLine, "layer">): Told | null {
	return line.layer === null ? null : (LAYERS[line.layer] ?? null);
}

export function clockIsOff(offsetMs: number | null): boolean {
	return offsetMs !== null && Math.abs(offsetMs) > CLOCK_OFF_MS;
}

/** "+0.3 s"; fast clocks are ahead. */
export function offsetText(offsetMs: number | null): string {
	if (offsetMs === null) return "—";
	const tenths = Math.round(offsetMs / 100);
	const sign = tenths > 0 ? "+" : tenths < 0 ? "−" : "±";
	const seconds = Math.abs(tenths) / 10;
	return `${sign}${seconds < 100 ? seconds.toFixed(1) : String(Math.round(seconds))} s`;
}

export function deviceName(
	line: Pick<TerminalLine, "id" | "name" | "name_en">,
	language: Language,
): string {
	return (language === "en" && line.name_en ? line.name_en : line.name) || line.id;
}

interface Places {
	rooms: readonly Held<RoomValue>[];
	beds: readonly Held<BedValue>[];
}

/** "701 · 1床", or "" where it belongs to the ward as a whole. */
export function placeText(
	places: Places | null,
	line: Pick<TerminalLine, "room" | "bed">,
	separator = " · ",
): string {
	const room = places?.rooms.find((one) => one.id === line.room)?.name ?? line.room;
	const bed = places?.beds.find((one) => one.id === line.bed)?.call_name ?? line.bed;
	return [room, bed].filter((one) => one !== null && one !== undefined).join(separator);
}

/** The first half is enough to tell builds apart. */
export function shortBuild(build: string): string {
	return build.slice(0, 8);
}

export interface Mismatch {
	field: "serial" | "mac";
	/** what is entered, null: nothing */
	entered: string | null;
	reported: string;
}

/** Where a device reports something else than was entered, or nothing was (DEV-01). */
export function mismatches(
	entered: Pick<TerminalValue, "serial" | "mac">,
	line: Pick<TerminalLine, "serial" | "mac">,
): Mismatch[] {
	return (["serial", "mac"] as const).flatMap((field) => {
		const reported = line[field];
		// stickers and devices write the same address in many ways
		const plain = (text: string) =>
			field === "mac" ? text.replaceAll(/[^0-9a-f]/gi, "").toLowerCase() : text.trim();
		if (reported === null || plain(reported) === plain(entered[field] ?? "")) return [];
		return [{ field, entered: entered[field], reported }];
	});
}

/** Whether it is another device than was entered; where nothing was, any is right. */
export function isOther(found: readonly Mismatch[]): boolean {
	return found.some((one) => one.entered !== null);
}
