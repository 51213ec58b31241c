/**
 * The ward's directory as the call rules read it: the documents' root maps with every gap filled.
 * Tolerant of a bedside's partial share: what is absent has a default that alarms rather than stays silent (CF14).
 */
import type { CallPriority, CallType, Directory, Policy } from "./types";

type Values = Record<string, unknown>;
type Entry<K extends keyof Directory> = Directory[K] extends Record<string, infer V> ? V : never;

export const DEFAULT_ESCALATION_MS: [number, number, number] = [30_000, 60_000, 120_000];
export const DEFAULT_REMINDER_MS = 180_000;
export const DEFAULT_TALK_LIMIT_MS = 120_000;

/** A directory that knows nothing yet: every call still alarms. */
export function emptyDirectory(): Directory {
	return readDirectory({});
}

/** Reads plain root maps (`ward`, `rooms`, …, and `call_types` of the settings document). Never throws. */
export function readDirectory(roots: Readonly<Record<string, unknown>>): Directory {
	const ward = values(roots.ward);
	const escalation = Array.isArray(ward.escalation_ms) ? ward.escalation_ms.filter(isNumber) : [];
	return {
		ward: {
			id: text(ward.id),
			name: text(ward.name),
			name_en: text(ward.name_en),
			escalation_ms:
				escalation.length === 3
					? (escalation as [number, number, number])
					: [...DEFAULT_ESCALATION_MS],
			reminder_ms: number(ward.reminder_ms, DEFAULT_REMINDER_MS),
			all_tender: ward.all_tender === true,
			talk_limit_ms: number(ward.talk_limit_ms, DEFAULT_TALK_LIMIT_MS),
			video: ward.video === true,
			recording: ward.recording === true,
			...(text(ward.relay_key) ? { relay_key: text(ward.relay_key) } : {}),
		},
		rooms: each(roots.rooms, (id, value) => ({
			id,
			name: text(value.name),
			order: number(value.order),
			beds: texts(value.beds),
		})),
		beds: each(roots.beds, (id, value) => ({
			id,
			label: text(value.label),
			call_name: text(value.call_name),
			room: text(value.room),
			order: number(value.order),
			priority:
				value.priority === "special" || value.priority === "first" ? value.priority : "routine",
		})),
		terminals: each(roots.terminals, readTerminal),
		groups: each(roots.groups, (id, value) => ({
			id,
			name: text(value.name),
			order: number(value.order),
			stations: texts(value.stations),
			beds: texts(value.beds),
			rooms: texts(value.rooms),
			staff: texts(value.staff),
			escalate_to: texts(value.escalate_to),
		})),
		staff: each(roots.staff, (id, value) => ({
			id,
			name: text(value.name),
			role: text(value.role) as Entry<"staff">["role"],
		})),
		duty: each(roots.duty, (id, value) => ({
			staff: text(value.staff) || id,
			...(text(value.pda) ? { pda: text(value.pda) } : {}),
			beds: texts(value.beds),
			since: number(value.since),
			...(isNumber(value.until) ? { until: value.until } : {}),
		})),
		hosting: each(roots.hosting, (id, value) => ({
			id,
			from_group: text(value.from_group),
			to: texts(value.to),
			from_ms: number(value.from_ms),
			until_ms: number(value.until_ms),
		})),
		call_types: readCallTypes(roots.call_types),
	};
}

/** A record's own value: an id may be called "constructor". */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
	return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** The call type; one that is not listed is urgent and strict (CF14). */
export function callType(directory: Directory, id: string): CallType {
	return (
		own(directory.call_types, id) ?? {
			id,
			zh: id,
			en: id,
			priority: "urgent",
			tone: "medium",
			light: "urgent",
			clear: "strict",
			may_talk: false,
			placed_by: [],
		}
	);
}

/** Who may clear calls of the type now, the ward's switch included. */
export function policyOf(directory: Directory, type: string): Policy {
	return directory.ward.all_tender ? "tender" : callType(directory, type).clear;
}

/** The beds of a room, as the room and the beds themselves say. */
export function bedsOf(directory: Directory, room: string): Set<string> {
	const beds = new Set(own(directory.rooms, room)?.beds ?? []);
	for (const bed of Object.values(directory.beds)) if (bed.room === room) beds.add(bed.id);
	return beds;
}

function readTerminal(id: string, value: Values): Entry<"terminals"> {
	const { state } = value;
	return {
		id,
		kind: text(value.kind) as Entry<"terminals">["kind"],
		profile: text(value.profile),
		...(text(value.name) ? { name: text(value.name) } : {}),
		...(text(value.name_en) ? { name_en: text(value.name_en) } : {}),
		...(text(value.room) ? { room: text(value.room) } : {}),
		...(text(value.bed) ? { bed: text(value.bed) } : {}),
		...(text(value.key) ? { key: text(value.key) } : {}),
		...(value.camera === true ? { camera: true } : {}),
		state: state === "active" || state === "revoked" ? state : "planned",
		supervised: value.supervised === true,
	};
}

const PRIORITIES: readonly CallPriority[] = ["code", "urgent", "routine", "service"];

function readCallTypes(root: unknown): Record<string, CallType> {
	const types = each(root, (id, value): CallType | null => {
		const priority = PRIORITIES.find((known) => known === value.priority);
		if (!priority) return null;
		const purposes = Array.isArray(value.purposes) ? value.purposes.map(values) : null;
		return {
			id,
			zh: text(value.zh) || id,
			en: text(value.en) || id,
			priority,
			tone: (text(value.tone) || "medium") as CallType["tone"],
			light: (text(value.light) || "urgent") as CallType["light"],
			clear: value.clear === "tender" ? "tender" : "strict",
			may_talk: value.may_talk === true || value.may_talk === 1,
			placed_by: texts(value.placed_by) as CallType["placed_by"],
			...(purposes && {
				purposes: purposes.map((purpose) => ({
					id: text(purpose.id),
					zh: text(purpose.zh),
					en: text(purpose.en),
				})),
			}),
		};
	});
	const known: Record<string, CallType> = {};
	for (const [id, type] of Object.entries(types)) if (type) known[id] = type;
	return known;
}

function each<T>(root: unknown, read: (id: string, value: Values) => T): Record<string, T> {
	return Object.fromEntries(
		Object.entries(values(root)).map(([id, value]) => [id, read(id, values(value))]),
	);
}

function values(value: unknown): Values {
	return typeof value === "object" && value !== null && !Array.isArray(value)
		? (value as Values)
		: {};
}

function isNumber(value: unknown): value is number {
	return typeof value === "number";
}

function number(value: unknown, otherwise = 0): number {
	return isNumber(value) ? value : otherwise;
}

function text(value: unknown): string {
	return typeof value === "string" ? value : "";
}

function texts(value: unknown): string[] {
	return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
