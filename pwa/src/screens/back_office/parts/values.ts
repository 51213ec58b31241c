/** Edits out of what is and what shall be: values without their ids, and only what differs. */
import type { Edit, EntityName, Held } from "../types";

type Extra = { id: string; state?: unknown; shipped?: unknown };

/** The value as an edit carries it: without its id and what the listing adds. */
export function bareValue<T extends Extra>(held: T): Omit<T, "id" | "state" | "shipped"> {
	const { id: _id, state: _state, shipped: _shipped, ...value } = held;
	return value;
}

/** Equal whatever the order of keys. */
export function same(a: unknown, b: unknown): boolean {
	if (a === b) return true;
	if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
	if (Array.isArray(a) !== Array.isArray(b)) return false;
	const [first, second] = [a as Record<string, unknown>, b as Record<string, unknown>];
	const keys = Object.keys(first);
	return (
		keys.length === Object.keys(second).length &&
		keys.every((key) => Object.hasOwn(second, key) && same(first[key], second[key]))
	);
}

/** What has to be made, changed and removed so that `before` becomes `after`; removals come first. */
export function editsBetween<V extends object>(
	entity: EntityName,
	ward: string | null,
	before: readonly Held<V>[],
	after: readonly Held<V>[],
): Edit[] {
	const edits: Edit[] = [];
	for (const one of before) {
		if (!after.some((other) => other.id === one.id))
			edits.push({ entity, ward, id: one.id, before: bareValue(one), after: null });
	}
	for (const one of after) {
		const old = before.find((other) => other.id === one.id);
		const value = bareValue(one);
		if (old === undefined) edits.push({ entity, ward, id: one.id, before: null, after: value });
		else if (!same(bareValue(old), value))
			edits.push({ entity, ward, id: one.id, before: bareValue(old), after: value });
	}
	return edits;
}

/** In their order; of the same place by id, so that the order is one for everybody. */
export function ordered<T extends { id: string; order: number }>(list: readonly T[]): T[] {
	return [...list].sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
}

/** A copy with the element moved by `step` places, as far as there are any. */
export function moved<T>(list: readonly T[], at: number, step: number): T[] {
	const to = Math.max(0, Math.min(list.length - 1, at + step));
	const copy = [...list];
	const [one] = copy.splice(at, 1);
	if (one !== undefined) copy.splice(to, 0, one);
	return copy;
}
