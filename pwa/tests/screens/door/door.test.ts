// @vitest-environment happy-dom
/** The door screen: the room's calls, who may clear what, and what the corridor may read (DOOR-01, DOOR-02). */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, describe, expect, it } from "vitest";
import { boardOf, sampleRow, sampleTroubles } from "../../../src/fixture/board";
import { sampleLeg, talkOf } from "../../../src/fixture/talk";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";
import { NOW, sampleCard, sampleDirectory, samplePresence } from "../../../src/fixture/ward";
import Door from "../../../src/screens/door/Door.svelte";
import { stationFor } from "../../../src/screens/door/room";

const own = { kind: "door", terminal: "door-r03", room: "r03" } as const;
const directory = sampleDirectory();
const row = (source: string, type: string, more = {}) =>
	sampleRow(directory, source, type, 40, more);
const find = (selector: string) => document.querySelector<HTMLElement>(selector);
const text = () => document.body.textContent ?? "";
async function touch(id: string) {
	find(`[data-testid="${id}"]`)?.click();
	await tick();
}
function show(state: Parameters<typeof fakeTerminal>[1] = {}): FakeTerminal {
	const terminal = fakeTerminal(own, state);
	render(Door, { terminal });
	return terminal;
}

afterEach(cleanup);

describe("the room", () => {
	it("shows its beds masked, its isolation and its team", () => {
		show();
		for (const words of ["703", "接触隔离", "5床、6床", "护士长", "何淑贤"])
			expect(text()).toContain(words);
		expect(text()).not.toContain(sampleCard(5)?.name);
		expect(text()).toContain("杨*远");
		expect(text()).not.toContain("青霉素");
	});

	it("shows no one else's calls", () => {
		show({ board: boardOf([row("bed:b12", "patient")]) });
		expect(find('[data-testid="call-row"]')).toBeNull();
		expect(find('[data-testid="act-attended"]')?.hasAttribute("disabled")).toBe(true);
	});

	it("tells the state of the bathroom's line and the troubles of its own terminals", async () => {
		const presence = samplePresence(directory, NOW);
		const terminal = show({ presence });
		expect(text()).toContain("卫生间拉绳正常");
		const mine = {
			key: "missing:bed-b05",
			kind: "missing",
			terminal: "bed-b05",
			room: "r03",
			since: NOW,
		} as const;
		const seen = presence.terminals["door-r03"];
		if (seen) seen.inputs = { bathroom: "open" };
		terminal.set({ presence: { ...presence }, board: boardOf([], [mine, ...sampleTroubles()]) });
		await tick();
		expect(text()).toContain("卫生间线路断开");
		expect(text()).toContain("5床床头屏 离线");
		expect(text()).not.toContain("19床");
	});
});

describe("a call of the room", () => {
	it("takes the screen but not the keys, isolation still in view", () => {
		const terminal = show({
			board: boardOf([
				row("bathroom:r03", "bathroom"),
				row("bed:b05", "patient", { purpose: "water" }),
			]),
		});
		const shown = [...document.querySelectorAll<HTMLElement>('[data-testid="call-row"]')];
		expect(shown.map((one) => one.dataset.source)).toEqual(["bathroom:r03", "bed:b05"]);
		expect(find(".takeover")?.textContent).toContain("00:40");
		expect(find(".stripe")?.textContent).toContain("接触隔离");
		expect(find('[data-testid="act-attended"]')?.hasAttribute("disabled")).toBe(false);
		expect(terminal.shell.lamp).toEqual({ colour: "white", rhythm: [1000, 1000] });
	});

	it("is attended first, then cleared: the lamp turns green and dark", async () => {
		const emergency = row("bed:b05", "emergency");
		const terminal = show({ board: boardOf([emergency]) });
		expect(find('[data-testid="act-cleared"]')?.hasAttribute("disabled")).toBe(true);
		expect(text()).toContain("请先按“到位”");
		await touch("act-attended");
		expect(terminal.acts[0]?.act).toBe("attended");
		expect(terminal.shell.lamp).toEqual({ colour: "green", rhythm: [1000, 0] });
		expect(text()).toContain("护理人员在室内");
		await touch("act-cleared");
		expect(terminal.acts[1]).toMatchObject({ act: "cleared", way: "door" });
		expect(terminal.shell.lamp.colour).toBeNull();
	});

	it("is cleared at once where the policy is tender (CALL-08)", async () => {
		const terminal = show({ board: boardOf([row("bed:b05", "patient")]) });
		await touch("act-cleared");
		expect(terminal.acts.map((one) => one.row.type)).toEqual(["patient"]);
	});

	it("is not cleared from under a strict one: someone comes first, then the room is clear", async () => {
		const strict = row("bed:b06", "emergency");
		const terminal = show({ board: boardOf([strict, row("bed:b05", "patient")]) });
		expect(find('[data-testid="act-cleared"]')?.hasAttribute("disabled")).toBe(true);
		expect(text()).toContain("请先按“到位”");
		await touch("act-attended");
		await touch("act-cleared");
		const cleared = terminal.acts.filter((one) => one.act === "cleared");
		expect(cleared.map((one) => one.row.type).sort()).toEqual(["emergency", "patient"]);
	});
});

describe("staff keys", () => {
	it("ask for help at one touch", async () => {
		const terminal = show();
		await touch("press-staff_assist");
		expect(terminal.presses).toEqual([{ type: "staff_assist", source: "room:r03", room: "r03" }]);
	});

	it("ask for a code only after a second touch in another place", async () => {
		const terminal = show();
		await touch("ask-code");
		expect(terminal.presses).toEqual([]);
		expect(find('[data-testid="ask-code"]')).toBeNull();
		await touch("press-code");
		expect(terminal.presses).toEqual([{ type: "code", source: "room:r03", room: "r03" }]);
	});

	it("forget the question when nobody answers it", async () => {
		const terminal = show();
		await touch("ask-code");
		terminal.set({ now: NOW + 7000 });
		await tick();
		expect(find('[data-testid="press-code"]')).toBeNull();
		await touch("ask-code");
		await touch("code-back");
		expect(find('[data-testid="press-code"]')).toBeNull();
		expect(terminal.presses).toEqual([]);
	});

	it("are mechanical too", async () => {
		const terminal = show({ board: boardOf([row("bed:b05", "patient")]) });
		terminal.shell.key("attend");
		terminal.shell.key("cancel");
		expect(terminal.acts.map((one) => one.act)).toEqual(["attended", "cleared"]);
	});
});

describe("talk", () => {
	it("answers the room's calls that may be talked about, each by its own key", async () => {
		const patient = row("bed:b05", "patient");
		const bathroom = row("bathroom:r03", "bathroom");
		const terminal = show({ board: boardOf([bathroom, patient]) });
		expect(document.querySelectorAll('[data-testid="act-answered"]')).toHaveLength(1);
		await touch("act-answered");
		expect(terminal.talk.did).toEqual([["answer", patient.id]]);
		terminal.set({ board: boardOf([patient]) });
		await tick();
		expect(find('.first [data-testid="act-answered"]')).not.toBeNull();
	});

	it("calls the station of the room's group, one that is there before one that is not", async () => {
		const terminal = show();
		await touch("call-station-talk");
		expect(terminal.talk.did).toEqual([["call", "station-main", "talk"]]);
		const presence = samplePresence(directory, NOW, ["station-main"]);
		const among = (neighbours: string[]) => stationFor("r03", { directory, presence, neighbours });
		expect(among([])).toBe("station-vice");
		expect(among(["station-main"])).toBe("station-main");
		expect(stationFor("r03", { directory, presence: null, neighbours: [] })).toBe("station-main");
		const terminals = {};
		expect(
			stationFor("r03", { directory: { ...directory, terminals }, presence, neighbours: [] }),
		).toBeNull();
	});

	it("has its bar with a way out, and begins no second one meanwhile", async () => {
		const leg = sampleLeg("station-main");
		const terminal = show({ talk: talkOf([leg]) });
		expect(find('[data-testid="line-open"]')?.dataset.purpose).toBe("talk");
		expect(find('[data-testid="talk-bar"]')?.textContent).toContain("护士站主机");
		expect(find('[data-testid="call-station-talk"]')?.hasAttribute("disabled")).toBe(true);
		await touch("talk-hang-up");
		expect(terminal.talk.did).toEqual([["hangUp", leg.talk]]);
		expect(find('[data-testid="line-open"]')).toBeNull();
	});

	it("that did not begin is told until one does", async () => {
		const terminal = show();
		const { call } = terminal.talk;
		terminal.talk.call = () => Promise.reject(new Error("unreachable"));
		await touch("call-station-talk");
		await tick();
		expect(find(".failed")?.textContent).toContain("没有成功");
		terminal.talk.call = call;
		await touch("call-station-talk");
		await tick();
		expect(find(".failed")).toBeNull();
	});

	it("rings, and is taken by hand", async () => {
		const leg = sampleLeg("station-main", { state: "ringing", openedAt: null, invited: true });
		const terminal = show({ talk: talkOf([leg]) });
		expect(find('[data-testid="line-open"]')).toBeNull();
		await touch("talk-accept");
		expect(terminal.talk.did).toEqual([["accept", leg.talk]]);
	});

	it("tells who looks and who speaks to the room, and what is recorded", () => {
		show({
			talk: talkOf([
				sampleLeg("hub", { purpose: "broadcast", recording: true }),
				sampleLeg("station-main", { purpose: "view" }),
				sampleLeg("station-vice", { purpose: "view", state: "over", end: "hung_up" }),
			]),
		});
		const told = [...document.querySelectorAll<HTMLElement>('[data-testid="line-open"]')];
		expect(told.map((one) => one.dataset.purpose)).toEqual(["broadcast", "view"]);
		expect(told[0]?.textContent).toContain("正在广播");
		expect(told[0]?.textContent).toContain("正在录音");
		expect(told[1]?.textContent).toContain("护士站主机 正在查看画面");
		expect(text()).not.toContain("护士站副机");
		expect(find('[data-testid="press-staff_assist"]')).not.toBeNull();
	});
});
