/** How far a press has come, and what a station may report, with the hub and without (A3, A4). */
import { describe, expect, it } from "vitest";
import { isSafe, progressOf, toReceive } from "../../../src/core/board_rules";
import { readDirectory } from "../../../src/core/calls/directory";
import { fold } from "../../../src/core/calls/fold";
import type { HeardFact } from "../../../src/core/calls/types";
import { OwnPresses, UNDELIVERED_MS } from "../../../src/core/facts/own_presses";
import type { SelfInfo } from "../../../src/core/terminal_types";
import { type FoldCase, type Roots, readVectors } from "../calls/vectors";

const { roots, cases } = readVectors<{ roots: Roots; cases: FoldCase[] }>("folds.json");
const directory = readDirectory(roots);
const found = cases.find((one) => one.name === "a press no hub has heard rings from first sight");
const press = found?.facts[0] as HeardFact;
const { at } = press.body;

function read(now: number, reachable: boolean, heldBy: string[], fact: HeardFact = press) {
	const board = fold([fact], directory, null, now);
	const presses = new OwnPresses("bed-b01");
	const all = presses.read(
		board,
		() => fact,
		() => "kept",
		now,
		reachable,
		() => heldBy,
	);
	return all.map(({ progress, undelivered, heldBy: holders }) => [progress, undelivered, holders]);
}

describe("a press without the hub", () => {
	it("is shown, and delivered, once a neighbour holds it", () => {
		expect(read(at + 50, false, [])).toEqual([["kept", true, []]]);
		expect(read(at + 60, false, ["door-r01"])).toEqual([["shown", false, ["door-r01"]]]);
	});

	it("with a hub that does not answer in time a neighbour will do", () => {
		expect(read(at + UNDELIVERED_MS - 1, true, [])).toEqual([["kept", false, []]]);
		expect(read(at + UNDELIVERED_MS, true, [])).toEqual([["kept", true, []]]);
		expect(read(at + UNDELIVERED_MS, true, ["door-r01"])).toEqual([["shown", false, ["door-r01"]]]);
	});

	it("the hub's word is more than a neighbour's, a receipt more than both", () => {
		const stored = { ...press, heardAt: at + 5 };
		expect(read(at + 50, true, ["door-r01"], stored)).toEqual([["stored", false, ["door-r01"]]]);
		const [row] = fold([press], directory, null, at).rows;
		if (!row) throw new Error("no row");
		const received = { ...row, received: { fact: "f", terminal: "station-main", staff: null, at } };
		expect(progressOf(received, null, "kept", ["door-r01"])).toBe("received");
		expect(progressOf(row, null, "failed", ["door-r01"])).toBe("shown");
		expect(progressOf(row, null, "writing", [])).toBe("pressed");
	});
});

describe("a receipt", () => {
	it("needs the own disk, and the hub's where there is one", () => {
		const kept = { heardAt: null, kept: true };
		expect([isSafe(kept, true), isSafe(kept, false)]).toEqual([false, true]);
		expect([
			isSafe({ ...kept, heardAt: 1 }, true),
			isSafe({ ...kept, kept: false }, false),
		]).toEqual([true, false]);
		expect(isSafe(null, false)).toBe(false);
	});

	it("is due for what is listed, sounds here, and is safe", () => {
		const board = fold([press], directory, null, at + 50);
		const self = (terminal: string) => ({ terminal, kind: "station" }) as SelfInfo;
		const due = (terminal: string, safe: boolean) =>
			toReceive(board, self(terminal), directory, [press], () => safe).flatMap(
				(each) => each.calls,
			);
		expect(due("station-main", true)).toEqual([press.id]);
		expect(due("station-main", false)).toEqual([]);
		expect(due("station-vice", true)).toEqual([]);
	});
});
