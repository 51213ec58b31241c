// @vitest-environment happy-dom
/** Recorded talks in the journal: a mark for everybody, sound for a person signed in. */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, Unreachable } from "../../../src/core/identity/api";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";
import { NOW } from "../../../src/fixture/ward";
import Journal from "../../../src/screens/station/Journal.svelte";

const nurse = { staff: "n01", name: "刘静怡", role: "nurse", expiresAt: NOW + 1e7 };
const all = (id: string) => [
	...document.querySelectorAll<HTMLElement>(`[data-testid="recording-${id}"]`),
];
const alert = () => document.querySelector('[role="alert"]')?.textContent;
let kept: Set<string>;

async function settle(): Promise<void> {
	for (let turn = 0; turn < 8; turn += 1) await tick();
}
async function show(session: typeof nurse | null): Promise<FakeTerminal> {
	const terminal = fakeTerminal({ kind: "station", terminal: "station-main" }, { session });
	render(Journal, { terminal });
	await settle();
	return terminal;
}
async function touch(index: number): Promise<void> {
	all("play")[index]?.click();
	await settle();
}

beforeEach(() => {
	kept = new Set();
	let made = 0;
	vi.spyOn(URL, "createObjectURL").mockImplementation(() => {
		made += 1;
		kept.add(`blob:${made}`);
		return `blob:${made}`;
	});
	vi.spyOn(URL, "revokeObjectURL").mockImplementation((address) => void kept.delete(address));
});
afterEach(() => {
	cleanup();
	vi.restoreAllMocks();
});

describe("recorded talks of the journal", () => {
	it("are marked for everybody and can be heard by a person signed in only", async () => {
		const terminal = await show(null);
		expect(all("mark").map((one) => one.textContent)).toEqual(Array(5).fill("有录音，登录后可听"));
		expect(all("play")).toHaveLength(0);
		terminal.set({ session: nurse });
		await settle();
		expect(all("mark")).toHaveLength(0);
		expect(all("play")).toHaveLength(5);
	});

	it("play one at a time, stop by the same key, and are let go of", async () => {
		const terminal = await show(nurse);
		const asked = vi.spyOn(terminal, "recording");
		await touch(0);
		expect(all("sound")).toHaveLength(1);
		expect(all("play")[0]?.textContent?.trim()).toBe("停止");
		await touch(1);
		expect(all("sound")).toHaveLength(1);
		expect(all("play").map((one) => one.getAttribute("aria-pressed") === "true")).toEqual(
			[0, 1, 2, 3, 4].map((at) => at === 1),
		);
		expect(kept.size).toBe(1);
		await touch(1);
		expect(all("sound")).toHaveLength(0);
		expect(kept.size).toBe(0);
		expect(asked.mock.calls.map(([id]) => id)).toEqual(
			all("play")
				.slice(0, 2)
				.map((one) => one.dataset.talk),
		);
		await touch(0);
		all("sound")[0]?.dispatchEvent(new Event("ended"));
		await settle();
		expect(all("sound")).toHaveLength(0);
	});

	it("fall silent when she signs out", async () => {
		const terminal = await show(nurse);
		await touch(0);
		terminal.set({ session: null });
		await settle();
		expect(all("sound")).toHaveLength(0);
		expect(kept.size).toBe(0);
	});

	it("do not begin after they were stopped while they were fetched", async () => {
		const terminal = await show(nurse);
		let arrive: (sound: Blob) => void = () => undefined;
		terminal.recording = () => new Promise((resolve) => (arrive = resolve));
		await touch(0);
		expect(all("play")[0]?.textContent?.trim()).toBe("正在取…");
		await touch(0);
		arrive(new Blob(["x"]));
		await settle();
		expect(all("sound")).toHaveLength(0);
		expect(kept.size).toBe(0);
	});

	it.each([
		[new ApiError(404, "not_found", ""), "录音已不在中枢"],
		[new ApiError(403, "forbidden", ""), "本账号不能听录音，请护士或医生登录"],
		[new Unreachable("refused"), "取不到录音：暂时连不上中枢"],
	])("that cannot be heard say why: %s", async (error, words) => {
		const terminal = await show(nurse);
		terminal.recording = () => Promise.reject(error);
		await touch(0);
		expect(alert()).toBe(words);
		expect(all("play")[0]?.textContent?.trim()).toBe("播放");
	});

	it("that the page cannot play say so", async () => {
		await show(nurse);
		await touch(0);
		all("sound")[0]?.dispatchEvent(new Event("error"));
		await settle();
		expect(alert()).toBe("录音放不出来");
	});
});

const others = () => [...document.querySelectorAll<HTMLElement>('[data-testid="other-recording"]')];
const choose = async (label: string, value: string) => {
	const select = document.querySelector<HTMLSelectElement>(`select[aria-label="${label}"]`);
	if (!select) throw new Error(label);
	select.value = value;
	select.dispatchEvent(new Event("change", { bubbles: true }));
	await settle();
};

describe("recordings without a call", () => {
	it("stand under the calls: what it was, with whom, how long, and a key as calls have", async () => {
		const terminal = await show(nurse);
		expect(document.querySelector('[data-testid="other-recordings"] h3')?.textContent).toBe(
			"录音 · 2 条",
		);
		const [broadcast, talk] = others().map((one) => one.textContent?.replace(/\s+/g, " ").trim());
		expect(broadcast).toMatch(/^\d\d:\d\d 广播 1床 等 3 处 00:42 \S+ 播放$/);
		expect(talk).toMatch(/^\d\d:\d\d 通话 2床 02:00 \S+ 播放$/);
		const asked = vi.spyOn(terminal, "recording");
		others()[0]?.querySelector("button")?.click();
		await settle();
		expect(asked).toHaveBeenCalledWith("00000000000b0ca5");
		await touch(0);
		expect(all("sound")).toHaveLength(1);
		terminal.setLanguage("en");
		await settle();
		expect(others()[0]?.textContent).toContain("Bed 1 and 2 more");
	});

	it("follow the bed that was chosen, and no call type", async () => {
		await show(null);
		await choose("位置", "b02");
		expect(others().map((one) => one.dataset.talk)).toHaveLength(2);
		await choose("位置", "b03");
		expect(others().map((one) => one.dataset.talk)).toEqual(["00000000000b0ca5"]);
		await choose("类型", "patient");
		expect(others()).toHaveLength(0);
	});

	it("that cannot be read leave the calls as they are, and say so", async () => {
		const terminal = fakeTerminal({ kind: "station", terminal: "station-main" });
		terminal.recordings = () => Promise.reject(new Unreachable("refused"));
		render(Journal, { terminal });
		await settle();
		expect(document.querySelectorAll("tbody tr").length).toBeGreaterThan(0);
		expect(alert()).toBe("读不到广播和其他录音：暂时连不上中枢");
	});
});

it("a call that two took names who was first and who had it last; any other names neither (CF47)", async () => {
	const terminal = fakeTerminal({ kind: "station", terminal: "station-main" });
	const [line] = await terminal.history({ from: 0, to: NOW });
	if (!line) throw new Error("no line");
	terminal.history = async () => [
		{ ...line, acknowledged_by: "station-main", taken_by: "station-vice" },
		{ ...line, id: "b".repeat(32), acknowledged_by: "n01", taken_by: "n01" },
		{ ...line, id: "c".repeat(32), acknowledged_by: "n01" },
	];
	render(Journal, { terminal });
	await settle();
	const told = [...document.querySelectorAll('[data-testid="first-and-last"]')];
	expect(told.map((one) => one.textContent)).toEqual(["首次接受 护士站主机；最后负责 护士站副机"]);
	terminal.setLanguage("en");
	await settle();
	expect(told[0]?.textContent).toMatch(/^first .+, last .+$/);
});
