/** On which layer of connection a terminal stands (design: what still works when what fails). Pure. */
import { own } from "../calls/directory";
import type { Directory, TerminalKind } from "../calls/types";
import type { Layer, SelfInfo } from "../terminal_types";

/** Where staff see a call: a door or a wall screen is in the ward's mesh by any of these. */
const IN_THE_WARD: readonly TerminalKind[] = ["station", "corridor", "whiteboard"];
const WALLS: readonly TerminalKind[] = ["door", "corridor", "whiteboard"];

/** `alive`: terminals whose own link lives. 1 hub, 2 ward mesh, 3 room, 4 alone. */
export function layerOf(
	self: SelfInfo,
	directory: Directory,
	hubConnected: boolean,
	alive: readonly string[],
): Layer {
	if (hubConnected) return 1;
	const others = alive.flatMap((id) => own(directory.terminals, id) ?? []);
	if (self.kind === "station" && alive.length > 0) return 2;
	const reached = WALLS.includes(self.kind) ? IN_THE_WARD : (["station"] as const);
	if (others.some(({ kind }) => reached.some((each) => each === kind))) return 2;
	return self.room !== null && others.some(({ room }) => room === self.room) ? 3 : 4;
}
