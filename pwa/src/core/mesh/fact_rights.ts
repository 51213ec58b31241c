/** Which calls documents a terminal may have (rule NB2): the hub's gate, said for the mesh. Pure. */
import { own } from "../calls/directory";
import type { Directory, TerminalKind } from "../calls/types";
import * as names from "../protocol/names";

type Terminal = Directory["terminals"][string];

/** Terminals of one room have that room's calls; call points have no links, but the rule is the room's. */
const OF_A_ROOM: readonly TerminalKind[] = ["bedside", "door", "call_point"];
const OF_THE_WARD: readonly TerminalKind[] = ["station", "pda", "corridor", "whiteboard"];

/** Whether the terminal may have the document's facts; nobody unknown, planned or revoked has any. */
export function mayHave(terminal: Terminal | undefined, document: string, ward: string): boolean {
	if (terminal?.state !== "active") return false;
	if (OF_A_ROOM.includes(terminal.kind)) {
		return terminal.room !== undefined && document === names.calls(ward, terminal.room);
	}
	return OF_THE_WARD.includes(terminal.kind) && isOf(ward, document);
}

/** The calls documents both may have, `rooms` being those known to the asking one. */
export function sharedDocuments(
	directory: Directory,
	ward: string,
	one: string,
	other: string,
	rooms: Iterable<string>,
): string[] {
	const both = [own(directory.terminals, one), own(directory.terminals, other)];
	// A bedside's share may lack rooms that its neighbour's room proves.
	const known = new Set([...rooms, ...both.flatMap((each) => each?.room ?? [])]);
	const documents = [
		names.calls(ward, null),
		...[...known].sort().map((room) => names.calls(ward, room)),
	];
	return documents.filter((each) => both.every((terminal) => mayHave(terminal, each, ward)));
}

function isOf(ward: string, document: string): boolean {
	return names.isCallsDocument(document) && document.startsWith(`ward/${ward}/`);
}
