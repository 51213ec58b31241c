/** Where a kind of terminal hangs, and how a slot is entered. */
import type { Kind, TerminalLine, TerminalValue, WardConfig } from "../../types";

/** A bedside hangs at a bed, a door or a call point in a room, the others in the ward. */
export function placeOf(kind: Kind): { room: boolean; bed: "needed" | "may" | null } {
	if (kind === "bedside") return { room: true, bed: "needed" };
	if (kind === "call_point") return { room: true, bed: "may" };
	return { room: kind === "door", bed: null };
}

/** A new slot of this kind. */
export function newSlot(config: WardConfig, kind: Kind): TerminalValue {
	return {
		ward: config.id,
		kind,
		profile: config.profiles[kind][0]?.id ?? "",
		name: "",
		name_en: "",
		room: null,
		bed: null,
		serial: null,
		mac: null,
		supervised: true,
		order: Math.max(0, ...config.terminals.map((one) => one.order)) + 1,
	};
}

/** The same slot at another place: a bed brings its room, what the kind does not have goes. */
export function placed(
	value: TerminalValue,
	config: Pick<WardConfig, "beds">,
	where: { room?: string | null; bed?: string | null },
): TerminalValue {
	const wanted = placeOf(value.kind);
	const bed = wanted.bed === null ? null : (where.bed ?? null);
	const room = config.beds.find((one) => one.id === bed)?.room ?? where.room ?? null;
	return { ...value, bed, room: wanted.room ? room : null };
}

/** The other terminal of this kind that hangs at the bed or, for a door, in the room. */
export function neighbourAt(
	config: Pick<WardConfig, "terminals">,
	id: string | null,
	value: TerminalValue,
): WardConfig["terminals"][number] | null {
	if (value.kind !== "bedside" && value.kind !== "door") return null;
	const at = (one: TerminalValue) => (value.kind === "bedside" ? one.bed : one.room);
	const here = at(value);
	if (here === null) return null;
	return (
		config.terminals.find(
			(one) =>
				one.id !== id && one.kind === value.kind && one.state !== "revoked" && at(one) === here,
		) ?? null
	);
}

/** A name that follows the place, as 1床床头屏 follows its bed: the old place's name replaced by the new one's. */
export function movedName(name: string, from: string | null, to: string | null): string {
	if (from === null || to === null || from === "") return name;
	// not the 1床 in 11床
	const at = name.indexOf(from);
	if (at < 0 || /\d/.test(name[at - 1] ?? "")) return name;
	return name.slice(0, at) + to + name.slice(at + from.length);
}

/** Whether somebody should look at it. */
export function needsLook(line: TerminalLine, clockOff: boolean, differs: boolean): boolean {
	if (line.state !== "active") return false;
	return (
		line.seen !== "online" ||
		clockOff ||
		differs ||
		line.sound === "blocked" ||
		line.reachable === false ||
		(line.layer !== null && line.layer > 1)
	);
}
