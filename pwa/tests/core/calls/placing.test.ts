/** What one terminal may do with a board (CF38 to CF40); the same rules as tests/sync/test_placing.py. */
import { describe, expect, test } from "vitest";
import { emptyDirectory, readDirectory } from "../../../src/core/calls/directory";
import { fold, may, mayPlace, soundsOn } from "../../../src/core/calls/fold";
import type { Act } from "../../../src/core/calls/types";
import { type FoldCase, type Roots, readVectors } from "./vectors";

const { roots, cases } = readVectors<{ roots: Roots; cases: FoldCase[] }>("folds.json");
const directory = readDirectory(roots);

function boardOf(name: string) {
	const found = cases.find((one) => one.name === name);
	if (!found) throw new Error(`no case ${name}`);
	const { facts, now, presence } = found;
	const own = readDirectory({ ...roots, ...found.roots });
	return { board: fold(facts, own, presence, now), directory: own, now };
}

function rowOf(name: string) {
	const [row] = boardOf(name).board.rows;
	if (!row) throw new Error(`no row in ${name}`);
	return row;
}

const PRESS = "a press rings at the group's station and the bed's nurse";
const ACTS: Act[] = [
	"placed",
	"received",
	"acknowledged",
	"declined",
	"answered",
	"ended",
	"attended",
	"cleared",
	"cancelled",
];

describe("placing", () => {
	test("a press within two seconds only confirms (CF38)", () => {
		const { board, now } = boardOf(PRESS);
		expect(mayPlace(board, "bed:b01", "patient", now)).toBe(false);
		expect(mayPlace(board, "bed:b01", "patient", now + 999)).toBe(false);
		expect(mayPlace(board, "bed:b01", "patient", now + 1000)).toBe(true);
		expect(mayPlace(board, "bed:b01", "emergency", now)).toBe(true);
	});

	test("beyond twenty open presses only confirm (CF38)", () => {
		const { board, now } = boardOf(PRESS);
		const rows = board.rows.map((row) => ({ ...row, count: 20 }));
		expect(mayPlace({ ...board, rows }, "bed:b01", "patient", now + 9000)).toBe(false);
	});

	test.each([
		["bed-b01", "ended cleared cancelled"],
		["bed-b02", "ended"],
		["bed-b03", ""],
		["door-r01", "answered ended attended cleared"],
		["door-r02", ""],
		["station-main", "received acknowledged answered ended cleared"],
		["pda-01", "acknowledged declined answered ended attended cleared"],
		["whiteboard", "acknowledged ended cleared"],
		["corridor-1", ""],
		["pda-09", ""],
		["nobody", ""],
	])("what %s offers on a patient's call: %s (CF39)", (terminal, acts) => {
		const offered = ACTS.filter((act) => may(act, rowOf(PRESS), terminal, directory));
		expect(offered.join(" ")).toBe(acts);
	});

	test("a strict clear is offered when it would close the whole row (CF39)", () => {
		const offers = (name: string) => may("cleared", rowOf(name), "station-main", directory);
		expect(offers("strict: a bare clear closes nothing")).toBe(false);
		expect(offers("a real talk leaves a strict call taken, and to rest on")).toBe(true);
		expect(offers("a second press after presence needs its own")).toBe(false);
	});

	test("where a ringing row sounds (CF40)", () => {
		const sounding = (name: string) =>
			Object.keys(directory.terminals)
				.filter((terminal) => soundsOn(rowOf(name), terminal, directory))
				.sort();
		const all = ["corridor-1", "door-r01", "pda-01", "station-main", "whiteboard"];
		expect(sounding(PRESS)).toEqual(all);
		expect(sounding("acknowledged silences, light and row stay")).toEqual([]);
		expect(sounding("a station call asks its station only")).toEqual(["station-vice"]);
		expect(soundsOn(rowOf(PRESS), "station-main", emptyDirectory())).toBe(true);
	});
});
