/** Whom a broadcast is for: ward, groups, rooms and beds as chosen, resolved to bedside terminals (CALL-02). */
import type { Directory, Presence } from "../../core/calls/types";

export type TargetKind = "ward" | "room" | "group" | "bed";

export interface Target {
	kind: TargetKind;
	id: string;
}

export const keyOf = (target: Target): string => `${target.kind}:${target.id}`;

/** Ids of the active bedside terminals that the targets cover, sorted, each once. */
export function bedsidesOf(targets: readonly Target[], directory: Directory): string[] {
	return Object.values(directory.terminals)
		.filter((one) => one.kind === "bedside" && one.state === "active")
		.filter(({ bed, room }) => targets.some((target) => covers(target, bed, room, directory)))
		.map((one) => one.id)
		.sort();
}

function covers(
	target: Target,
	bed: string | undefined,
	room: string | undefined,
	directory: Directory,
): boolean {
	// a bedside stands where its bed stands; one without a bed where it was put
	const place = bed === undefined ? room : (directory.beds[bed]?.room ?? room);
	switch (target.kind) {
		case "ward":
			return true;
		case "bed":
			return bed === target.id;
		case "room":
			return place === target.id;
		case "group": {
			const group = directory.groups[target.id];
			if (group === undefined) return false;
			return (
				(bed !== undefined && group.beds.includes(bed)) ||
				(place !== undefined && group.rooms.includes(place))
			);
		}
	}
}

/** The selection after a touch: the whole ward stands alone, all others add up. */
export function toggled(chosen: readonly Target[], touched: Target): Target[] {
	const had = chosen.some((one) => keyOf(one) === keyOf(touched));
	if (had) return chosen.filter((one) => keyOf(one) !== keyOf(touched));
	if (touched.kind === "ward") return [touched];
	return [...chosen.filter((one) => one.kind !== "ward"), touched];
}

/** Those of the terminals that are known to be away; nobody is, while presence cannot tell. */
export function awayOf(terminals: readonly string[], presence: Presence | null): string[] {
	if (presence === null) return [];
	const told = presence.scope === undefined ? null : new Set(presence.scope);
	return terminals.filter(
		(id) => (told === null || told.has(id)) && presence.terminals[id]?.connected === false,
	);
}
