/** Rooms and beds in their order, moved and added: what has to be edited for it. Pure. */
import { ordered } from "../../parts/values";
import type { BedValue, Edit, GroupValue, Held, RoomValue } from "../../types";

type Placed = { id: string; order: number };

/** The list with `id` put before `before` (null: at the end), keeping the numbers in use where they differ. */
export function reordered<T extends Placed>(
	list: readonly T[],
	id: string,
	before: string | null,
): T[] {
	const now = ordered(list);
	const one = now.find((other) => other.id === id);
	if (one === undefined || before === id) return now;
	const rest = now.filter((other) => other.id !== id);
	const at = before === null ? rest.length : rest.findIndex((other) => other.id === before);
	const next = rest.toSpliced(at < 0 ? rest.length : at, 0, one);
	const numbers = now.map((other) => other.order);
	const distinct = new Set(numbers).size === numbers.length;
	return next.map((other, index) => ({
		...other,
		order: distinct ? (numbers[index] ?? index) : index + 1,
	}));
}

/** The neighbour that a step of the keyboard goes past: what to put the bed before, undefined when it is at the end. */
export function stepBefore<T extends Placed>(
	list: readonly T[],
	id: string,
	step: 1 | -1,
): string | null | undefined {
	const now = ordered(list);
	const at = now.findIndex((one) => one.id === id);
	if (at + step < 0 || at + step >= now.length) return undefined;
	return step < 0 ? (now[at - 1]?.id ?? null) : (now[at + 2]?.id ?? null);
}

const MOST_BEDS = 20;

/** "47-49, +3" as ["47", "48", "49", "+3"]; null when it cannot be read so. */
export function labelsOf(text: string): string[] | null {
	const labels: string[] = [];
	for (const part of text.split(/[\s,，、;；]+/).filter(Boolean)) {
		const range = /^(\d{1,4})[-–~～至](\d{1,4})$/.exec(part);
		if (range === null) labels.push(part);
		else {
			const [from, to] = [Number(range[1]), Number(range[2])];
			if (to < from || to - from >= MOST_BEDS) return null;
			for (let label = from; label <= to; label += 1) labels.push(String(label));
		}
	}
	const distinct = new Set(labels).size === labels.length;
	return distinct && labels.length <= MOST_BEDS && labels.every((one) => one.length <= 20)
		? labels
		: null;
}

export interface NewRoom {
	name: string;
	labels: readonly string[];
	/** group the room and its beds go into; null: none */
	group: string | null;
}

/** A room with its beds, last in the ward, and in its group, as one change. */
export function newRoom(
	ward: string,
	room: NewRoom,
	there: {
		rooms: readonly Held<RoomValue>[];
		beds: readonly Held<BedValue>[];
		groups: readonly Held<GroupValue>[];
	},
	newId: (prefix: string) => string,
	callName: (label: string) => string,
): Edit[] {
	const lastOf = (list: readonly Placed[]) => Math.max(0, ...list.map((one) => one.order));
	const id = newId("room");
	const order = lastOf(there.rooms) + 1;
	const edits: Edit[] = [
		{
			entity: "room",
			ward,
			id,
			before: null,
			after: { name: room.name, order } satisfies RoomValue,
		},
	];
	const ids = room.labels.map((label, index) => {
		const bed = newId("bed");
		const after: BedValue = {
			label,
			call_name: callName(label),
			room: id,
			order: lastOf(there.beds) + 1 + index,
		};
		edits.push({ entity: "bed", ward, id: bed, before: null, after });
		return bed;
	});
	const group = there.groups.find((one) => one.id === room.group);
	if (group !== undefined) {
		const { id: name, ...before } = group;
		const after = { ...before, rooms: [...before.rooms, id], beds: [...before.beds, ...ids] };
		edits.push({ entity: "group", ward, id: name, before, after });
	}
	return edits;
}

/** A bed or a room taken away, out of its groups first. */
export function removal(
	ward: string,
	what: { entity: "bed"; held: Held<BedValue> } | { entity: "room"; held: Held<RoomValue> },
	groups: readonly Held<GroupValue>[],
): Edit[] {
	const { id, ...before } = what.held;
	const part = what.entity === "bed" ? "beds" : "rooms";
	const edits: Edit[] = groups
		.filter((group) => group[part].includes(id))
		.map(({ id: group, ...value }) => ({
			entity: "group",
			ward,
			id: group,
			before: value,
			after: { ...value, [part]: value[part].filter((one) => one !== id) },
		}));
	return [...edits, { entity: what.entity, ward, id, before, after: null }];
}
