/** Edits in words: which thing, and field by field what it was and what it is, with names instead of ids. */
import { type Language, say } from "../../../text/words";
import { KINDS } from "../kinds";
import { changesWords } from "../pages/changes/words";
import { PERMISSIONS, ROLES } from "../roles";
import type { Edit, EntityName } from "../types";
import { momentText, weekdayText } from "../zone";
import { fieldName } from "./differences";
import type { WardNames } from "./ward_names.svelte";

export interface EditDifference {
	/** name of the field */
	name: string;
	before: string;
	after: string;
}

export interface Telling {
	names: WardNames;
	/** "bed b12" → name, of things that the same edits make */
	made?: ReadonlyMap<string, string>;
	zone: string;
	language: Language;
}

type Value = Record<string, unknown>;
type Both = { zh: string; en: string };

/** Fields within settings, and those that mean another thing than elsewhere. */
const PATHS: Readonly<Record<string, Both>> = {
	"settings.talk.limit_ms": { zh: "通话时长上限", en: "Longest talk" },
	"settings.talk.video": { zh: "允许视频", en: "Video" },
	"settings.talk.recording": { zh: "通话录音", en: "Recording" },
	"settings.timezone": { zh: "时区", en: "Time zone" },
	"settings.office.idle_min": { zh: "后台无操作退出（分钟）", en: "Sign-out when idle (min)" },
	"settings.password.min_chars": { zh: "密码最短长度", en: "Shortest password" },
	"settings.password.max_age_days": { zh: "密码有效期（天）", en: "Password valid (days)" },
	"settings.password.last": { zh: "不能重复最近几次密码", en: "Differs from the last" },
	"settings.password.change_given": { zh: "初始密码必须修改", en: "Given password is changed" },
};
const CHOICES: Readonly<Record<string, Both>> = {
	code: { zh: "抢救", en: "code" },
	urgent: { zh: "紧急", en: "urgent" },
	routine: { zh: "普通", en: "routine" },
	service: { zh: "服务", en: "service" },
	high: { zh: "高", en: "high" },
	medium: { zh: "中", en: "medium" },
	low: { zh: "低", en: "low" },
	steady: { zh: "常亮", en: "steady" },
	tender: { zh: "任一终端", en: "any terminal" },
	strict: { zh: "须到床旁", en: "at the bed" },
	volume: { zh: "音量", en: "volume" },
	brightness: { zh: "亮度", en: "brightness" },
	screen_on: { zh: "亮屏", en: "screen on" },
	screen_off: { zh: "熄屏", en: "screen off" },
	restart: { zh: "重启", en: "restart" },
	director: { zh: "科主任", en: "Director" },
};
const CHOICE_FIELDS = new Set(["priority", "tone", "light", "clear", "do", "title"]);
const INSTANT_FIELDS = new Set(["since", "until", "from_ms", "until_ms"]);
/** Lists longer than this are told by what came and went. */
const LISTED = 6;

/** What the thing is called: "12床", "责任一组", or its id where it has no name. */
export function thingName(edit: Edit, telling: Telling): string {
	const value = record(edit.after) ?? record(edit.before) ?? {};
	const { names, language } = telling;
	if (edit.entity === "permissions") return lookUp(ROLES, edit.id)?.[language] ?? edit.id;
	if (edit.entity === "duty") return names.staff(String(value.staff));
	if (edit.entity === "hosting" || edit.entity === "hosting_rule")
		return names.group(edit.ward, String(value.from_group));
	const named = [value.call_name, value.name, value.label, language === "en" ? value.en : value.zh];
	const name = named.find((one) => typeof one === "string" && one !== "");
	return typeof name === "string" ? name : edit.id;
}

export function didOf(edit: Edit): "made" | "changed" | "removed" {
	if (edit.before === null) return "made";
	return edit.after === null ? "removed" : "changed";
}

/** The fields that differ. Of a thing made or removed: all that say something. */
export function tellEdit(edit: Edit, telling: Telling): EditDifference[] {
	return fieldsOf(record(edit.before) ?? {}, record(edit.after) ?? {}, "", edit, telling);
}

function fieldsOf(
	before: Value,
	after: Value,
	under: string,
	edit: Edit,
	telling: Telling,
): EditDifference[] {
	const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
	return keys.flatMap((key) => {
		const [was, is] = [before[key], after[key]];
		if (JSON.stringify(was) === JSON.stringify(is)) return [];
		const path = `${under}${key}`;
		const [first, second] = [record(was), record(is)];
		if (first !== null || second !== null)
			return fieldsOf(first ?? {}, second ?? {}, `${path}.`, edit, telling);
		if (edit.before === null && (is === null || is === "" || (Array.isArray(is) && !is.length)))
			return [];
		return [{ name: pathName(path, telling.language), ...pair(path, was, is, edit, telling) }];
	});
}

function pathName(path: string, language: Language): string {
	const known = lookUp(PATHS, path);
	if (known !== undefined) return known[language];
	return path
		.split(".")
		.map((key) => fieldName(key, language))
		.join(" · ");
}

function pair(path: string, was: unknown, is: unknown, edit: Edit, telling: Telling) {
	const t = say(telling.language, changesWords);
	const text = (value: unknown) => textOf(path, value, edit, telling);
	const [before, after] = [asList(was), asList(is)];
	if (before === null || after === null || Math.max(before.length, after.length) <= LISTED)
		return { before: text(was), after: text(is) };
	const gone = before.filter((one) => !after.includes(one));
	const come = after.filter((one) => !before.includes(one));
	if (gone.length === 0 && come.length === 0) return { before: text(was), after: text(is) };
	const told = [
		t.items(after.length),
		...(come.length > 0 ? [t.plus(text(come))] : []),
		...(gone.length > 0 ? [t.minus(text(gone))] : []),
	];
	return { before: t.items(before.length), after: told.join(" · ") };
}

function textOf(path: string, value: unknown, edit: Edit, telling: Telling): string {
	const t = say(telling.language, changesWords);
	if (value === undefined) return "—";
	if (value === null || value === "") return t.none;
	if (typeof value === "boolean") return value ? t.yes : t.no;
	if (Array.isArray(value)) {
		if (value.length === 0) return t.none;
		return value.map((one) => oneText(path, one, edit, telling)).join(t.and);
	}
	return oneText(path, value, edit, telling);
}

function oneText(path: string, value: unknown, edit: Edit, telling: Telling): string {
	const { names, language, zone } = telling;
	const t = say(language, changesWords);
	if (typeof value === "number") {
		if (INSTANT_FIELDS.has(path)) return momentText(value, zone, 0);
		if (path === "weekdays") return weekdayText(value, language);
		if (path.endsWith("_ms"))
			return value % 60_000 === 0 ? t.minutes(value / 60_000) : t.seconds(value / 1000);
		return String(value);
	}
	if (typeof value !== "string") {
		const named = record(value);
		const told = named?.[language] ?? named?.name;
		return typeof told === "string" ? told : JSON.stringify(value);
	}
	const entity = entityAt(path);
	if (entity !== null) {
		const name = nameOf(entity, edit.ward ?? wardOf(edit), value, names);
		return name === value ? (telling.made?.get(`${entity} ${value}`) ?? value) : name;
	}
	if (path === "ward") return names.ward(value);
	if (path === "kind" || path === "placed_by") return lookUp(KINDS, value)?.[language] ?? value;
	if (path === "role") return lookUp(ROLES, value)?.[language] ?? value;
	if (path === "permissions") return lookUp(PERMISSIONS, value)?.[language] ?? value;
	if (CHOICE_FIELDS.has(path)) return lookUp(CHOICES, value)?.[language] ?? value;
	return value;
}

/** Which things the ids at this path are of. */
function entityAt(path: string): EntityName | null {
	if (path === "beds" || path === "bed") return "bed";
	if (path === "rooms" || path === "room") return "room";
	if (path === "from_group") return "group";
	if (path === "staff") return "staff";
	return ["stations", "to", "escalate_to", "terminals", "pda"].includes(path) ? "terminal" : null;
}

function nameOf(entity: EntityName, ward: string | null, id: string, names: WardNames): string {
	if (entity === "bed") return names.bed(ward, id);
	if (entity === "room") return names.room(ward, id);
	if (entity === "group") return names.group(ward, id);
	return entity === "staff" ? names.staff(id) : names.terminal(id);
}

/** Names of the things that the edits make: no list has them yet. */
export function madeNames(edits: readonly Edit[], telling: Telling): Map<string, string> {
	const made = edits.filter((edit) => edit.after !== null);
	return new Map(made.map((edit) => [`${edit.entity} ${edit.id}`, thingName(edit, telling)]));
}

/** Terminals and schedules are of the installation; the ward stands in their value. */
function wardOf(edit: Edit): string | null {
	const ward = (record(edit.after) ?? record(edit.before))?.ward;
	return typeof ward === "string" ? ward : null;
}

/** The wards whose names an edit needs. */
export function wardsOf(edits: readonly Edit[]): (string | null)[] {
	return [...new Set(edits.map((edit) => edit.ward ?? wardOf(edit)))];
}

function lookUp(words: Readonly<Record<string, Both>>, key: string): Both | undefined {
	return Object.hasOwn(words, key) ? words[key] : undefined;
}

function asList(value: unknown): unknown[] | null {
	return Array.isArray(value) ? value : null;
}

function record(value: unknown): Value | null {
	return typeof value === "object" && value !== null && !Array.isArray(value)
		? (value as Value)
		: null;
}
