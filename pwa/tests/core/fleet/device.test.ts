/** What a terminal does for the fleet: wishes, schedules, commands, reports (DEV-02, 06), and calls above all of it. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { browserName } from "../../../src/core/fleet/device";
import type { DeviceReport } from "../../../src/core/fleet/types";
import { boardOf, sampleRow } from "../../../src/fixture/board";
import { sampleLeg, talkOf } from "../../../src/fixture/talk";
import { sampleDirectory } from "../../../src/fixture/ward";
import { BUILD, openFake } from "./fake_device";

const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
/** 21:00 in Shanghai */
const EVENING = Date.parse("2026-11-20T13:00:00Z");
const HOUR = 3_600_000;
const directory = sampleDirectory();
const call = boardOf([sampleRow(directory, "bed:b05", "patient", 5)]);
const id = (n: number) => n.toString(16).padStart(16, "0");
const schedule = (at: string, what: string, value: number | null = null) => ({
	at,
	weekdays: EVERY_DAY,
	do: what,
	value,
});
const NIGHT = {
	quiet: schedule("22:00", "volume", 20),
	dark: schedule("22:30", "screen_off"),
	anew: schedule("03:00", "restart"),
	light: schedule("06:00", "screen_on"),
};

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
	vi.useRealTimers();
});

describe("a wish", () => {
	it("counts once a change, and again after a start", async () => {
		const fake = await openFake(EVENING, { wish: { volume: 40, brightness: 60 } });
		expect(fake.shell.news()).toEqual(["volume 40", "brightness 60"]);
		await fake.pass(5_000);
		expect(fake.shell.news()).toEqual([]);
		fake.write("wish", { volume: 70, brightness: 60 });
		expect(fake.shell.news()).toEqual(["volume 70"]);
		const again = await openFake(fake.now, {
			disk: fake.disk,
			wish: { volume: 70, brightness: 60 },
		});
		expect(again.shell.news()).toEqual(["volume 70", "brightness 60"]);
	});

	it("does not undo what a schedule did since", async () => {
		const fake = await openFake(EVENING, { wish: { volume: 80 }, schedules: NIGHT });
		await fake.pass(HOUR);
		expect(fake.shell.news()).toEqual(["volume 80", "volume 20"]);
		const again = await openFake(fake.now, {
			disk: fake.disk,
			wish: { volume: 80 },
			schedules: NIGHT,
		});
		expect(again.shell.news()).toEqual(["volume 20"]);
		again.write("wish", { volume: 90 });
		expect(again.shell.news()).toEqual(["volume 90"]);
	});

	it("that nobody can hear makes a muted device of it (A11)", async () => {
		const fake = await openFake(EVENING, { wish: { volume: 0 } });
		expect(fake.device.silent).toBe(true);
		fake.write("wish", { volume: 30 });
		expect(fake.device.silent).toBe(false);
		const other = await openFake(EVENING, { can: new Set(["restart"]), wish: { volume: 0 } });
		expect(other.device.silent).toBe(false);
	});

	it("for what the device cannot do is left alone", async () => {
		const fake = await openFake(EVENING, {
			can: new Set(["restart"]),
			wish: { volume: 1, brightness: 1, screen: "off" },
		});
		expect(fake.shell.news()).toEqual([]);
	});

	it("of a release goes to the app", async () => {
		const fake = await openFake(EVENING, { wish: { release: BUILD } });
		expect(fake.app.wishes.at(-1)).toBe(BUILD);
	});
});

describe("schedules", () => {
	it("run without the hub, at their minute", async () => {
		const fake = await openFake(EVENING, { schedules: NIGHT });
		fake.online = false;
		await fake.pass(HOUR - 60_000);
		await fake.pass(59_000);
		expect(fake.shell.news()).toEqual([]);
		await fake.pass(1_000);
		expect(fake.shell.news()).toEqual(["volume 20"]);
		await fake.pass(HOUR / 2);
		expect(fake.shell.news()).toEqual(["screen off"]);
		await fake.pass(7.5 * HOUR);
		expect(fake.shell.news()).toEqual(["restart", "screen on"]);
	});

	it("missed while the device was off are made good; a restart is not", async () => {
		const fake = await openFake(EVENING, { schedules: NIGHT });
		fake.shell.news();
		const morning = await openFake(EVENING + 8 * HOUR, { disk: fake.disk, schedules: NIGHT });
		await morning.pass(2_000);
		expect(morning.shell.news()).toEqual(["screen off", "volume 20"]);
	});

	it("that are new do not run for times gone by", async () => {
		const fake = await openFake(EVENING);
		fake.write("schedules", { early: schedule("20:00", "volume", 5) });
		await fake.pass(60_000);
		expect(fake.shell.news()).toEqual([]);
	});

	it("are not waited for after a clock was far ahead", async () => {
		const fake = await openFake(EVENING + 365 * 24 * HOUR, { schedules: NIGHT });
		fake.now = EVENING;
		await fake.pass(HOUR);
		expect(fake.shell.news()).toEqual(["volume 20"]);
	});

	it("a restart waits for the end of a call, for an hour", async () => {
		const fake = await openFake(EVENING, { schedules: { anew: schedule("21:10", "restart") } });
		fake.set({ board: call });
		await fake.pass(30 * 60_000);
		expect(fake.shell.news()).toEqual([]);
		fake.set({ board: boardOf([]), unsent: 1 });
		await fake.pass(1_000);
		expect(fake.shell.news()).toEqual([]);
		fake.set({ unsent: 0 });
		await fake.pass(1_000);
		expect(fake.shell.news()).toEqual(["restart"]);
		const late = await openFake(EVENING, { schedules: { anew: schedule("21:10", "restart") } });
		late.set({ board: call });
		await late.pass(75 * 60_000);
		late.set({ board: boardOf([]) });
		await late.pass(2_000);
		expect(late.shell.news()).toEqual([]);
	});
});

describe("a screen that is off", () => {
	it("lights at once for a call, and goes dark after it", async () => {
		const fake = await openFake(EVENING, { wish: { screen: "off" } });
		await fake.pass(40_000);
		expect(fake.shell.news()).toEqual(["screen off"]);
		fake.set({ board: call });
		expect(fake.shell.news()).toEqual(["screen on"]);
		await fake.pass(60_000);
		fake.set({ board: boardOf([]) });
		await fake.pass(29_000);
		expect(fake.shell.news()).toEqual([]);
		await fake.pass(3_000);
		expect(fake.shell.news()).toEqual(["screen off"]);
	});

	it("lights for a touch, for its own key, for a talk and for a trouble at a station", async () => {
		const fake = await openFake(EVENING, { wish: { screen: "off" } });
		const lights = async (what: () => void, back: () => void = () => {}) => {
			await fake.pass(40_000);
			fake.shell.news();
			what();
			expect(fake.shell.news()).toEqual(["screen on"]);
			back();
		};
		await lights(() => fake.touch());
		await lights(() => fake.shell.events.emit({ event: "screen_on" }));
		await lights(
			() => fake.set({ talk: talkOf([sampleLeg("bed-b05")]) }),
			() => fake.set({ talk: talkOf([]) }),
		);
		const trouble = {
			key: "missing:x",
			kind: "missing",
			terminal: "x",
			room: null,
			since: 0,
		} as const;
		await lights(() => fake.set({ board: { ...boardOf([]), troubles: [trouble] } }));
	});

	it("of a bed lights for its own call and not for its neighbour's", async () => {
		const fake = await openFake(EVENING, {
			kind: "bedside",
			terminal: "bed-b05",
			wish: { screen: "off" },
		});
		await fake.pass(40_000);
		fake.shell.news();
		fake.set({ board: boardOf([sampleRow(directory, "bed:b06", "patient", 5)]) });
		expect(fake.shell.news()).toEqual([]);
		fake.set({ board: call });
		expect(fake.shell.news()).toEqual(["screen on"]);
	});
});

describe("volume", () => {
	it("does not silence an urgent call, and is back after it (A11)", async () => {
		const fake = await openFake(EVENING, { wish: { volume: 0 } });
		expect(fake.shell.news()).toEqual(["volume 0"]);
		fake.alarm = true;
		fake.set({ board: call });
		expect(fake.shell.news()).toEqual(["volume 60"]);
		fake.alarm = false;
		fake.set({ board: boardOf([]) });
		expect(fake.shell.news()).toEqual(["volume 0"]);
	});
});

describe("commands", () => {
	const did = (fake: { sent: unknown[] }) =>
		fake.sent.filter((each) => (each as { t: string }).t === "did");

	it("restart: answered first, kept, and not done again when it is told again", async () => {
		const fake = await openFake(EVENING);
		await fake.hear({ t: "do", id: id(1), do: "restart" });
		expect(did(fake)).toEqual([{ t: "did", id: id(1), outcome: "done" }]);
		expect(fake.shell.news()).toEqual([]);
		await vi.advanceTimersByTimeAsync(300);
		expect(fake.shell.news()).toEqual(["restart"]);
		const again = await openFake(fake.now, { disk: fake.disk });
		await again.hear({ t: "do", id: id(1), do: "restart" });
		await vi.advanceTimersByTimeAsync(300);
		expect(did(again)).toEqual([{ t: "did", id: id(1), outcome: "done" }]);
		expect(again.shell.news()).toEqual([]);
	});

	it("restart during a call, a talk or with something unsent is refused", async () => {
		const fake = await openFake(EVENING);
		const states = [
			{ board: call },
			{ board: boardOf([]), talk: talkOf([sampleLeg("bed-b05")]) },
			{ talk: talkOf([]), unsent: 1 },
		];
		for (const [index, state] of states.entries()) {
			fake.set(state);
			await fake.hear({ t: "do", id: id(index), do: "restart" });
			expect(did(fake).at(-1)).toEqual({ t: "did", id: id(index), outcome: "in_call" });
		}
		await vi.advanceTimersByTimeAsync(1_000);
		expect(fake.shell.news()).toEqual([]);
	});

	it("what the device cannot do is said", async () => {
		const fake = await openFake(EVENING, { can: new Set() });
		await fake.hear({ t: "do", id: id(1), do: "restart" });
		expect(did(fake)).toEqual([{ t: "did", id: id(1), outcome: "not_able" }]);
	});

	it("identify shows the device for ten seconds, on a dark screen too", async () => {
		const fake = await openFake(EVENING, { wish: { screen: "off" } });
		await fake.pass(40_000);
		fake.shell.news();
		await fake.hear({ t: "do", id: id(1), do: "identify" });
		expect(fake.identified).toEqual([10_000]);
		expect(fake.shell.news()).toEqual(["screen on"]);
	});

	it("update: looked for at once, shown later during a call, failed without the hub", async () => {
		const fake = await openFake(EVENING, { wish: { release: id(7) } });
		await fake.hear({ t: "do", id: id(1), do: "update" });
		fake.set({ board: call });
		await fake.hear({ t: "do", id: id(2), do: "update" });
		fake.app.fails = true;
		await fake.hear({ t: "do", id: id(3), do: "update" });
		expect(fake.app.looked).toEqual([id(7), id(7), id(7)]);
		expect(did(fake).map((each) => (each as { outcome: string }).outcome)).toEqual([
			"done",
			"in_call",
			"failed",
		]);
	});

	it("a probe is answered, a live view handed on, nonsense passed over", async () => {
		const fake = await openFake(EVENING);
		const before = fake.sent.length;
		await fake.hear({ t: "probe", id: id(9) });
		expect(fake.sent.slice(before)).toEqual([{ t: "probed", id: id(9) }]);
		expect(fake.device.probedAt).toBe(EVENING);
		await fake.hear({ t: "live", id: id(8), do: "start", who: "王", clinical: true });
		await fake.hear({ t: "live", id: id(8), do: "stop" });
		expect(fake.live).toEqual([`start ${id(8)} 王 true`, `stop ${id(8)}`]);
		await fake.hear("{");
		await fake.hear({ t: "do", id: "x", do: "restart" });
		expect(fake.sent).toHaveLength(before + 1);
	});
});

describe("reports", () => {
	const reports = (fake: { sent: unknown[] }) =>
		fake.sent.filter((each) => (each as { t: string }).t === "report") as DeviceReport[];

	it("tell all of it, at once, each minute, and when something changes", async () => {
		const fake = await openFake(EVENING, { wish: { volume: 40 } });
		expect(reports(fake)[0]).toEqual({
			t: "report",
			mac: "00:11:22:33:44:55",
			serial: null,
			model: "?? 1",
			browser: "Chrome 156",
			version: "1.0.0",
			build: BUILD,
			can: ["brightness", "restart", "screen", "volume"],
			volume: 40,
			brightness: null,
			screen: "on",
			offset_ms: 1_500,
			rtt_ms: 3,
			hung: 2,
			started_at: EVENING,
		});
		expect(reports(fake)).toHaveLength(1);
		await fake.pass(59_000);
		expect(reports(fake)).toHaveLength(1);
		await fake.pass(1_000);
		expect(reports(fake)).toHaveLength(2);
		await fake.pass(1_000);
		fake.write("wish", { volume: 50 });
		expect(reports(fake).at(-1)?.volume).toBe(50);
		fake.joined();
		expect(reports(fake)).toHaveLength(4);
	});

	it("that could not be sent are sent when the hub is back", async () => {
		const fake = await openFake(EVENING);
		fake.online = false;
		await fake.pass(120_000);
		expect(reports(fake)).toHaveLength(1);
		fake.online = true;
		fake.joined();
		expect(reports(fake)).toHaveLength(2);
	});
});

describe("a browser's name", () => {
	it("is short", () => {
		const chrome =
			"Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
		expect(browserName(chrome)).toBe("Chrome 156");
		expect(browserName(`${chrome} Edg/156.0.0.0`)).toBe("Edge 156");
		expect(browserName("Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0")).toBe(
			"Firefox 140",
		);
		expect(browserName("")).toBe("?");
	});
});
