/** Which keys a running talk gets, by the kind of terminal that shows it. */
import type { Directory, TerminalKind } from "../../core/calls/types";
import type { TalkLeg } from "../../core/talk/types";

export type TalkKey = "mute" | "hold" | "transfer" | "record" | "device";

/** A patient mutes and hangs up; passing a talk on, holding and recording are for staff. */
const KEYS: Partial<Record<TerminalKind, readonly TalkKey[]>> = {
	station: ["mute", "hold", "transfer", "record", "device"],
	pda: ["mute", "hold", "transfer", "record", "device"],
	bedside: ["mute", "device"],
	door: ["mute"],
};

/** Keys of this leg now, in their order; hanging up is always there. */
export function keysOf(
	kind: TerminalKind | undefined,
	leg: TalkLeg,
	directory: Directory,
	stations: readonly string[],
): TalkKey[] {
	if (leg.purpose !== "talk" || kind === undefined) return [];
	if (leg.state !== "open" && leg.state !== "held") return [];
	return (KEYS[kind] ?? []).filter((key) => {
		// nobody is heard while it is held: only bringing it back and passing it on make sense
		if (leg.state === "held" && key !== "hold" && key !== "transfer") return false;
		if (key === "transfer") return stations.length > 0;
		if (key === "record") return directory.ward.recording;
		// only who holds a talk can bring it back
		if (key === "hold") return !leg.heldByPeer;
		return true;
	});
}

/** Stations a talk may be passed on to, sorted by id: not this one, and not the other end. */
export function stationsFor(directory: Directory, self: string, peer: string): string[] {
	return Object.values(directory.terminals)
		.filter((one) => one.kind === "station" && one.state === "active")
		.map((one) => one.id)
		.filter((id) => id !== self && id !== peer)
		.sort();
}
