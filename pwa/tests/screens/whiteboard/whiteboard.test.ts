// @vitest-environment happy-dom
/** The wall: all calls, all beds masked, authors picked from the rota and unverified (WB-01, MEMO-01..04, CALL-08). */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, expect, it, vi } from "vitest";
import { boardOf, busyRows, sampleRow } from "../../../src/fixture/board";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";
import { bedName, MINUTE, NOW, sampleDirectory } from "../../../src/fixture/ward";
import { onDuty } from "../../../src/screens/whiteboard/duty";
import Whiteboard from "../../../src/screens/whiteboard/Whiteboard.svelte";

const directory = sampleDirectory();
const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
const find = (selector: string) => document.querySelector<HTMLElement>(selector);
const text = () => document.body.textContent ?? "";
async function touch(selector: string): Promise<void> {
	find(selector)?.click();
	for (let turn = 0; turn < 6; turn += 1) await tick();
}
function show(state: Parameters<typeof fakeTerminal>[1] = {}): FakeTerminal {
	const terminal = fakeTerminal({ kind: "whiteboard", terminal: "whiteboard" }, state);
	render(Whiteboard, { terminal });
	return terminal;
}

// whole screens of 46 beds are slow to build in a simulated page on a busy machine
vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

it("shows every call and every bed, no full name, and the counts", () => {
	const rows = busyRows(directory);
	show({ board: boardOf(rows) });
	expect(all("[data-row]")).toHaveLength(rows.length);
	expect(all("[data-bed]")).toHaveLength(46);
	for (let index = 0; index < 46; index += 1) expect(text()).not.toContain(bedName(index));
	expect(find("dl")?.textContent).toContain("在院45");
});

it("hangs up a call of the tender kind (CALL-08)", async () => {
	const terminal = show({ board: boardOf([sampleRow(directory, "bed:b02", "patient", 9)]) });
	await touch('[data-act="cleared"]');
	expect(terminal.acts.map((one) => [one.act, one.way])).toEqual([["cleared", "remote"]]);
	expect(all("[data-row]")).toHaveLength(0);
});

it("lets nobody write before an author is picked, marks memos 未核实, and forgets the author after two minutes", async () => {
	const terminal = show();
	const key = () => find(".tools .main") as HTMLButtonElement;
	expect(key().disabled).toBe(true);
	await touch(".people button");
	const [first] = onDuty(directory, NOW);
	expect(key().disabled).toBe(false);
	await touch(".tools .main");
	const field = find(".writing textarea") as HTMLTextAreaElement;
	field.value = "治疗车已消毒";
	field.dispatchEvent(new Event("input", { bubbles: true }));
	await tick();
	await touch(".writing .main");
	const memo = all("[data-memo]").find((one) => one.textContent?.includes("治疗车已消毒"));
	expect(memo?.textContent).toContain(first?.name);
	expect(memo?.textContent).toContain("未核实");
	terminal.set({ now: NOW + 3 * MINUTE });
	await tick();
	expect(key().disabled).toBe(true);
});

it("offers those on duty now, once each", () => {
	const duty = {
		a: { staff: "n02", beds: [], since: NOW - 1 },
		b: { staff: "n02", beds: [], since: NOW - 1 },
		c: { staff: "n03", beds: [], since: NOW - 10, until: NOW },
		d: { staff: "n04", beds: [], since: NOW + 1 },
		e: { staff: "nobody", beds: [], since: 0 },
	};
	expect(onDuty({ ...directory, duty }, NOW).map((one) => one.staff)).toEqual(["n02"]);
});

it("looks like a quiet ward as long as a neighbour is heard, and says who talks in the row", async () => {
	const terminal = show({ layer: 2 });
	expect(text()).toContain("当前没有呼叫");
	terminal.set({ layer: 4 });
	await tick();
	expect(text()).toContain("收不到呼叫");
	const mark = { fact: "ab".repeat(16), terminal: "station-main", staff: null, at: NOW };
	const part = { state: "talking", talking: mark, ringing: false } as const;
	terminal.set({ layer: 2, board: boardOf([sampleRow(directory, "bed:b02", "patient", 9, part)]) });
	await tick();
	expect(find("[data-row]")?.textContent).toContain("护士站主机 通话中");
	expect(find('[data-testid="act-answered"]')).toBeNull();
});
