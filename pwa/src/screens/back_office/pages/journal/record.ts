/** A line of the journal in words (CALL-06): where, what, how long, by whom. */
import type { CallRecord } from "../../../../core/terminal_types";
import { waitedText } from "../../../../text/times";
import { type Language, named, say } from "../../../../text/words";
import type { WardNames } from "../../parts/ward_names.svelte";
import { journalWords } from "./words";

export type JournalCall = CallRecord & {
	/** staff ids that an act names without having been signed in at its terminal */
	staff_unverified: string[];
};

/** As shipped: for those who may read the journal but no ward's own types. */
const TYPES: Readonly<Record<string, { zh: string; en: string }>> = {
	patient: { zh: "呼叫", en: "Call" },
	dressing: { zh: "换药", en: "Dressing" },
	emergency: { zh: "紧急呼叫", en: "Emergency" },
	bathroom: { zh: "卫生间呼叫", en: "Bathroom" },
	staff_assist: { zh: "增援", en: "Staff assist" },
	code: { zh: "抢救", en: "Code" },
	station: { zh: "站间呼叫", en: "Station" },
	drip_end: { zh: "输液完毕", en: "Drip end" },
	bed_exit: { zh: "离床", en: "Bed exit" },
	monitor: { zh: "监护报警", en: "Monitor" },
};
export const SHIPPED_TYPES = Object.keys(TYPES);

export function typeName(
	names: WardNames,
	ward: string | null,
	type: string,
	language: Language,
): string {
	const name = names.callType(ward, type, language);
	const shipped = TYPES[type];
	return name === type && shipped !== undefined ? named(shipped, language) : name;
}

export function typeText(call: JournalCall, names: WardNames, language: Language): string {
	const type = typeName(names, call.ward, call.type, language);
	if (call.purpose === null) return type;
	const known = names.config(call.ward)?.call_types.find((one) => one.id === call.type);
	const purpose = known?.purposes?.find((one) => one.id === call.purpose);
	return `${type} · ${purpose === undefined ? call.purpose : named(purpose, language)}`;
}

export function placeText(call: JournalCall, names: WardNames, language: Language): string {
	const t = say(language, journalWords);
	const [kind, id = call.source] = call.source.split(":");
	if (kind === "bed") {
		const name = names.bed(call.ward, id);
		return name === id ? t.bedOf(id) : name;
	}
	if (kind === "bathroom") return t.bathroomOf(names.room(call.ward, id));
	if (kind === "room") return names.room(call.ward, id);
	return names.terminal(id);
}

/** The staff's or terminal's name, and whether the record says that nobody was signed in under it. */
export interface Doer {
	name: string;
	unverified: boolean;
}

export function doer(call: JournalCall, id: string | null, names: WardNames): Doer | null {
	if (id === null) return null;
	const person = names.staff(id);
	return {
		name: person === id ? names.terminal(id) : person,
		unverified: call.staff_unverified.includes(id),
	};
}

export function handledText(call: JournalCall, language: Language): string {
	const t = say(language, journalWords);
	if (call.closed_how === null) return t.open;
	if (call.closed_how === "cancelled") return t.cancelled;
	if (call.way === null) return call.closed_how === "ended" ? t.ended : t.cleared;
	const ways = {
		remote: t.wayRemote,
		door: t.wayDoor,
		bed: t.wayBed,
		source: t.waySource,
		talked: t.wayTalked,
	};
	return ways[call.way];
}

export function durationText(ms: number | null): string {
	return ms === null ? "–" : waitedText(ms);
}
