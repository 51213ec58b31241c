/** Which calls documents go to whom (rule NB2), over all kinds. */
import { describe, expect, it } from "vitest";
import { readDirectory } from "../../../src/core/calls/directory";
import type { TerminalKind } from "../../../src/core/calls/types";
import { mayHave, sharedDocuments } from "../../../src/core/mesh/fact_rights";

const WARD = "w";
const KINDS: TerminalKind[] = [
	"bedside",
	"door",
	"call_point",
	"station",
	"pda",
	"corridor",
	"whiteboard",
];
const OF_A_ROOM = KINDS.slice(0, 3);
const ROOM = "ward/w/room/r01/calls";
const OTHER_ROOM = "ward/w/room/r02/calls";
const ALL = ["ward/w/calls", ROOM, OTHER_ROOM];

const entry = (id: string, kind: TerminalKind, room: string, state = "active") => [
	id,
	{ kind, state, ...(OF_A_ROOM.includes(kind) && { room }) },
];
const directory = readDirectory({
	terminals: Object.fromEntries([
		...KINDS.map((kind) => entry(`${kind}-1`, kind, "r01")),
		...KINDS.map((kind) => entry(`${kind}-2`, kind, "r02")),
		entry("revoked", "station", "", "revoked"),
		entry("planned", "station", "", "planned"),
		["homeless", { kind: "bedside", state: "active" }],
	]),
});

/** What a terminal of the kind may have, said plainly. */
const expected = (kind: TerminalKind, room: string) =>
	OF_A_ROOM.includes(kind) ? [`ward/w/room/${room}/calls`] : ALL;

describe("rights to calls documents", () => {
	it.each(KINDS)("%s", (kind) => {
		const terminal = directory.terminals[`${kind}-1`];
		const had = ALL.filter((document) => mayHave(terminal, document, WARD));
		expect(had).toEqual(expected(kind, "r01"));
		const strange = [
			"ward/v/calls",
			"ward/v/room/r01/calls",
			"ward/w/beds",
			"ward/w/room/r01/door",
		];
		for (const document of strange) expect(mayHave(terminal, document, WARD)).toBe(false);
	});

	it.each(KINDS.flatMap((one) => KINDS.map((other) => [one, other] as const)))(
		"%s and %s share what both may have, in one room and in two",
		(one, other) => {
			for (const [room, id] of [
				["r01", `${other}-1`],
				["r02", `${other}-2`],
			] as const) {
				const both = expected(one, "r01").filter((each) => expected(other, room).includes(each));
				const shared = sharedDocuments(directory, WARD, `${one}-1`, id, ["r01", "r02"]);
				expect(shared).toEqual(both);
				expect(sharedDocuments(directory, WARD, id, `${one}-1`, ["r01", "r02"])).toEqual(both);
			}
		},
	);

	it("nobody unknown, planned, revoked or without a room has any", () => {
		for (const id of ["revoked", "planned", "homeless", "nobody", "constructor"]) {
			expect(sharedDocuments(directory, WARD, "station-1", id, ["r01", "r02"])).toEqual([]);
		}
	});

	it("a room's terminals share it though the asking one's list of rooms lacks it", () => {
		expect(sharedDocuments(directory, WARD, "bedside-1", "station-1", [])).toEqual([ROOM]);
	});
});
