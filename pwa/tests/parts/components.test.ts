// @vitest-environment happy-dom
/** Rows, lists and the status bar: what is not certain is said (A20), what is known is largest. */
import { cleanup, render } from "@testing-library/svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import { NO_TALK } from "../../src/core/talk/types";
import type { Layer } from "../../src/core/terminal_types";
import { busyRows, sampleRow } from "../../src/fixture/board";
import { fakeTerminal } from "../../src/fixture/terminal";
import { NOW, sampleDirectory } from "../../src/fixture/ward";
import CallList from "../../src/parts/CallList.svelte";
import CareLevel from "../../src/parts/CareLevel.svelte";
import Marks from "../../src/parts/Marks.svelte";
import StatusBar from "../../src/parts/StatusBar.svelte";

const directory = sampleDirectory();
const text = () => document.body.textContent ?? "";
const state = (part = {}) =>
	fakeTerminal({ kind: "station", terminal: "station-main" }, part).state;

afterEach(cleanup);

describe("the call list", () => {
	const list = (rows: ReturnType<typeof busyRows>, limit = 200) =>
		render(CallList, { rows, directory, now: NOW, language: "zh", limit });

	it("keeps the order it is given, and says when there is nothing", () => {
		list(busyRows(directory));
		const classes = [...document.querySelectorAll<HTMLElement>(".row")].map(
			(one) => one.dataset.class,
		);
		expect(classes).toEqual([...classes].sort());
		cleanup();
		list([]);
		expect(text()).toContain("当前没有呼叫");
	});

	it("tells what is not certain: about that time, unverified, reported late", () => {
		list([
			sampleRow(directory, "bed:b33", "emergency", 31, { approx: true, verified: false }),
			sampleRow(directory, "bed:b38", "patient", 4011, { missed: true }),
		]);
		expect(text()).toContain("约");
		expect(text()).toContain("未核实");
		expect(text()).toContain("补报");
		expect(text()).toContain("66:51");
	});

	it("tells who talks about a row", () => {
		const mark = { fact: "ab".repeat(16), terminal: "station-main", staff: null, at: NOW };
		const part = { state: "talking", talking: mark, ringing: false } as const;
		list([sampleRow(directory, "bed:b33", "patient", 31, part)]);
		expect(text()).toContain("护士站主机 通话中");
	});

	it("marks waiting of two and of five minutes", () => {
		list([10, 130, 400].map((waited) => sampleRow(directory, "bed:b05", "patient", waited)));
		const bands = [...document.querySelectorAll<HTMLElement>(".waited")].map(
			(one) => one.dataset.band,
		);
		expect(bands).toEqual(["fresh", "long", "late"]);
	});

	it("counts what it has no room for", () => {
		list(busyRows(directory), 4);
		expect(text()).toContain("还有 7 个");
	});
});

describe("the status bar", () => {
	it("tells the layer in words, and says that it hears nobody only where that is so", () => {
		const line = (kind: "station" | "bedside" | "corridor", layer: Layer) => {
			cleanup();
			const terminal = fakeTerminal({ kind, terminal: `${kind}-1` }, { layer });
			render(StatusBar, { state: terminal.state });
			return document.querySelector('[data-testid="layer-line"]');
		};
		const words = (kind: "station" | "bedside" | "corridor") =>
			([1, 2, 3, 4] as const).map((layer) => line(kind, layer)?.textContent);
		expect(words("bedside")).toEqual([
			"中枢已连接",
			"中枢离线，病区直连",
			"仅本房间相连",
			"独自运行",
		]);
		expect(words("station")[1]).toBe("中枢离线，病区直连");
		expect(words("corridor")[3]).toBe("独自运行 · 收不到呼叫");
		expect(line("station", 4)?.getAttribute("role")).toBe("alert");
		expect(line("station", 2)?.getAttribute("role")).toBeNull();
	});

	it("tells that a terminal which talks has no microphone", () => {
		const talk = { ...NO_TALK, microphone: "blocked" } as const;
		render(StatusBar, { state: state({ talk }) });
		expect(text()).toContain("麦克风未开启");
		cleanup();
		const corridor = fakeTerminal({ kind: "corridor", terminal: "corridor-1" }, { talk });
		render(StatusBar, { state: corridor.state });
		expect(text()).not.toContain("麦克风");
	});

	it("stripes data older than five minutes and warns after thirty (A20)", () => {
		const age = (minutes: number) => {
			cleanup();
			render(StatusBar, { state: state({ lastHeardAt: NOW - minutes * 60_000 }) });
			return document.querySelector<HTMLElement>(".bar")?.dataset.age;
		};
		expect(age(4)).toBe("fresh");
		expect(age(6)).toBe("stale");
		expect(text()).toContain("数据截至");
		expect(age(31)).toBe("old");
		expect(text()).toContain("已 31 分钟未更新");
	});

	it("says what has not arrived, and what was refused", () => {
		const refused = [{ id: "x", reason: "policy", at: NOW }];
		render(StatusBar, {
			state: state({ unsent: 3, refused, hubStorage: "full", storage: "failing" }),
		});
		for (const words of ["3 条未送达", "1 条被拒绝", "中枢存储已满", "本机存储故障"]) {
			expect(text()).toContain(words);
		}
	});

	it("has sound off in red, and unlocks it by a touch where there is one", () => {
		const onUnlock = vi.fn();
		render(StatusBar, { state: state({ sound: "blocked" }), onUnlock });
		document.querySelector<HTMLElement>("button.sound")?.click();
		expect(onUnlock).toHaveBeenCalledOnce();
		cleanup();
		render(StatusBar, { state: state({ sound: "blocked" }) });
		expect(document.querySelector("button")).toBeNull();
		expect(text()).toContain("声音未开启");
	});
});

describe("marks and levels", () => {
	it("stand as allergy, isolation, risks, each with its word", () => {
		render(Marks, {
			language: "zh",
			allergy: ["青霉素"],
			isolation: ["contact"],
			risks: ["vte", "fall"],
		});
		const words = [...document.querySelectorAll("li")].map((one) => one.textContent?.trim());
		expect(words).toEqual(["过敏：青霉素", "接触隔离", "跌倒", "静脉血栓"]);
		expect(document.querySelectorAll("li svg")).toHaveLength(4);
	});

	it("say the care level in words and shape, unknown ones as none", () => {
		render(CareLevel, { level: "first", language: "zh" });
		expect(text()).toContain("一级护理");
		expect(document.querySelector("svg")).not.toBeNull();
		cleanup();
		render(CareLevel, { level: "level-77", language: "zh" });
		expect(text()).toContain("未定级");
	});
});
