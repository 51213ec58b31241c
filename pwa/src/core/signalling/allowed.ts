/**
 * Which terminals meet: mesh links, talks, who dials. Rules SG8 to SG10; the same as ward_signalling/allowed.py.
 * Both entries come from one ward's directory; the hub's media relay is the party `hub`.
 */
import { own } from "../calls/directory";
import type { Directory, TerminalKind } from "../calls/types";
import { HUB_PARTY } from "./types";

export type TerminalEntry = Directory["terminals"][string];

const pair = (one: TerminalKind, other: TerminalKind): string =>
	one < other ? `${one} ${other}` : `${other} ${one}`;

/** Of one room only: a door's bedsides hear its bathroom, a bed is answered from its own door. */
const ROOM_PAIRS = new Set([pair("bedside", "door")]);
const MESH_PAIRS = new Set([
	pair("bedside", "station"),
	pair("door", "station"),
	pair("door", "corridor"),
	pair("door", "whiteboard"),
	pair("station", "station"),
	pair("station", "pda"),
	pair("station", "corridor"),
	pair("station", "whiteboard"),
]);
const TALK_PAIRS = new Set([
	pair("bedside", "station"),
	pair("bedside", "pda"),
	pair("door", "station"),
	pair("station", "station"),
	pair("station", "pda"),
	pair("door", "pda"),
]);
const HUB_KINDS: readonly TerminalKind[] = ["station", "bedside", "door", "corridor"];
const RANK: readonly TerminalKind[] = [
	"station",
	"door",
	"corridor",
	"whiteboard",
	"pda",
	"bedside",
];

/** Whether the two hold a link (SG8). */
export function meshPair(a: TerminalEntry, b: TerminalEntry): boolean {
	return meet(a, b, MESH_PAIRS);
}

/** Whether the two may talk (SG8). */
export function talkPair(a: TerminalEntry, b: TerminalEntry): boolean {
	return meet(a, b, TALK_PAIRS);
}

/** Whether the two may signal to each other (SG8, SG9); the same either way round. */
export function allowed(a: string, b: string, directory: Directory): boolean {
	if (a === HUB_PARTY || b === HUB_PARTY) {
		const terminal = own(directory.terminals, a === HUB_PARTY ? b : a);
		return (
			directory.ward.relay_key !== undefined &&
			a !== b &&
			terminal?.state === "active" &&
			HUB_KINDS.includes(terminal.kind)
		);
	}
	const one = own(directory.terminals, a);
	const other = own(directory.terminals, b);
	return one !== undefined && other !== undefined && (meshPair(one, other) || talkPair(one, other));
}

/** Whether `a` dials the link of the two (SG10): the smaller rank, of equal ones the smaller id. */
export function dials(a: TerminalEntry, b: TerminalEntry): boolean {
	const [one, other] = [RANK.indexOf(a.kind), RANK.indexOf(b.kind)];
	return one === other ? a.id < b.id : one < other;
}

function meet(a: TerminalEntry, b: TerminalEntry, pairs: ReadonlySet<string>): boolean {
	if (a.id === b.id || a.state !== "active" || b.state !== "active") return false;
	const kinds = pair(a.kind, b.kind);
	return pairs.has(kinds) || (ROOM_PAIRS.has(kinds) && a.room !== undefined && a.room === b.room);
}
