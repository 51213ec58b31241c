// @vitest-environment happy-dom
/** The phone: asked first, one-hand keys, no gesture that clears, calls without sign-in, patients only with it. */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import { boardOf, sampleRow } from "../../../src/fixture/board";
import { sampleLeg, talkOf } from "../../../src/fixture/talk";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";
import { bedName, NOW, sampleDirectory } from "../../../src/fixture/ward";
import { callGroups, myBeds } from "../../../src/screens/pda/mine";
import Pda from "../../../src/screens/pda/Pda.svelte";

const directory = sampleDirectory();
const row = (source: string, type: string, more = {}) =>
	sampleRow(directory, source, type, 40, { asked: [], ...more });
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
async function show(state: Parameters<typeof fakeTerminal>[1] = {}): Promise<FakeTerminal> {
	const terminal = fakeTerminal({ kind: "pda", terminal: "pda-02" }, state);
	render(Pda, { terminal });
	await settle();
	return terminal;
}
const session = { staff: "n02", name: "陈晓琳", role: "nurse", expiresAt: NOW + 1e7 };
const duty = { x: { staff: "n02", pda: "pda-02", beds: ["b10", "b12"], since: 0 } };

// whole screens of 46 beds are slow to build in a simulated page on a busy machine
vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

describe("calls", () => {
	it("are grouped: asked of me, my beds and what I took, the rest; order inside a group stays", () => {
		const beds = myBeds({ ...directory, duty }, "pda-02", null, NOW);
		expect([...beds]).toEqual(["b10", "b12"]);
		const mark = { fact: "ab".repeat(16), terminal: "pda-02", staff: "n02", at: NOW };
		const rows = [
			row("bathroom:r05", "bathroom"),
			row("bed:b30", "patient", { asked: ["pda-02"] }),
			row("bed:b12", "patient"),
			row("bed:b31", "patient", { state: "taken", ringing: false, taken: mark, asked: ["pda-02"] }),
			row("bed:b40", "patient"),
		];
		const groups = callGroups(rows, "pda-02", beds, directory);
		expect(groups.asked.map((one) => one.source)).toEqual(["bed:b30"]);
		expect(groups.mine.map((one) => one.source)).toEqual(["bathroom:r05", "bed:b12", "bed:b31"]);
		expect(groups.rest.map((one) => one.source)).toEqual(["bed:b40"]);
	});

	it("go on when nobody is signed in: coming, passing on, being there, clearing", async () => {
		const terminal = await show({
			board: boardOf([row("bed:b12", "patient", { asked: ["pda-02"] })]),
		});
		expect(find("[data-group]")?.dataset.group).toBe("asked");
		await touch('[data-act="declined"]');
		await touch('[data-act="acknowledged"]');
		await touch('[data-act="attended"]');
		await touch('[data-act="cleared"]');
		expect(terminal.acts.map((one) => [one.act, one.way])).toEqual([
			["declined", undefined],
			["acknowledged", undefined],
			["attended", undefined],
			["cleared", "bed"],
		]);
	});

	it("of the strict kind are cleared only after 到位", async () => {
		await show({ board: boardOf([row("bathroom:r03", "bathroom", { asked: ["pda-02"] })]) });
		expect(find('[data-act="cleared"]')).toBeNull();
		expect(text()).toContain("到位后清除");
		await touch('[data-act="attended"]');
		expect(find('[data-act="cleared"]')).not.toBeNull();
	});

	it("are not touched by a swipe", async () => {
		const terminal = await show({
			board: boardOf([row("bed:b12", "patient", { asked: ["pda-02"] })]),
		});
		const call = find("[data-row]");
		for (const type of ["pointerdown", "pointermove", "pointerup", "touchstart", "touchend"])
			call?.dispatchEvent(new Event(type, { bubbles: true }));
		call?.click();
		await settle();
		expect(terminal.acts).toEqual([]);
	});

	it("asked of me stay in sight on every other tab", async () => {
		await show({
			session,
			board: boardOf([row("bed:b12", "patient", { asked: ["pda-02"] })]),
		});
		for (const tab of ["patients", "memos", "handover", "me"]) {
			await touch(`[data-tab="${tab}"]`);
			expect(find(".first")?.textContent).toContain("12床");
		}
		await touch(".first");
		expect(find('[data-act="acknowledged"]')).not.toBeNull();
	});
});

describe("talk", () => {
	it("answers a row by its key, where the type is talked about", async () => {
		const rows = [
			row("bathroom:r03", "bathroom", { asked: ["pda-02"] }),
			row("bed:b12", "patient", { asked: ["pda-02"] }),
		];
		const terminal = await show({ board: boardOf(rows) });
		expect(all('[data-testid="act-answered"]')).toHaveLength(1);
		await touch('[data-testid="act-answered"]');
		expect(terminal.talk.did).toEqual([["answer", rows[1]?.id]]);
	});

	it("offers no answer to the call this phone talks about, and no bait where another talks", async () => {
		const talking = row("bed:b12", "patient", { state: "talking" });
		const terminal = await show({ board: boardOf([talking]) });
		expect(find('[data-testid="act-answered"]')?.classList).not.toContain("answer");
		terminal.set({ talk: talkOf([sampleLeg("bed-b12", { calls: talking.calls })]) });
		await settle();
		expect(find('[data-testid="act-answered"]')).toBeNull();
	});

	it("says so when an answer could not be kept", async () => {
		const terminal = await show({ board: boardOf([row("bed:b12", "patient")]) });
		terminal.talk.answer = () => Promise.reject(new Error("storage"));
		await touch('[data-testid="act-answered"]');
		expect(find('[role="alert"]')?.textContent).toContain("没有存下");
	});

	it("stands above the tabs on each of them and leaves the list its place", async () => {
		const leg = sampleLeg("bed-b12");
		await show({ talk: talkOf([leg]), board: boardOf([row("bed:b12", "patient")]) });
		for (const tab of ["calls", "me"]) {
			await touch(`[data-tab="${tab}"]`);
			const bar = find('[data-testid="talk-bar"]');
			expect(bar?.dataset.talk).toBe(leg.talk);
			expect(find("nav")?.previousElementSibling?.contains(bar)).toBe(true);
		}
		await touch('[data-tab="calls"]');
		expect(find('[data-testid="call-row"]')).not.toBeNull();
	});

	it("from a station rings and is accepted by hand", async () => {
		const leg = sampleLeg("station-main", { state: "ringing", openedAt: null, invited: true });
		const terminal = await show({ talk: talkOf([leg]) });
		await touch('[data-testid="talk-accept"]');
		expect(terminal.talk.did).toEqual([["accept", leg.talk]]);
	});
});

describe("help", () => {
	it("is asked for with a room, or from the phone itself", async () => {
		const terminal = await show({ directory: { ...directory, duty } });
		await touch('[data-help="code"]');
		expect(terminal.presses).toEqual([]);
		expect(all(".own").map((one) => one.textContent)).toEqual(["705", "706"]);
		await touch(".own");
		await touch('[data-help="staff_assist"]');
		await touch(".rooms .none");
		expect(terminal.presses).toEqual([
			{ type: "code", source: "room:r05", room: "r05" },
			{ type: "staff_assist", source: "terminal:pda-02" },
		]);
	});
});

describe("patients", () => {
	it("are locked, not even joined, while nobody is signed in", async () => {
		const terminal = await show();
		const joined: string[] = [];
		const given = terminal.document.bind(terminal);
		terminal.document = (name) => {
			joined.push(name);
			return given(name);
		};
		for (const tab of ["patients", "memos", "handover"]) {
			await touch(`[data-tab="${tab}"]`);
			expect(text()).toContain("患者资料已锁定");
			expect(text()).not.toContain(bedName(11));
		}
		expect(joined.filter((name) => name.startsWith("stay/") || name.endsWith("/beds"))).toEqual([]);
	});

	it("come with my beds first, and leave the screen with the sign-out", async () => {
		const terminal = await show({ session, directory: { ...directory, duty } });
		await touch('[data-tab="patients"]');
		expect(
			all("[data-bed]")
				.slice(0, 3)
				.map((one) => one.dataset.bed),
		).toEqual(["b10", "b12", "b01"]);
		await touch('[data-bed="b12"]');
		expect(text()).toContain("胡志强");
		terminal.set({ session: null });
		await settle();
		expect(text()).not.toContain("胡志强");
	});
});

it("says at sign-out what has not been delivered, and that no call can come when the hub is away", async () => {
	await show({ session, unsent: 3, layer: 4 });
	expect(find('[role="alert"]')?.textContent).toContain("收不到呼叫");
	await touch('[data-tab="me"]');
	expect(text()).toContain("还有 3 条未送达");
	await touch(".sign-in .key");
	expect(text()).toContain("已退出。还有 3 条未送达");
});

it("takes calls of the neighbours while only the hub is away", async () => {
	await show({ layer: 2 });
	expect(find('[role="alert"]')).toBeNull();
	expect(find('[data-testid="layer-line"]')?.textContent).toBe("中枢离线，病区直连");
	expect(text()).toContain("当前没有呼叫");
	cleanup();
	await show({ layer: 4 });
	expect(text()).not.toContain("当前没有呼叫");
});
