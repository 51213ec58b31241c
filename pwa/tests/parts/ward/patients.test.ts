/** Bed tiles from cards and calls, and the post-operative day. */
import { expect, test } from "vitest";
import { sampleRow } from "../../../src/fixture/board";
import { NOW, sampleCard, sampleDirectory } from "../../../src/fixture/ward";
import {
	boardTiles,
	keepSame,
	type Patient,
	patientTiles,
	postOpDay,
} from "../../../src/parts/ward/patients";

const directory = sampleDirectory();
const patients = new Map<string, Patient>([
	["b12", { bed: "b12", stay: "s12", card: sampleCard(12) ?? {}, syncedAt: NOW }],
]);

test("every bed has a tile; a bed's own call goes before its room's", () => {
	const rows = [
		sampleRow(directory, "bathroom:r06", "bathroom", 9),
		sampleRow(directory, "bed:b12", "patient", 5),
	];
	const tiles = patientTiles(directory, patients, rows);
	const of = (bed: string) => tiles.find((tile) => tile.bed === bed);
	expect(tiles).toHaveLength(46);
	expect(of("b12")).toMatchObject({ empty: false, allergy: true, call: { type: "patient" } });
	expect(of("b11")).toMatchObject({ empty: true, call: { type: "bathroom" } });
	expect(of("b01")?.call).toBeNull();
});

test("a call at one bed leaves every other tile the same object", () => {
	const before = patientTiles(directory, patients, []);
	const rows = [sampleRow(directory, "bed:b12", "patient", 5)];
	const after = keepSame(before, patientTiles(directory, patients, rows));
	expect(after.filter((tile, at) => tile !== before[at]).map((tile) => tile.bed)).toEqual(["b12"]);
});

test("a borrowed bed is marked where the board says so (LOAN-01)", () => {
	const board = { b01: { name: "张**", loaned: true }, b02: { name: "王**" } };
	const marked = boardTiles(directory, board, []).filter((tile) => tile.loaned);
	expect(marked.map((tile) => tile.bed)).toEqual(["b01"]);
});

test("the day of the operation is 0, the next day 1, before it none (SIGN-02)", () => {
	const at = (day: number, hour: number) => new Date(2026, 10, day, hour).getTime();
	expect(postOpDay(at(18, 15), at(18, 9))).toBe(0);
	expect(postOpDay(at(18, 15), at(19, 1))).toBe(1);
	expect(postOpDay(at(18, 15), at(17, 23))).toBeNull();
	expect(postOpDay(null, at(17, 23))).toBeNull();
});
