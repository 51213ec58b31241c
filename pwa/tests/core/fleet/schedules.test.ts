/** Schedules by the hospital's clock (DEV-02). */
import { describe, expect, it } from "vitest";
import { readCommand, readSchedule, readWish } from "../../../src/core/fleet/read";
import { dueBetween, lastDue } from "../../../src/core/fleet/schedules";
import type { DeviceSchedule } from "../../../src/core/fleet/types";

const SHANGHAI = "Asia/Shanghai";
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const at = (iso: string): number => Date.parse(iso);
const volume = (time: string, value = 20, weekdays = EVERY_DAY): DeviceSchedule => ({
	at: time,
	weekdays,
	do: "volume",
	value,
});

describe("when a schedule was last due", () => {
	it("is told by the zone's wall clock", () => {
		expect(lastDue(volume("22:00"), SHANGHAI, at("2026-11-20T14:00:00Z"))).toBe(
			at("2026-11-20T14:00:00Z"),
		);
		expect(lastDue(volume("22:00"), SHANGHAI, at("2026-11-20T13:59:59.999Z"))).toBe(
			at("2026-11-19T14:00:00Z"),
		);
		expect(lastDue(volume("00:00"), "Asia/Kathmandu", at("2026-11-20T18:20:00Z"))).toBe(
			at("2026-11-20T18:15:00Z"),
		);
	});

	it("keeps to the weekdays of the zone, a week back at most", () => {
		// Friday evening in UTC is Saturday in Shanghai.
		const now = at("2026-11-20T20:00:00Z");
		expect(lastDue(volume("03:00", 20, [6]), SHANGHAI, now)).toBe(at("2026-11-20T19:00:00Z"));
		expect(lastDue(volume("05:00", 20, [6]), SHANGHAI, now)).toBe(at("2026-11-13T21:00:00Z"));
		expect(lastDue(volume("03:00", 20, []), SHANGHAI, now)).toBeNull();
	});

	it("lives through changes of summer time", () => {
		const berlin = "Europe/Berlin";
		// 02:30 does not exist on 29 March 2026, and comes twice on 25 October.
		const spring = lastDue(volume("02:30"), berlin, at("2026-03-29T02:00:00Z"));
		expect(spring).toBeGreaterThanOrEqual(at("2026-03-29T00:30:00Z"));
		expect(spring).toBeLessThanOrEqual(at("2026-03-29T01:30:00Z"));
		const autumn = lastDue(volume("02:30"), berlin, at("2026-10-25T03:00:00Z")) ?? 0;
		expect([at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z")]).toContain(autumn);
		expect(lastDue(volume("08:00"), berlin, at("2026-10-25T12:00:00Z"))).toBe(
			at("2026-10-25T07:00:00Z"),
		);
	});

	it("falls back to the hospital's default for a zone nobody knows", () => {
		const now = at("2026-11-20T14:30:00Z");
		expect(lastDue(volume("22:00"), "Moon/Tycho", now)).toBe(at("2026-11-20T14:00:00Z"));
	});

	it("of several the older comes first, and nothing twice", () => {
		const schedules = { b: volume("22:00"), a: volume("21:00"), c: volume("23:30") };
		const from = at("2026-11-20T12:00:00Z");
		const to = at("2026-11-20T14:00:30Z");
		expect(dueBetween(schedules, SHANGHAI, from, to).map(({ id }) => id)).toEqual(["a", "b"]);
		expect(dueBetween(schedules, SHANGHAI, to, to + 60_000)).toEqual([]);
	});
});

describe("what comes in is read strictly", () => {
	it("schedules", () => {
		const good = { at: "06:30", weekdays: [1, 7], do: "screen_on", value: null };
		expect(readSchedule(good)).toEqual(good);
		for (const wrong of [
			null,
			{ ...good, at: "24:00" },
			{ ...good, at: "6:30" },
			{ ...good, weekdays: [0] },
			{ ...good, weekdays: "1" },
			{ ...good, do: "explode" },
			{ ...good, do: "volume" },
			{ ...good, do: "volume", value: 101 },
		]) {
			expect(readSchedule(wrong)).toBeNull();
		}
	});

	it("wishes", () => {
		const build = "0123456789abcdef";
		expect(readWish({ volume: 40, brightness: 1.5, screen: "off", release: build })).toEqual({
			volume: 40,
			brightness: null,
			screen: "off",
			release: build,
		});
		expect(readWish({ volume: -1, screen: "dim", release: "../../x" })).toEqual({
			volume: null,
			brightness: null,
			screen: null,
			release: null,
		});
	});

	it("commands", () => {
		const id = "00112233445566aa";
		const read = (value: unknown) => readCommand(JSON.stringify(value));
		expect(read({ t: "do", id, do: "restart" })).toEqual({ t: "do", id, do: "restart" });
		expect(read({ t: "probe", id })).toEqual({ t: "probe", id });
		expect(read({ t: "live", id, do: "start", who: "王", clinical: 1 })).toEqual({
			t: "live",
			id,
			do: "start",
			who: "王",
			clinical: false,
		});
		expect(read({ t: "do", id: "1", do: "restart" })).toBeNull();
		expect(read({ t: "do", id, do: "format" })).toBeNull();
		expect(readCommand("[")).toBeNull();
		expect(readCommand("null")).toBeNull();
	});
});
