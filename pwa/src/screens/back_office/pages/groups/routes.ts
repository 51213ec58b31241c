/**
 * Which groups and stations a call of a bed or a room reaches: the rules of core/calls/escalation.ts (CF30 to CF32),
 * read from the configuration instead of the directory, so that a draft can be looked at before it is saved.
 */
import type { GroupValue, Held } from "../../types";

export type Group = Held<GroupValue>;

export interface Plan {
	groups: readonly Group[];
	/** room of each bed */
	roomOf: ReadonlyMap<string, string>;
}

/** `bed:<id>` or `room:<id>`; the room's are its door's and bathroom's calls. */
export type Source = `bed:${string}` | `room:${string}`;

/** The groups that hold the source, in their order; `inherited`: not named itself, but by its room or its beds. */
export function groupsOf(plan: Plan, source: Source): { groups: Group[]; inherited: boolean } {
	const id = source.slice(source.indexOf(":") + 1);
	const own = source.startsWith("bed:")
		? plan.groups.filter((group) => group.beds.includes(id))
		: plan.groups.filter((group) => group.rooms.includes(id));
	if (own.length > 0) return { groups: own, inherited: false };
	const other = source.startsWith("bed:")
		? plan.groups.filter((group) => group.rooms.includes(plan.roomOf.get(id) ?? ""))
		: plan.groups.filter((group) => group.beds.some((bed) => plan.roomOf.get(bed) === id));
	return { groups: other, inherited: other.length > 0 };
}

export interface Way {
	groups: Group[];
	/** in the order of the groups, each once */
	stations: string[];
	/** no group names a station: all stations of the ward ring */
	everyStation: boolean;
	/** asked when nobody has come at the last step */
	escalateTo: string[];
}

export function wayOf(plan: Plan, source: Source): Way {
	const { groups } = groupsOf(plan, source);
	const stations = [...new Set(groups.flatMap((group) => group.stations))];
	return {
		groups,
		stations,
		everyStation: stations.length === 0,
		escalateTo: [...new Set(groups.flatMap((group) => group.escalate_to))],
	};
}

/** Beds in no group, neither themselves nor by their room: they ring at all stations of the ward. */
export function looseBeds(plan: Plan): string[] {
	return [...plan.roomOf.keys()].filter((bed) => groupsOf(plan, `bed:${bed}`).groups.length === 0);
}

/** What was picked goes into the group. `alone`: and out of all others. Keeps the order of `beds` and `rooms`. */
export function assign(
	groups: readonly Group[],
	to: string,
	picked: { beds: readonly string[]; rooms: readonly string[] },
	alone: boolean,
	order: { beds: readonly string[]; rooms: readonly string[] },
): Group[] {
	const within = (all: readonly string[], held: readonly string[], more: readonly string[]) =>
		all.filter((one) => held.includes(one) || more.includes(one));
	const without = (held: readonly string[], less: readonly string[]) =>
		held.filter((one) => !less.includes(one));
	return groups.map((group) => {
		if (group.id === to) {
			return {
				...group,
				beds: within(order.beds, group.beds, picked.beds),
				rooms: within(order.rooms, group.rooms, picked.rooms),
			};
		}
		if (!alone) return group;
		return {
			...group,
			beds: without(group.beds, picked.beds),
			rooms: without(group.rooms, picked.rooms),
		};
	});
}

/** What was picked goes out of the group. */
export function take(
	groups: readonly Group[],
	from: string,
	picked: { beds: readonly string[]; rooms: readonly string[] },
): Group[] {
	return groups.map((group) =>
		group.id === from
			? {
					...group,
					beds: group.beds.filter((bed) => !picked.beds.includes(bed)),
					rooms: group.rooms.filter((room) => !picked.rooms.includes(room)),
				}
			: group,
	);
}
