/** The station's looks through cameras: which terminals have one, and which legs they are. */
import type { Directory } from "../../core/calls/types";
import type { TalkLeg } from "../../core/talk/types";

/** 2 × 2 pictures: the main station of the requirement shows four side by side. */
export const MOST_VIEWS = 4;

export function isOwnView(leg: TalkLeg): boolean {
	return leg.purpose === "view" && leg.invited;
}

/** Active bedsides and doors with a camera: beds in their order, then doors. */
export function viewTargets(directory: Directory): string[] {
	const order = (one: Directory["terminals"][string]): number =>
		one.kind === "bedside"
			? (directory.beds[one.bed ?? ""]?.order ?? 0)
			: (directory.rooms[one.room ?? ""]?.order ?? 0);
	return Object.values(directory.terminals)
		.filter((one) => one.camera === true && one.state === "active")
		.filter((one) => one.kind === "bedside" || one.kind === "door")
		.sort((a, b) => a.kind.localeCompare(b.kind) || order(a) - order(b))
		.map((one) => one.id);
}
