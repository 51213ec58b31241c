/**
 * Handover 交班 (HAND-06, HAND-07): one document a date and shift. The hand-made order is a fractional
 * index a stay in the root map `order`; what is written of a patient is Y.Text `note:{stay}` and `advice:{stay}`.
 */
import type * as Y from "yjs";
import { baseKey, isKey, keyBetween } from "./fractional_index";
import { writeText } from "./text_edit";

export const HANDOVER_TEXT_MAX = 20_000;
export type HandoverField = "note" | "advice";
export type HandoverOrder = "level" | "bed" | "hand";

/** A patient as the list needs it. `order`: place of the bed in the ward; unknown levels come last. */
export interface HandoverPatient {
	stay: string;
	order: number;
	careLevel: string | undefined;
}

const ORDER = "order";
const LEVELS = ["special", "first", "second", "third"];
const rank = (level: string | undefined): number => {
	const at = LEVELS.indexOf(level ?? "");
	return at < 0 ? LEVELS.length : at;
};
const byBed = (a: HandoverPatient, b: HandoverPatient): number =>
	a.order - b.order || (a.stay < b.stay ? -1 : 1);

/** Where a patient stands by hand: its own key, or that of its bed as long as nobody has moved it. */
function keyOf(doc: Y.Doc, patient: HandoverPatient): string {
	const key = doc.getMap<unknown>(ORDER).get(patient.stay);
	return isKey(key) ? key : baseKey(patient.order);
}

/** The patients in the order asked for; never fewer than came in. */
export function ordered<P extends HandoverPatient>(
	doc: Y.Doc,
	patients: readonly P[],
	order: HandoverOrder,
): P[] {
	const list = [...patients].sort(byBed);
	if (order === "level") return list.sort((a, b) => rank(a.careLevel) - rank(b.careLevel));
	if (order === "hand") {
		const keys = new Map(list.map((patient) => [patient.stay, keyOf(doc, patient)]));
		return list.sort((a, b) => {
			const [left = "", right = ""] = [keys.get(a.stay), keys.get(b.stay)];
			return left < right ? -1 : left > right ? 1 : 0;
		});
	}
	return list;
}

/** Moves one patient to place `to` (0 = first) of the hand-made order; only its own key is written. */
export function movePatient(
	doc: Y.Doc,
	patients: readonly HandoverPatient[],
	stay: string,
	to: number,
): void {
	const others = ordered(doc, patients, "hand").filter((patient) => patient.stay !== stay);
	const place = Math.max(0, Math.min(to, others.length));
	const before = others[place - 1];
	const low = before === undefined ? null : keyOf(doc, before);
	// two sides may have made the same key: the next higher one is the limit
	const high = others
		.slice(place)
		.map((patient) => keyOf(doc, patient))
		.find((key) => low === null || key > low);
	const key = keyBetween(low, high ?? null);
	// keys that have grown past what a document may hold: everything gets a fresh one
	if (isKey(key)) doc.getMap<string>(ORDER).set(stay, key);
	else {
		const order = [...others.slice(0, place).map((one) => one.stay), stay];
		for (const one of others.slice(place)) order.push(one.stay);
		for (const [index, one] of order.entries()) doc.getMap<string>(ORDER).set(one, baseKey(index));
	}
}

export function handoverText(doc: Y.Doc, field: HandoverField, stay: string): string {
	return doc.getText(`${field}:${stay}`).toString();
}

/** `before` is what the hand saw when it began; what others typed since stays. */
export function editHandover(
	doc: Y.Doc,
	field: HandoverField,
	stay: string,
	before: string,
	after: string,
): void {
	writeText(doc.getText(`${field}:${stay}`), before, after);
}

export interface LevelShare {
	level: string;
	count: number;
	/** whole per cent; the shares of a ward sum to about 100 */
	percent: number;
}

/** Numbers and shares by care level (HAND-01), levels in order, `none` last and only when someone has none. */
export function levelShares(patients: readonly HandoverPatient[]): LevelShare[] {
	const shares: LevelShare[] = [];
	for (const level of [...LEVELS, "none"]) {
		const count = patients.filter((patient) =>
			level === "none" ? rank(patient.careLevel) === LEVELS.length : patient.careLevel === level,
		).length;
		if (level === "none" && count === 0) continue;
		const percent = patients.length === 0 ? 0 : Math.round((count * 100) / patients.length);
		shares.push({ level, count, percent });
	}
	return shares;
}
