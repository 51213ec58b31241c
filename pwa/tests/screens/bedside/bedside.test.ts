// @vitest-environment happy-dom
/** The bedside screen: calling is one touch, and the patient reads what became of it (CALL-01, A3, A4). */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sampleRow } from "../../../src/fixture/board";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";
import { NOW, sampleCard } from "../../../src/fixture/ward";
import Bedside from "../../../src/screens/bedside/Bedside.svelte";

let terminal: FakeTerminal;
const own = { kind: "bedside", terminal: "bed-b12", room: "r06", bed: "b12" } as const;

beforeEach(() => {
	vi.useFakeTimers();
	terminal = fakeTerminal(own);
});
afterEach(() => {
	cleanup();
	vi.useRealTimers();
});

function show() {
	render(Bedside, { terminal });
}
const find = (selector: string) => document.querySelector<HTMLElement>(selector);
async function touch(selector: string) {
	find(selector)?.click();
	await tick();
}
const text = () => document.body.textContent ?? "";
const feedback = () => find('[data-testid="own-call"]');

describe("calling", () => {
	it("takes one touch, and goes through its steps in words", async () => {
		show();
		expect(feedback()).toBeNull();
		await touch('[data-testid="press-patient"]');
		expect(terminal.presses).toEqual([{ type: "patient" }]);
		expect(find('[data-testid="call-light"]')?.dataset.on).toBe("true");
		const steps: [Parameters<FakeTerminal["progress"]>[0], string][] = [
			["kept", "已按下"],
			["stored", "已送达"],
			["received", "护士站已收到"],
			["taken", "护士马上到"],
			["attended", "护士已到"],
		];
		for (const [progress, words] of steps) {
			terminal.progress(progress);
			await tick();
			expect(feedback()?.dataset.progress).toBe(progress);
			expect(feedback()?.querySelector("strong")?.textContent).toBe(words);
		}
	});

	it("never says the station has it before a receipt (A4)", async () => {
		show();
		await touch('[data-testid="press-patient"]');
		terminal.progress("stored");
		await tick();
		const reached = [...document.querySelectorAll(".reached")].map((one) => one.textContent);
		expect(reached).toEqual(["已按下", "已送达"]);
	});

	it("says on its own that nobody has been reached (A3)", async () => {
		terminal = fakeTerminal(own, { layer: 4, lastHeardAt: NOW - 60_000 });
		show();
		await touch('[data-testid="press-emergency"]');
		expect(text()).toContain("还未送达，正在本机响铃");
		expect(feedback()?.dataset.progress).toBe("kept");
		expect(terminal.shell.lamp).toEqual({ colour: "red", rhythm: [1000, 1000] });
	});

	it("says the same with a hub that does not answer or cannot store (A3)", async () => {
		show();
		await touch('[data-testid="press-patient"]');
		expect(text()).not.toContain("还未送达");
		const [press] = terminal.state.ownPresses;
		if (press) terminal.set({ ownPresses: [{ ...press, undelivered: true }] });
		await tick();
		expect(text()).toContain("还未送达，正在本机响铃");
	});

	it("says so when the call could not even be kept, or was refused", async () => {
		show();
		await touch('[data-testid="press-patient"]');
		terminal.progress("failed");
		await tick();
		expect(text()).toContain("呼叫未成功");
		const [press] = terminal.state.ownPresses;
		if (press) terminal.set({ ownPresses: [{ ...press, progress: "kept", refused: "revoked" }] });
		await tick();
		expect(text()).toContain("呼叫未被接受");
	});

	it("names the door without a hub only when the room's own door has it", async () => {
		terminal = fakeTerminal(own, { layer: 2, lastHeardAt: NOW - 60_000 });
		show();
		await touch('[data-testid="press-patient"]');
		const told = async (heldBy: string[]) => {
			terminal.progress("shown", heldBy);
			await tick();
			return feedback()?.querySelector("strong")?.textContent;
		};
		expect(await told(["station-main"])).toBe("已送达其他终端");
		expect(await told(["door-r03"])).toBe("已送达其他终端");
		expect(await told(["door-r06", "station-main"])).toBe("门口屏已显示");
		expect(text()).not.toContain("还未送达");
		const reached = [...document.querySelectorAll(".reached")].map((one) => one.textContent);
		expect(reached).toEqual(["已按下", "门口屏已显示"]);
		terminal.progress("received", ["door-r06", "station-main"]);
		await tick();
		expect(feedback()?.querySelector("strong")?.textContent).toBe("护士站已收到");
	});

	it("tells after a restart only what the row proves", async () => {
		const row = sampleRow(terminal.state.directory, "bed:b12", "patient", 20, { received: null });
		terminal = fakeTerminal(own, { board: { rows: [row], troubles: [], closed: {} } });
		show();
		expect(feedback()?.dataset.progress).toBe("stored");
		expect(feedback()?.dataset.call).toBe(row.id);
	});
});

describe("purposes", () => {
	it("call at once with the purpose when nothing is open", async () => {
		show();
		await touch('[data-purpose="pain"]');
		expect(terminal.presses).toEqual([{ type: "patient", purpose: "pain" }]);
	});

	it("are added after the call once the placing rule lets them", async () => {
		show();
		await touch('[data-testid="press-patient"]');
		await touch('[data-purpose="toilet"]');
		expect(terminal.presses).toHaveLength(1);
		expect(find('[data-purpose="toilet"]')?.classList.contains("chosen")).toBe(true);
		vi.advanceTimersByTime(2200);
		expect(terminal.presses[1]).toEqual({ type: "patient", purpose: "toilet" });
	});

	it("are forgotten when the call is taken back meanwhile", async () => {
		show();
		await touch('[data-testid="press-patient"]');
		await touch('[data-purpose="toilet"]');
		await touch('[data-testid="cancel"]');
		vi.advanceTimersByTime(5000);
		expect(terminal.presses).toHaveLength(1);
	});
});

describe("cancelling", () => {
	it("takes back every open call of the bed and says so", async () => {
		show();
		expect(find('[data-testid="cancel"]')?.hasAttribute("disabled")).toBe(true);
		await touch('[data-testid="press-patient"]');
		await touch('[data-testid="press-dressing"]');
		await touch('[data-testid="cancel"]');
		expect(terminal.acts.map((one) => [one.act, one.row.type])).toEqual([
			["cancelled", "dressing"],
			["cancelled", "patient"],
		]);
		expect(text()).toContain("呼叫已取消");
		terminal.set({ now: NOW + 10_000 });
		await tick();
		expect(text()).not.toContain("呼叫已取消");
	});
});

describe("the handle", () => {
	it("acts without the screen, which keeps in step: no second press, and a taken-back call takes its purpose along", async () => {
		show();
		await touch('[data-testid="press-patient"]');
		await touch('[data-purpose="toilet"]');
		for (const key of ["call", "dressing", "light", "cancel"] as const) terminal.shell.key(key);
		vi.advanceTimersByTime(5000);
		expect(terminal.presses).toEqual([{ type: "patient" }]);
		expect(terminal.acts).toEqual([]);
		terminal.set({ board: { rows: [], troubles: [], closed: {} }, ownPresses: [] });
		await tick();
		expect(text()).toContain("呼叫已取消");
	});

	it("wakes a dark screen", async () => {
		terminal = fakeTerminal(own, { night: true });
		show();
		terminal.set({ now: NOW + 60_000 });
		await tick();
		terminal.shell.key("light");
		await tick();
		expect(terminal.shell.brightness).toBeGreaterThan(40);
	});
});

describe("the card", () => {
	it("shows who lies here and what to mind (CARD-01..12)", () => {
		show();
		const card = sampleCard(12);
		for (const words of [
			card?.name,
			"12",
			"特级护理",
			"病危",
			"住院第13天",
			"过敏：青霉素",
			"跌倒",
			"禁食",
		]) {
			expect(text()).toContain(words);
		}
		expect(find('svg[role="img"]')?.getAttribute("aria-label")).toContain(card?.inpatient_number);
	});

	it("has a mark in place of a private diagnosis, and arrears without a word (CARD-03, CARD-08)", () => {
		show();
		expect(text()).toContain("隐私保护");
		expect(find(".arrears")?.textContent).toBe("¥");
	});

	it("never shows the card of another stay", async () => {
		terminal.fill("stay/s12/card", "card", { ...sampleCard(11), stay: "s11" });
		show();
		expect(text()).not.toContain(sampleCard(11)?.name);
	});

	it("is empty as soon as the stay is over (A21)", async () => {
		show();
		terminal.fill("ward/thoracic/bed/b12/directory", "self", { bed: "b12", stay: "", team: [] });
		await tick();
		expect(text()).toContain("空床");
		expect(text()).not.toContain(sampleCard(12)?.name);
		expect(find('[data-testid="press-patient"]')).not.toBeNull();
	});

	it("says that it is still being checked after a start without the hub, nothing as a fact (A21)", async () => {
		const clock = vi.spyOn(performance, "now").mockReturnValue(1000);
		terminal = fakeTerminal(own, { layer: 4, lastHeardAt: NOW - 60_000 });
		const document = terminal.document;
		terminal.document = (name) => ({
			subscribe: (run) => document(name).subscribe((view) => run({ ...view, syncedAt: null })),
		});
		show();
		const card = () => find(".card")?.textContent ?? "";
		expect(card().replace(/\s/g, "")).toBe("12床正在核对患者资料…");
		expect(find(".card dl")).toBeNull();
		clock.mockReturnValue(6001);
		terminal.set({ now: NOW + 5001 });
		await tick();
		expect(card()).toContain(sampleCard(12)?.name);
		expect(card()).not.toContain("正在核对");
		clock.mockRestore();
	});

	it("says the same for a card that has not come", () => {
		terminal.fill("stay/s12/card", "card", {});
		show();
		expect(find(".card")?.textContent).toContain("正在核对患者资料…");
		expect(text()).not.toContain("未定级");
	});

	it("takes the ward's own care-level colours (CARD-07)", async () => {
		terminal.fill("ward/thoracic/settings", "settings", { palette: { special: "#112233" } });
		show();
		expect(find("main")?.getAttribute("style")).toMatch(/--level-special: ?#112233/);
	});
});

describe("night", () => {
	it("dims, but is never dark for a call, and wakes by a touch", async () => {
		terminal = fakeTerminal(own, { night: true });
		show();
		await tick();
		expect(terminal.shell.brightness).toBeLessThan(20);
		terminal.set({ now: NOW + 60_000 });
		await touch("main");
		expect(terminal.shell.brightness).toBeGreaterThan(40);
		terminal.set({ now: NOW + 120_000 });
		await tick();
		expect(terminal.shell.brightness).toBeLessThan(20);
		await touch('[data-testid="press-patient"]');
		terminal.set({ now: NOW + 300_000 });
		await tick();
		expect(terminal.shell.brightness).toBeGreaterThan(40);
		expect(find("main")?.classList.contains("asleep")).toBe(false);
	});
});

describe("what may be wrong", () => {
	it.each([
		["unenrolled", "未登记"],
		["elsewhere", "已在别处打开"],
		["revoked", "本终端已停用"],
	] as const)("says %s in big words", (phase, words) => {
		terminal = fakeTerminal(own, { phase });
		show();
		expect(find(`[data-phase="${phase}"]`)?.textContent).toContain(words);
	});

	it("unlocks sound by any touch and tells until then", async () => {
		terminal = fakeTerminal(own, { sound: "blocked" });
		show();
		expect(text()).toContain("声音未开启");
		await touch(".cardbox");
		expect(terminal.unlocked).toBe(1);
		expect(text()).not.toContain("声音未开启");
	});

	it("speaks English when asked", async () => {
		show();
		await touch(".language");
		expect(text()).toContain("One touch and a nurse comes");
	});
});
