/**
 * 500 calls of a ward under cuts, kills, silences and restarts, over the real core (A5). The same seed gives the same run;
 * `python -m loadtests.faults --only-run '{"seed": "one", "calls": 95}'` tells one line by line.
 */
import "./platform";
import { describe, expect, test } from "vitest";
import { runWard } from "./run";

const PATIENCE_MS = 600_000;

describe("A5: a ward under faults", () => {
	test.each([
		["one", 95, {}],
		["two", 95, {}],
		["three", 95, {}],
		["four", 95, {}],
		["without the hub", 100, { hubAway: true }],
		["later", 20, { aftermath: true, faultMs: 2_000 }],
	])(
		"%s: %i calls, none lost, none resurrected, none cleared unseen, none back on a screen, none late, boards equal",
		async (seed, calls, more) => {
			const run = await runWard({ seed, calls, ...more });
			expect(run.failures).toEqual([]);
			expect(run.kept).toBeGreaterThan(calls * 0.9);
			expect(run.over).toBeGreaterThan(calls / 5);
			expect([...run.faults.values()].reduce((sum, each) => sum + each)).toBeGreaterThanOrEqual(5);
		},
		PATIENCE_MS,
	);
});
