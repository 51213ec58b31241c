import { describe, expect, it } from "vitest";
import { HubClock } from "../../src/core/clock";

/** A machine whose clocks are set by hand. */
function machine(kept: { offset: number; wall: number } | null = null) {
	const at = { wall: 1_000_000, monotonic: 50 };
	const clock = new HubClock(
		() => at.wall,
		() => at.monotonic,
		kept,
	);
	const pass = (ms: number) => {
		at.wall += ms;
		at.monotonic += ms;
	};
	return { at, clock, pass };
}

describe("hub time", () => {
	it("is the wall clock's, and own, before any hub was heard", () => {
		const { clock } = machine();
		expect([clock.now(), clock.kind(), clock.keep()]).toEqual([1_000_000, "own", null]);
	});

	it("takes the middle of the shortest round trip", () => {
		const { at, clock, pass } = machine();
		pass(100);
		clock.heard(at.monotonic - 100, 2_000_000);
		expect([clock.now(), clock.kind()]).toEqual([2_000_050, "hub"]);
		pass(10);
		clock.heard(at.monotonic - 10, 2_000_000);
		expect(clock.now()).toBe(2_000_005);
		pass(100);
		// A worse sample does not move it.
		clock.heard(at.monotonic - 100, 3_000_000);
		expect(clock.now()).toBe(2_000_105);
	});

	it("becomes own when the wall clock is set, and never goes back", () => {
		const { at, clock } = machine();
		clock.heard(at.monotonic, 2_000_000);
		at.wall -= 3_600_000;
		expect([clock.kind(), clock.now()]).toEqual(["own", 2_000_000]);
		clock.heard(at.monotonic, 2_000_000);
		expect(clock.kind()).toBe("hub");
	});

	it("becomes own after a sleep that only the wall clock counted, and follows it", () => {
		const { at, clock } = machine();
		clock.heard(at.monotonic, 2_000_000);
		at.wall += 60_000;
		expect([clock.now(), clock.kind()]).toEqual([2_060_000, "own"]);
	});

	it("bears the slewing of NTP", () => {
		const { at, clock } = machine();
		clock.heard(at.monotonic, 2_000_000);
		for (let second = 0; second < 3_600; second++) {
			at.wall += 1_000.4;
			at.monotonic += 1_000;
			clock.now();
		}
		expect([clock.now(), clock.kind()]).toEqual([5_600_000, "hub"]);
	});

	it("keeps its offset over a start, but as its own clock", () => {
		const { clock } = machine({ offset: 500, wall: 990_000 });
		expect([clock.now(), clock.kind()]).toEqual([1_000_500, "own"]);
		clock.greeted(1_000_700);
		expect([clock.now(), clock.kind()]).toEqual([1_000_700, "hub"]);
	});
});
