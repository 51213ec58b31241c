/** The harness itself: the same seed gives the same run, and what is broken on purpose is noticed. */
import "./platform";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Outbox } from "../../src/core/facts/outbox";
import { HubHandover } from "../../src/core/mesh/hub_handover";
import { WardTerminal } from "../../src/core/terminal";
import type { TerminalState } from "../../src/core/terminal_types";
import { type RunOptions, runWard } from "./run";
import type { World } from "./world";

const PATIENCE_MS = 600_000;

test(
	"the same seed gives the same run",
	async () => {
		const [first, second] = [await small({}), await small({})];
		expect(second.journal).toBe(first.journal);
		expect(second.events).toBe(first.events);
		expect((await small({ seed: "another", calls: 5 })).journal).not.toBe(first.journal);
	},
	PATIENCE_MS,
);

describe("the harness notices", () => {
	afterEach(() => vi.restoreAllMocks());

	test(
		"a hub that forgets what it said it had stored",
		async () => {
			const forget = ({ hubDisk }: World) => {
				hubDisk.forgetful = true;
			};
			expect((await small({ breakRule: forget })).verdict.lost.length).toBeGreaterThan(0);
		},
		PATIENCE_MS,
	);

	test(
		"terminals that send once and never again",
		async () => {
			vi.spyOn(Outbox.prototype, "tick").mockImplementation(() => {});
			vi.spyOn(Outbox.prototype, "joined").mockImplementation(() => {});
			vi.spyOn(HubHandover.prototype, "tick").mockImplementation(() => {});
			// Whatever is pressed while the hub is away is sent once, to nobody.
			expect((await small({ hubAway: true })).verdict.lost.length).toBeGreaterThan(0);
		},
		PATIENCE_MS,
	);

	test(
		"a screen that shows a call again that was over on it",
		async () => {
			const breakRule = ({ machines }: World) => {
				for (const machine of machines.values()) {
					const { drawn } = machine;
					let before: TerminalState | null = null;
					machine.drawn = (which, state) => {
						drawn(which, state);
						const calls = before?.board.rows.flatMap((row) => row.calls) ?? [];
						if (before !== null && calls.some((call) => state.board.closed[call]))
							drawn(which, before);
						before = state;
					};
				}
			};
			expect((await small({ breakRule })).verdict.cameBack.length).toBeGreaterThan(0);
		},
		PATIENCE_MS,
	);

	test(
		"screens that draw six seconds later than they could",
		async () => {
			const breakRule = ({ machines, time }: World) => {
				for (const machine of machines.values()) {
					const { drawn } = machine;
					machine.drawn = (which, state) =>
						void time.schedule(6_000, () => drawn(which, state), null);
				}
			};
			const { verdict } = await small({ breakRule, faultMs: 60_000 });
			expect(verdict.late.length).toBeGreaterThan(0);
		},
		PATIENCE_MS,
	);

	test(
		"a clear that names more than its maker has seen",
		async () => {
			const { act } = WardTerminal.prototype;
			let facts: World["hubDisk"]["facts"] = new Map();
			vi.spyOn(WardTerminal.prototype, "act").mockImplementation(function (
				this: WardTerminal,
				what,
				row,
				how,
			) {
				const more = [...facts.values()].filter(
					({ body }) => body.act === "placed" && body.room === row.room,
				);
				const calls = [...new Set([...row.calls, ...more.map(({ id }) => id)])].sort();
				const named = what === "cleared" ? { ...row, calls } : row;
				return act.call(this, what, named, how);
			});
			const breakRule = ({ hubDisk }: World) => {
				facts = hubDisk.facts;
			};
			expect((await small({ breakRule })).verdict.unseen.length).toBeGreaterThan(0);
		},
		PATIENCE_MS,
	);
});

function small(options: Partial<RunOptions>) {
	return runWard({ seed: "small", calls: 15, ...options });
}
