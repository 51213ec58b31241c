/** The mapping as sections that are edited: tables of words, lists, single values; and back into the hub's shape. */
import { same } from "../../parts/values";

/** GET feed/mapping */
export interface MappingAnswer {
	/** 0: nothing of its own yet */
	version: number;
	mapping: Record<string, unknown>;
	shipped: Record<string, unknown>;
	versions: { id: number; at: number; staff: string | null }[];
}

export interface Row {
	/** for the list's key only */
	key: number;
	word: string;
	value: string;
}
interface At {
	/** "values.care_level" */
	path: string;
}
export type Section =
	| (At & { kind: "table"; rows: Row[] })
	| (At & { kind: "list"; text: string })
	| (At & { kind: "text"; text: string })
	| (At & { kind: "number"; text: string });

let keys = 0;
export function newRow(word = "", value = ""): Row {
	keys += 1;
	return { key: keys, word, value };
}

function isTable(value: object): boolean {
	return Object.values(value).every((one) => typeof one === "string");
}

/** Every table, list and single value of the mapping, in its order. */
export function sectionsOf(value: unknown, path = ""): Section[] {
	if (typeof value === "string") return [{ path, kind: "text", text: value }];
	if (typeof value === "number") return [{ path, kind: "number", text: String(value) }];
	if (Array.isArray(value)) return [{ path, kind: "list", text: value.join("\n") }];
	if (typeof value !== "object" || value === null) return [];
	const entries = Object.entries(value);
	// the parts themselves are no table, and a part of lists and single values is none either
	if (path !== "" && !MIXED.has(path) && isTable(value))
		return [{ path, kind: "table", rows: entries.map(([word, one]) => newRow(word, String(one))) }];
	return entries.flatMap(([key, one]) => sectionsOf(one, path === "" ? key : `${path}.${key}`));
}

const MIXED = new Set(["beds", "numbers", "kept", "allergies", "diagnosis", "values"]);

export function partOf(section: Section): string {
	return section.path.split(".")[0] ?? "";
}

/** The section as the hub has it. */
export function heldValue(section: Section): unknown {
	if (section.kind === "table")
		return Object.fromEntries(section.rows.map(({ word, value }) => [word, value]));
	if (section.kind === "list") return linesOf(section.text);
	if (section.kind === "number") return Number(section.text);
	return section.text;
}

export function mappingOf(sections: readonly Section[]): Record<string, unknown> {
	const mapping: Record<string, unknown> = {};
	for (const section of sections) {
		const [part = "", key] = section.path.split(/\.(.*)/s);
		if (key === undefined) mapping[part] = heldValue(section);
		else mapping[part] = { ...(mapping[part] as object | undefined), [key]: heldValue(section) };
	}
	return mapping;
}

export function linesOf(text: string): string[] {
	// blanks count: the prefix "BED " is another than "BED"
	return text.split("\n").filter((line) => line.trim() !== "");
}

/** What is at the path; undefined where nothing is. */
export function at(mapping: Readonly<Record<string, unknown>>, path: string): unknown {
	const [part = "", key] = path.split(/\.(.*)/s);
	const found = mapping[part];
	if (key === undefined || typeof found !== "object" || found === null) return found;
	return (found as Record<string, unknown>)[key];
}

export function isOwn(section: Section, shipped: Readonly<Record<string, unknown>>): boolean {
	return !same(heldValue(section), at(shipped, section.path));
}

/** What is wrong with a row before the hub is asked. */
export function rowFault(rows: readonly Row[], row: Row): "empty" | "twice" | null {
	const word = row.word.trim().toUpperCase();
	if (word === "") return "empty";
	const many = rows.filter((one) => one.word.trim().toUpperCase() === word).length > 1;
	return many ? "twice" : null;
}

export function isFaulty(section: Section): boolean {
	if (section.kind === "table")
		return section.rows.some((row) => rowFault(section.rows, row) !== null);
	return section.kind === "number" && !/^-?\d{1,6}$/.test(section.text.trim());
}
