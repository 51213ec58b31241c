// @vitest-environment happy-dom
/** The station talks, broadcasts and looks: keys ask the right thing, and words tell what came of it (CALL-01 … CALL-03). */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Broadcast } from "../../../src/core/talk/types";
import { boardOf, sampleRow } from "../../../src/fixture/board";
import { sampleLeg, talkOf } from "../../../src/fixture/talk";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";
import { NOW, sampleDirectory } from "../../../src/fixture/ward";
import Station from "../../../src/screens/station/Station.svelte";
import { TABS } from "../../../src/screens/station/tabs";

const directory = sampleDirectory();
const row = (source: string, type: string, more = {}) =>
	sampleRow(directory, source, type, 40, more);
const all = (id: string) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];
const text = () => document.body.textContent ?? "";
async function settle(): Promise<void> {
	for (let turn = 0; turn < 8; turn += 1) await tick();
}
async function click(selector: string): Promise<void> {
	const key = document.querySelector<HTMLElement>(selector);
	if (key === null) throw new Error(`no ${selector}`);
	key.click();
	await settle();
}
const touch = (id: string, more = "") => click(`[data-testid="${id}"]${more}`);
const open = (tab: string) => click(`[data-tab="${tab}"]`);
async function show(state: Parameters<typeof fakeTerminal>[1] = {}): Promise<FakeTerminal> {
	const terminal = fakeTerminal(
		{ kind: "station", terminal: "station-main", profile: "main" },
		state,
	);
	render(Station, { terminal });
	await settle();
	return terminal;
}
function withCameras(...ids: string[]) {
	const given = structuredClone(directory);
	for (const id of ids) {
		const entry = given.terminals[id];
		if (entry) entry.camera = true;
	}
	return given;
}
const running = (more: Partial<Broadcast> = {}): Broadcast => ({
	talk: "b".repeat(16),
	way: "direct",
	targets: ["bed-b01", "bed-b02", "bed-b03"],
	reached: ["bed-b01"],
	missed: [],
	since: NOW - 5000,
	recording: false,
	...more,
});

// whole screens of 46 beds are slow to build in a simulated page on a busy machine
vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

describe("a row", () => {
	it("is answered where its type is talked about, and has no key elsewhere", async () => {
		const patient = row("bed:b12", "patient");
		const terminal = await show({
			board: boardOf([row("bathroom:r03", "bathroom"), patient]),
		});
		expect(all("act-answered")).toHaveLength(1);
		await touch("act-answered");
		expect(terminal.talk.did).toEqual([["answer", patient.id]]);
	});

	it("says that answering holds the talk that runs, and has no key once it is one's own", async () => {
		const [first, second] = [row("bed:b12", "patient"), row("bed:b07", "patient")];
		const terminal = await show({ board: boardOf([first, second]) });
		expect(text()).not.toContain("原通话保持");
		terminal.set({ talk: talkOf([sampleLeg("bed-b12", { calls: first.calls })]) });
		await settle();
		expect(all("act-answered").map((one) => one.textContent)).toEqual(["接听原通话保持"]);
	});

	it("says who talks", async () => {
		const talking = { fact: "ab".repeat(16), terminal: "station-vice", staff: null, at: NOW };
		await show({
			board: boardOf([row("bed:b12", "patient", { state: "talking", talking, ringing: false })]),
		});
		expect(text()).toContain("护士站副机 通话中");
	});

	it("that cannot be answered says so", async () => {
		const terminal = await show({ board: boardOf([row("bed:b12", "patient")]) });
		terminal.talk.answer = () => Promise.reject(new Error("away"));
		await touch("act-answered");
		expect(text()).toContain("没有接通");
	});
});

describe("the talk bar", () => {
	it("stays under every tab", async () => {
		await show({ talk: talkOf([sampleLeg("bed-b12")]) });
		for (const tab of TABS) {
			await open(tab);
			expect(all("talk-bar")).toHaveLength(1);
		}
	});

	it("asks hold and transfer of the talk", async () => {
		const leg = sampleLeg("bed-b12");
		const terminal = await show({ talk: talkOf([leg]) });
		await touch("talk-hold");
		await touch("talk-transfer");
		await touch("talk-transfer-to");
		expect(terminal.talk.did).toEqual([
			["hold", leg.talk, true],
			["transfer", leg.talk, "station-vice"],
		]);
	});
});

describe("a talk without a call", () => {
	it("goes to a bed, to its door, and to the other station", async () => {
		const terminal = await show();
		await touch("call-station-talk");
		await click('[data-bed="b12"]');
		await touch("call-bed");
		await touch("call-door");
		expect(terminal.talk.did).toEqual([
			["call", "station-vice", "talk"],
			["call", "bed-b12", "talk"],
			["call", "door-r06", "talk"],
		]);
	});

	it("asks which station where there are more than two", async () => {
		const given = structuredClone(directory);
		const third = structuredClone(given.terminals["station-vice"]);
		if (third === undefined) throw new Error("no vice station");
		given.terminals["station-third"] = { ...third, id: "station-third", name: "护士站三号机" };
		const terminal = await show({ directory: given });
		expect(all("call-station-talk")).toEqual([]);
		await click('[data-testid="choose-station"][data-what="talk"]');
		expect(all("choose-station")).toEqual([]);
		await click('[data-terminal="station-third"]');
		expect(terminal.talk.did).toEqual([["call", "station-third", "talk"]]);
		await click('[data-testid="choose-station"][data-what="call"]');
		expect(all("press-station").map((one) => one.textContent?.trim())).toContain("护士站三号机");
		await touch("station-back");
		await click('[data-testid="choose-station"][data-what="call"]');
		await click('[data-terminal="station-vice"]');
		expect(terminal.presses.at(-1)).toMatchObject({ type: "station", to: "station-vice" });
	});

	it("is not asked for twice, nor of a bed without a terminal", async () => {
		const given = structuredClone(directory);
		delete given.terminals["bed-b12"];
		const terminal = await show({ directory: given, talk: talkOf([sampleLeg("door-r06")]) });
		await click('[data-bed="b12"]');
		expect(all("call-bed")).toEqual([]);
		expect((all("call-door")[0] as HTMLButtonElement).disabled).toBe(true);
		terminal.set({ talk: talkOf([sampleLeg("door-r06", { state: "over", end: "lost" })]) });
		await settle();
		expect((all("call-door")[0] as HTMLButtonElement).disabled).toBe(false);
	});
});

describe("a broadcast", () => {
	it("goes to the bedsides of what was chosen", async () => {
		const terminal = await show();
		await open("broadcast");
		expect((all("broadcast-start")[0] as HTMLButtonElement).disabled).toBe(true);
		await touch("broadcast-target", '[data-kind="room"][data-id="r06"]');
		await touch("broadcast-target", '[data-kind="bed"][data-id="b02"]');
		expect(text()).toContain("已选 3 张床");
		await touch("broadcast-start");
		expect(terminal.talk.did).toEqual([["broadcast", ["bed-b02", "bed-b11", "bed-b12"]]]);
		await touch("broadcast-end");
		expect(terminal.talk.did.at(-1)).toEqual(["endBroadcast"]);
	});

	it("tells beds that are away before anyone speaks", async () => {
		const terminal = await show();
		const presence = terminal.state.presence;
		const away = { connected: false, seen_at: 0, sound: "ok", inputs: {}, layer: 1 } as const;
		if (presence !== null)
			terminal.set({
				presence: { ...presence, terminals: { ...presence.terminals, "bed-b12": away } },
			});
		await open("broadcast");
		await touch("broadcast-target", '[data-kind="room"][data-id="r06"]');
		expect(text()).toContain("其中 1 张床不在线");
	});

	it("says who hears it, who does not and why, and runs on under other tabs", async () => {
		const missed = [{ terminal: "bed-b02", reason: "call" as const }];
		const terminal = await show({ talk: talkOf([], { broadcast: running({ missed }) }) });
		expect(all("broadcast-end")).toHaveLength(1);
		await open("broadcast");
		const told = all("broadcast-reached")[0]?.textContent;
		for (const words of ["1 / 3", "正在接通 1 张床"]) expect(told).toContain(words);
		expect(all("broadcast-missed").map((one) => one.textContent)).toEqual(["2床 床旁有呼叫"]);
		expect(all("broadcast-record")).toEqual([]);
		terminal.set({
			directory: { ...directory, ward: { ...directory.ward, recording: true } },
			talk: talkOf([], { broadcast: running({ recording: true }) }),
		});
		await settle();
		expect(text()).toContain("正在录音");
		await touch("broadcast-record");
		expect(terminal.talk.did).toEqual([["recordBroadcast", false]]);
	});

	it("without a microphone says what to do", async () => {
		await show({ talk: talkOf([], { microphone: "missing" }) });
		await open("broadcast");
		expect(text()).toContain("没有找到麦克风");
	});
});

describe("an announcement", () => {
	const two = [
		{ id: "a1", name: "探视结束", seconds: 9 },
		{ id: "a2", name: "查房", seconds: 21 },
	];

	it("is played to the chosen, and deleted with two touches", async () => {
		const terminal = await show({ talk: talkOf([], { announcements: two }) });
		await open("broadcast");
		expect((all("announcement-play")[0] as HTMLButtonElement).disabled).toBe(true);
		await touch("broadcast-target", '[data-kind="bed"][data-id="b02"]');
		await touch("announcement-play");
		await touch("announcement-drop");
		expect(all("announcement")).toHaveLength(2);
		await touch("announcement-drop");
		expect(terminal.talk.did).toEqual([
			["announce", "a1", ["bed-b02"]],
			["dropAnnouncement", "a1"],
		]);
	});

	it("is recorded, stopped, named and kept; or thrown away", async () => {
		const terminal = await show();
		await open("broadcast");
		await touch("announcement-record");
		expect(text()).toContain("正在录音");
		await touch("announcement-stop");
		const name = all("announcement-name")[0] as HTMLInputElement;
		expect(name.value).toContain("通知");
		name.value = "探视结束";
		name.dispatchEvent(new Event("input", { bubbles: true }));
		await touch("announcement-keep");
		expect(terminal.talk.did).toEqual([
			["recordAnnouncement"],
			["recordAnnouncement"],
			["keepAnnouncement", "探视结束"],
		]);
		expect(all("announcement").map((one) => one.dataset.id)).toEqual(["clip-探视结束"]);
		await touch("announcement-record");
		await touch("announcement-discard");
		expect(terminal.talk.did.at(-1)).toEqual(["keepAnnouncement", null]);
		expect(all("announcement-name")).toEqual([]);
	});

	it("that stopped by itself is named, too", async () => {
		const terminal = await show();
		await open("broadcast");
		await touch("announcement-record");
		terminal.set({ talk: { ...terminal.state.talk, recordingClip: false } });
		await settle();
		expect(all("announcement-keep")).toHaveLength(1);
	});
});

describe("pictures", () => {
	const cameras = withCameras("bed-b01", "bed-b02", "bed-b12", "door-r03", "bed-b30");
	const view = (peer: string, more = {}) =>
		sampleLeg(peer, { purpose: "view", invited: true, ...more });

	it("are opened by a touch and ended by another, or by their own key", async () => {
		const leg = view("bed-b12");
		const terminal = await show({ directory: cameras });
		await open("view");
		expect(all("view-target").map((one) => one.dataset.terminal)).toEqual([
			"bed-b01",
			"bed-b02",
			"bed-b12",
			"bed-b30",
			"door-r03",
		]);
		await touch("view-target", '[data-terminal="bed-b12"]');
		terminal.set({ talk: talkOf([leg]) });
		await settle();
		await touch("view-target", '[data-terminal="bed-b12"]');
		terminal.set({ talk: talkOf([leg]) });
		await settle();
		await touch("view-end");
		expect(terminal.talk.did).toEqual([
			["call", "bed-b12", "view"],
			["hangUp", leg.talk],
			["hangUp", leg.talk],
		]);
	});

	it("are four at most; each has its name and its key", async () => {
		const peers = ["bed-b01", "bed-b02", "bed-b12", "door-r03"];
		await show({ directory: cameras, talk: talkOf(peers.map((peer) => view(peer))) });
		await open("view");
		expect(all("view-end")).toHaveLength(4);
		expect(all("view-target")).toEqual([]);
		for (const name of ["1床", "2床", "12床", "703室门口"]) expect(text()).toContain(name);
		expect(all("talk-bar")).toEqual([]);
	});

	it("refused for privacy say so, in their tab and under another", async () => {
		const refused = view("bed-b12", { state: "over", end: "privacy" });
		await show({ directory: cameras, talk: talkOf([refused]) });
		expect(all("talk-end")[0]?.textContent).toBe("患者已开启隐私");
		await open("view");
		expect(all("talk-end")).toEqual([]);
		expect(text()).toContain("患者已开启隐私");
		expect(all("view-target")).toHaveLength(5);
	});

	it("run on under other tabs, seen there and ended there", async () => {
		const legs = [view("bed-b01"), view("bed-b12")];
		const terminal = await show({ directory: cameras, talk: talkOf(legs) });
		expect(text()).toContain("正在查看 2 个画面");
		await click('[data-running="view"] .end');
		expect(terminal.talk.did).toEqual(legs.map((leg) => ["hangUp", leg.talk]));
	});

	it("are not offered where nothing has a camera", async () => {
		await show();
		await open("view");
		expect(text()).toContain("没有带摄像头");
	});
});

it("speaks English", async () => {
	const board = boardOf([row("bed:b12", "patient")]);
	await show({ language: "en", board, talk: talkOf([sampleLeg("bed-b07")]) });
	for (const words of ["Broadcast", "Pictures", "Answer", "other held", "Hang up", "Talk"])
		expect(text()).toContain(words);
	await open("broadcast");
	for (const words of ["Whole ward", "Speak", "Announcements"]) expect(text()).toContain(words);
	await open("view");
	expect(text()).toContain("has a camera");
});
