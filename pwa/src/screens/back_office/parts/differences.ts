/** What an edit changed, field by field, in words: for conflicts and for the list of changes. */
import type { Language } from "../../../text/words";
import { say } from "../../../text/words";
import type { Edit } from "../types";
import { officeWords } from "../words";
import { FIELDS } from "./fields";

export interface Difference {
	name: string;
	before: string;
	after: string;
}

const LONGEST = 120;

/** The fields that differ; of a thing made or removed, one line for the whole. */
export function differences(edit: Edit, language: Language): Difference[] {
	const t = say(language, officeWords);
	const before = asRecord(edit.before);
	const after = asRecord(edit.after);
	if (before === null || after === null) {
		const told = after ?? before ?? {};
		const name = [told.name, told.label, told.zh].find((one) => typeof one === "string");
		const text = typeof name === "string" ? name : edit.id;
		return [
			{
				name: text,
				before: before === null ? "—" : text,
				after: after === null ? t.removed : t.made,
			},
		];
	}
	return [...new Set([...Object.keys(before), ...Object.keys(after)])]
		.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]))
		.map((key) => ({
			name: fieldName(key, language),
			before: textOf(before[key], t.empty),
			after: textOf(after[key], t.empty),
		}));
}

export function fieldName(key: string, language: Language): string {
	const both = FIELDS[key];
	return both === undefined ? key : both[language];
}

function asRecord(value: unknown): Record<string, unknown> | null {
	return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
}

function textOf(value: unknown, empty: string): string {
	if (value === null || value === undefined || value === "") return empty;
	if (typeof value === "boolean") return value ? "✓" : "✗";
	const text =
		Array.isArray(value) && value.every((one) => typeof one !== "object") ? value.join(" ") : "";
	const told = text || (typeof value === "object" ? JSON.stringify(value) : String(value));
	return told.length > LONGEST ? `${told.slice(0, LONGEST)}…` : told;
}
