/** The fold against the vectors that tests/sync/test_calls.py reads too; each case names its rules. */
import { describe, expect, test } from "vitest";
import { emptyDirectory, readDirectory } from "../../../src/core/calls/directory";
import { fold } from "../../../src/core/calls/fold";
import { type FoldCase, type Roots, readVectors } from "./vectors";

const { roots, cases } = readVectors<{ roots: Roots; cases: FoldCase[] }>("folds.json");

describe("the fold", () => {
	test.each(cases)("$name", ({ facts, now, presence, board, expect: expected, ...rest }) => {
		const directory = readDirectory({ ...roots, ...rest.roots });
		const found = fold(facts, directory, presence, now);
		expect(found.rows).toMatchObject(expected.rows);
		expect(found.closed).toMatchObject(expected.closed);
		expect(found.troubles.map((trouble) => trouble.key)).toEqual(expected.troubles);
		expect(found).toEqual(board);
		expect(fold([...facts].reverse(), directory, presence, now)).toEqual(board);
		expect(fold([...facts, ...facts], directory, presence, now)).toEqual(board);
	});

	test("changes nothing it is given", () => {
		const [first] = cases;
		const before = structuredClone(cases);
		fold(first?.facts ?? [], readDirectory(roots), null, first?.now ?? 0);
		expect(cases).toEqual(before);
	});

	test("an empty directory makes an empty board of nothing (CF14)", () => {
		expect(fold([], emptyDirectory(), null, 0)).toEqual({ rows: [], troubles: [], closed: {} });
	});

	test("a name like constructor is a name (CF14)", () => {
		const [first] = cases;
		const fact = first?.facts[0];
		if (!fact) throw new Error("no facts");
		const body = { ...fact.body, type: "constructor", source: "bed:constructor" };
		const board = fold([{ ...fact, body }], readDirectory(roots), null, first.now);
		expect(board.rows).toMatchObject([{ class: 1, tone: "medium", policy: "strict" }]);
	});
});
