// @vitest-environment happy-dom
/** The station: calls always in view, acts by rule, troubles, journal, writing only for a person (CALL-03, CALL-06, CALL-08). */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import { boardOf, busyRows, sampleRow, sampleTroubles } from "../../../src/fixture/board";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";
import { MINUTE, NOW, sampleDirectory } from "../../../src/fixture/ward";
import Station from "../../../src/screens/station/Station.svelte";
import { TABS } from "../../../src/screens/station/tabs";
import { clockText } from "../../../src/text/times";

const directory = sampleDirectory();
const row = (source: string, type: string, more = {}) =>
	sampleRow(directory, source, type, 40, more);
const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
const find = (selector: string) => document.querySelector<HTMLElement>(selector);
const text = () => document.body.textContent ?? "";
async function settle(): Promise<void> {
	for (let turn = 0; turn < 8; turn += 1) await tick();
}
async function touch(selector: string): Promise<void> {
	const key = find(selector);
	if (key === null) throw new Error(`no ${selector}`);
	key.click();
	await settle();
}
async function show(
	state: Parameters<typeof fakeTerminal>[1] = {},
	profile = "main",
): Promise<FakeTerminal> {
	const terminal = fakeTerminal({ kind: "station", terminal: "station-main", profile }, state);
	render(Station, { terminal });
	await settle();
	return terminal;
}
const signedIn = { staff: "n01", name: "刘静怡", role: "nurse", expiresAt: NOW + 1e7 };

// whole screens of 46 beds are slow to build in a simulated page on a busy machine
vi.setConfig({ testTimeout: 30_000 });
afterEach(() => {
	cleanup();
	vi.useRealTimers();
});

describe("calls", () => {
	it("stand in the order of the fold, whatever tab is open, and the newest has a line of its own", async () => {
		const rows = busyRows(directory);
		await show({ board: boardOf(rows) });
		for (const tab of TABS) {
			await touch(`[data-tab="${tab}"]`);
			expect(all("[data-row]").map((one) => one.dataset.row)).toEqual(rows.map((one) => one.id));
			const newest = rows.reduce((a, b) => (b.newestAt > a.newestAt ? b : a));
			expect(find("[data-newest]")?.dataset.newest).toBe(newest.id);
		}
	});

	it("are accepted and cleared, the clear told as made from afar or at the bed", async () => {
		const terminal = await show({ board: boardOf([row("bed:b12", "patient")]) });
		await touch('[data-act="acknowledged"]');
		expect(find('[data-act="acknowledged"]')).toBeNull();
		await touch('[data-act="cleared"]');
		expect(terminal.acts.map(({ act, way }) => [act, way])).toEqual([
			["acknowledged", undefined],
			["cleared", "remote"],
		]);
		expect(text()).toContain("当前没有呼叫");
		const mark = { fact: "ab".repeat(16), terminal: "pda-02", staff: "n02", at: NOW };
		terminal.set({
			board: boardOf([row("bathroom:r03", "bathroom", { attended: mark, restsOn: [mark.fact] })]),
		});
		await settle();
		await touch('[data-act="cleared"]');
		expect(terminal.acts.at(-1)?.way).toBe("bed");
	});

	it("say who has taken them, and ring again with a key to accept anew", async () => {
		const taken = { fact: "ab".repeat(16), terminal: "pda-02", staff: "n02", at: NOW };
		const terminal = await show({
			board: boardOf([row("bed:b10", "patient", { state: "taken", taken, ringing: false })]),
		});
		expect(text()).toContain("陈晓琳 马上到");
		expect(find('[data-act="acknowledged"]')).toBeNull();
		terminal.set({ board: boardOf([row("bed:b10", "patient", { state: "taken", taken })]) });
		await settle();
		expect(find('[data-act="acknowledged"]')).not.toBeNull();
	});

	it("of the strict kind cannot be cleared from here before someone was there", async () => {
		await show({ board: boardOf([row("bathroom:r03", "bathroom")]) });
		expect(find('[data-act="cleared"]')).toBeNull();
		expect(text()).toContain("到场后清除");
	});

	it("that could not be kept say so in words", async () => {
		const terminal = await show({ board: boardOf([row("bed:b12", "patient")]) });
		terminal.act = () => Promise.reject(new Error("disk"));
		await touch('[data-act="acknowledged"]');
		expect(find('[role="alert"]')?.textContent).toContain("没有存下");
	});
});

describe("the station's own calls", () => {
	it("take two touches for a code and one for the other station", async () => {
		vi.useFakeTimers();
		const terminal = await show();
		await touch(".code");
		expect(terminal.presses).toEqual([]);
		vi.advanceTimersByTime(4001);
		await settle();
		await touch(".code");
		expect(terminal.presses).toEqual([]);
		await touch(".code");
		expect(terminal.presses).toEqual([{ type: "code", source: "terminal:station-main" }]);
		await touch(".place .key:not(.code)");
		expect(terminal.presses.at(-1)).toEqual({
			type: "station",
			source: "terminal:station-main",
			to: "station-vice",
		});
	});
});

describe("what is wrong", () => {
	it("is counted and listed: troubles with since, refused items, sound, the hub's disk, old data (A13, A20)", async () => {
		const refused = [{ id: "ab".repeat(16), reason: "policy", at: NOW }];
		const terminal = await show({
			board: boardOf([], sampleTroubles()),
			refused,
			sound: "blocked",
			hubStorage: "full",
			lastHeardAt: NOW - 40 * MINUTE,
		});
		expect(find(".badge")?.textContent).toBe("4");
		for (const words of ["声音未开启", "中枢存储已满", "40 分钟未更新"])
			expect(text()).toContain(words);
		await touch('[data-tab="troubles"]');
		expect(all("[data-trouble]").map((one) => one.dataset.trouble)).toEqual([
			"missing:bed-b19",
			"input:door-r05",
			"sound:corridor-2",
		]);
		for (const words of ["设备离线", "输入断开", "00:40", "policy", refused[0]?.id ?? ""])
			expect(text()).toContain(words);
		find(".sound")?.click();
		expect(terminal.unlocked).toBe(1);
	});
});

describe("the ward", () => {
	it("has all 46 beds; a touch opens the card with its age, and back", async () => {
		await show({ board: boardOf([row("bed:b12", "patient")]) });
		expect(all("[data-bed]")).toHaveLength(46);
		expect(find('[data-bed="b12"]')?.className).toContain("call");
		await touch('[data-bed="b12"]');
		for (const words of ["胡志强", "特级护理", "病危", "青霉素", `资料截至 ${clockText(NOW)}`])
			expect(text()).toContain(words);
		await touch(".close");
		expect(all("[data-bed]")).toHaveLength(46);
	});

	it("tells of a refused note only where one could be written", async () => {
		const told = async (part: { writable: boolean; unsent: boolean }) => {
			const terminal = fakeTerminal({ kind: "station", terminal: "station-main" });
			const given = terminal.document;
			terminal.document = (name) => ({
				subscribe: (run) =>
					given(name).subscribe((view) => run({ ...view, ...part, refused: "permission-denied" })),
			});
			render(Station, { terminal });
			await settle();
			await touch('[data-bed="b12"]');
			const shown = text().includes("修改被拒绝");
			cleanup();
			return shown;
		};
		expect(await told({ writable: false, unsent: false })).toBe(false);
		expect(await told({ writable: true, unsent: false })).toBe(true);
		expect(await told({ writable: false, unsent: true })).toBe(true);
	});

	it("forgets a patient the moment the bed has another (A21)", async () => {
		const terminal = await show();
		await touch('[data-bed="b12"]');
		terminal.fill("ward/thoracic/beds", "beds", { b12: "s13" });
		await settle();
		expect(text()).not.toContain("胡志强");
		expect(text()).toContain("朱春梅");
	});
});

describe("the journal (CALL-06)", () => {
	it("asks for today, for 30 days, for a bed and a type; old answers never cover new ones", async () => {
		const terminal = await show();
		const asked: Parameters<FakeTerminal["history"]>[0][] = [];
		const given = terminal.history.bind(terminal);
		terminal.history = (query) => {
			asked.push(query);
			return given(query);
		};
		await touch('[data-tab="journal"]');
		expect(all("tbody tr")).toHaveLength(12);
		const choose = async (index: number, value: string) => {
			const select = all(".filters select")[index] as HTMLSelectElement;
			select.value = value;
			select.dispatchEvent(new Event("change", { bubbles: true }));
			await settle();
		};
		await choose(0, "all");
		await choose(1, "b12");
		await choose(2, "emergency");
		const [first, thirty, , last] = asked;
		expect((first?.to ?? 0) - (first?.from ?? 0)).toBeLessThanOrEqual(25 * 3_600_000);
		expect(Math.round(((thirty?.to ?? 0) - (thirty?.from ?? 0)) / 86_400_000)).toBe(30);
		expect(last).toMatchObject({ bed: "b12", type: "emergency" });
		let late: (records: []) => void = () => undefined;
		terminal.history = () => new Promise((resolve) => (late = resolve));
		await choose(1, "b01");
		terminal.history = given;
		await choose(1, "b02");
		late([]);
		await settle();
		expect(all("tbody tr")).toHaveLength(12);
	});

	it("says when the hub cannot be asked", async () => {
		const terminal = await show();
		terminal.history = () => Promise.reject(new Error("away"));
		await touch('[data-tab="journal"]');
		expect(text()).toContain("读不到记录");
	});
});

describe("writing", () => {
	it("waits for a person; signing in and out says what is left", async () => {
		const terminal = await show({ unsent: 2 });
		await touch('[data-tab="memos"]');
		expect(find(".tools .main")?.hasAttribute("disabled")).toBe(true);
		await touch('[data-tab="self"]');
		const [number, password] = all(".sign-in input") as HTMLInputElement[];
		if (number === undefined || password === undefined) throw new Error("no fields");
		number.value = "101";
		password.value = "x";
		for (const field of [number, password])
			field.dispatchEvent(new Event("input", { bubbles: true }));
		find("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
		await settle();
		expect(terminal.state.session?.name).toBe("刘静怡");
		await touch(".sign-in .key");
		expect(text()).toContain("还有 2 条未送达");
	});

	it("marks the station's memo with the person signed in", async () => {
		await show({ session: signedIn });
		await touch('[data-tab="memos"]');
		await touch(".tools .main");
		const field = find(".writing textarea") as HTMLTextAreaElement;
		field.value = "明晨 6 床空腹";
		field.dispatchEvent(new Event("input", { bubbles: true }));
		await settle();
		await touch(".writing .main");
		const memo = all("[data-memo]").find((one) => one.textContent?.includes("明晨 6 床空腹"));
		expect(memo?.textContent).toContain("刘静怡");
		expect(memo?.textContent).not.toContain("未核实");
	});

	it("keeps the memo's draft when it could not be kept", async () => {
		const terminal = await show({ session: signedIn });
		await touch('[data-tab="memos"]');
		await touch(".tools .main");
		const field = find(".writing textarea") as HTMLTextAreaElement;
		field.value = "不能丢";
		field.dispatchEvent(new Event("input", { bubbles: true }));
		terminal.edit = () => Promise.reject(new Error("disk"));
		await settle();
		await touch(".writing .main");
		expect((find(".writing textarea") as HTMLTextAreaElement).value).toBe("不能丢");
		expect(text()).toContain("没有存下");
	});
});

it("speaks English and names the vice station", async () => {
	await show({ language: "en", board: boardOf([row("bathroom:r03", "bathroom")]) }, "vice");
	for (const words of ["Vice station", "Accept", "Clear once there", "Journal"])
		expect(text()).toContain(words);
});
