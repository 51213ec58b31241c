/**
 * 500 calls of a ward under cuts, kills, silences and restarts, over the real core. The same seed gives the same run:
 * many.ts tells a run that failed line by line.
 */
import "./platform";
import { describe, expect, test } from "vitest";
import { runWard } from "./run";

const PATIENCE_MS = 300_000;

describe("a ward under faults", () => {
	test.each([
		["one", 160, false],
		["two", 160, false],
		["three", 140, false],
		["later", 40, true],
	])(
		"%s: %i calls, none lost, none resurrected, none cleared unseen, boards equal",
		async (seed, calls, aftermath) => {
			const run = await runWard({ seed, calls, aftermath });
			expect(run.failures).toEqual([]);
			expect(run.kept).toBeGreaterThan(calls * 0.9);
			expect(run.verdict.over.size).toBeGreaterThan(calls / 5);
			expect([...run.faults.values()].reduce((sum, each) => sum + each)).toBeGreaterThan(5);
		},
		PATIENCE_MS,
	);

	test(
		"the same seed gives the same run",
		async () => {
			const [first, second] = [await short("again"), await short("again")];
			expect(second.journal).toBe(first.journal);
			expect((await short("other")).journal).not.toBe(first.journal);
		},
		PATIENCE_MS,
	);
});

describe("the harness notices", () => {
	test(
		"a hub that forgets what it said it had stored",
		async () => {
			const run = await runWard({
				seed: "forgetful",
				calls: 15,
				breakRule: ({ hubDisk }) => {
					hubDisk.broken.forgetful = true;
				},
			});
			expect(run.verdict.lost.length).toBeGreaterThan(0);
		},
		PATIENCE_MS,
	);
});

function short(seed: string) {
	return runWard({ seed, calls: 20 });
}
