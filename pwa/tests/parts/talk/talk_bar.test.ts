// @vitest-environment happy-dom
/** The talk bar: with whom, how it stands, and keys that ask the right thing of the talk (CALL-01, CALL-03, A16). */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, describe, expect, it } from "vitest";
import type { TalkLeg, TalkState } from "../../../src/core/talk/types";
import type { TerminalState } from "../../../src/core/terminal_types";
import { sampleLeg, talkOf } from "../../../src/fixture/talk";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";
import { NOW, sampleDirectory } from "../../../src/fixture/ward";
import { endText } from "../../../src/parts/talk/ends";
import { partyName } from "../../../src/parts/talk/party";
import TalkBar from "../../../src/parts/talk/TalkBar.svelte";

const all = (id: string) => [
	...document.querySelectorAll<HTMLElement>(`[data-testid="talk-${id}"]`),
];
const find = (id: string) => all(id)[0] ?? null;
const text = () => document.body.textContent ?? "";
async function touch(id: string): Promise<void> {
	const key = find(id);
	if (key === null) throw new Error(`no talk-${id}`);
	key.click();
	for (let turn = 0; turn < 5; turn += 1) await tick();
}
type Source = Parameters<typeof fakeTerminal>[0];
const STATION: Source = { kind: "station", terminal: "station-main", profile: "main" };
function show(
	legs: TalkLeg[],
	more: Partial<TalkState> = {},
	state: Partial<TerminalState> = {},
	source: Source = STATION,
	hide?: (leg: TalkLeg) => boolean,
): FakeTerminal {
	const terminal = fakeTerminal(source, { ...state, talk: talkOf(legs, more) });
	render(TalkBar, hide === undefined ? { terminal } : { terminal, hide });
	return terminal;
}
const recorded = () => {
	const directory = sampleDirectory();
	return { ...directory, ward: { ...directory.ward, recording: true } };
};

afterEach(cleanup);

describe("a running talk", () => {
	it("says with whom, how long, and what is heard; nothing is drawn without one", () => {
		show([]);
		expect(document.querySelector(".bar")).toBeNull();
		cleanup();
		show([sampleLeg("bed-b12")]);
		const bar = find("bar");
		expect(bar?.dataset).toMatchObject({ with: "bed-b12", state: "open" });
		expect(find("time")?.textContent).toBe("00:12");
		for (const words of ["12床", "通话中", "听得到对方"]) expect(text()).toContain(words);
		cleanup();
		show([sampleLeg("bed-b12", { hearing: false, muted: true, recording: true })]);
		for (const words of ["没有收到对方声音", "本机已静音", "正在录音"])
			expect(text()).toContain(words);
		cleanup();
		show([sampleLeg("bed-b12", { peerMuted: true })]);
		expect(text()).toContain("对方已静音");
	});

	it("counts down the last fifteen seconds before the limit, and not sooner (A16)", async () => {
		const terminal = show([sampleLeg("bed-b12", { endsAt: NOW + 15_001 })]);
		expect(text()).not.toContain("自动结束");
		terminal.set({ now: NOW + 3000 });
		await tick();
		expect(text()).toContain("还有 13 秒自动结束");
	});

	it("is muted, held and brought back, and hung up by its keys", async () => {
		const leg = sampleLeg("bed-b12");
		const terminal = show([leg]);
		await touch("mute");
		await touch("mute");
		await touch("hold");
		expect(find("hold")?.textContent).toBe("恢复通话");
		expect(text()).toContain("已保持");
		await touch("hold");
		await touch("device");
		await touch("hang-up");
		expect(terminal.talk.did).toEqual([
			["mute", leg.talk, true],
			["mute", leg.talk, false],
			["hold", leg.talk, true],
			["hold", leg.talk, false],
			["setDevice", "handset"],
			["hangUp", leg.talk],
		]);
		expect(find("end")?.textContent).toBe("已挂断");
	});

	it("held by the other side has no key to bring it back", () => {
		show([sampleLeg("pda-02", { state: "held", heldByPeer: true })]);
		expect(find("hold")).toBeNull();
		expect(text()).toContain("对方已保持");
	});

	it("is passed on to another station, never to itself or to the other end", async () => {
		const leg = sampleLeg("bed-b12");
		const terminal = show([leg]);
		await touch("transfer");
		expect(all("transfer-to").map((one) => one.dataset.terminal)).toEqual(["station-vice"]);
		await touch("transfer-to");
		expect(terminal.talk.did).toEqual([["transfer", leg.talk, "station-vice"]]);
		expect(find("transfer")).not.toBeNull();
		cleanup();
		show([sampleLeg("station-vice")]);
		expect(find("transfer")).toBeNull();
	});

	it("is recorded only where the ward allows it", async () => {
		const leg = sampleLeg("bed-b12");
		show([leg]);
		expect(find("record")).toBeNull();
		cleanup();
		const terminal = show([leg], {}, { directory: recorded() });
		await touch("record");
		await touch("record");
		expect(terminal.talk.did).toEqual([
			["record", leg.talk, true],
			["record", leg.talk, false],
		]);
	});

	it("leaves a patient muting and hanging up only", () => {
		const bed: Source = { kind: "bedside", terminal: "bed-b12", room: "r06", bed: "b12" };
		show([sampleLeg("station-main")], {}, { directory: recorded() }, bed);
		for (const key of ["hold", "transfer", "record"]) expect(find(key)).toBeNull();
		for (const key of ["mute", "hang-up"]) expect(find(key)).not.toBeNull();
	});
});

describe("a second talk", () => {
	it("rings on top of the one that runs, with keys to answer and to refuse", async () => {
		const open = sampleLeg("bed-b12");
		const ringing = sampleLeg("station-vice", { state: "ringing", openedAt: null });
		const terminal = show([open, ringing]);
		expect(all("bar").map((one) => one.dataset.state)).toEqual(["ringing", "open"]);
		expect(find("accept")?.textContent).toBe("接听");
		expect(find("hang-up")?.textContent).toBe("拒绝");
		await touch("hang-up");
		await touch("hang-up");
		expect(terminal.talk.did).toEqual([
			["hangUp", ringing.talk],
			["hangUp", open.talk],
		]);
	});

	it("stands over the held one", () => {
		show([
			sampleLeg("bed-b12", { state: "held" }),
			sampleLeg("bed-b07", { state: "connecting", openedAt: null }),
		]);
		expect(all("bar").map((one) => one.dataset.with)).toEqual(["bed-b07", "bed-b12"]);
	});

	it("may come by transfer, and is taken with one key", async () => {
		const offer = { talk: "a".repeat(16), from: "station-vice", with: "bed-b12", calls: [] };
		const terminal = show([], { transfers: [offer] });
		expect(text()).toContain("护士站副机 转来与 12床 的通话");
		document.querySelector<HTMLElement>('[data-testid="transfer-take"]')?.click();
		expect(terminal.talk.did).toEqual([["takeTransfer", offer.talk]]);
	});

	it("is not shown where the screen shows it elsewhere", () => {
		show(
			[sampleLeg("bed-b12", { purpose: "view" })],
			{},
			{},
			STATION,
			(leg) => leg.purpose === "view",
		);
		expect(find("bar")).toBeNull();
	});
});

describe("what went wrong", () => {
	it("is told: a microphone that is forbidden or gone, and what to do", () => {
		show([sampleLeg("bed-b12")], { microphone: "blocked" });
		expect(text()).toContain("麦克风未获允许");
		cleanup();
		show([sampleLeg("bed-b12")], { microphone: "missing" });
		expect(text()).toContain("没有找到麦克风");
		cleanup();
		show([sampleLeg("bed-b12")], { microphone: "ok" });
		expect(document.querySelector('[role="alert"]')).toBeNull();
	});

	it("is told when a key had no effect", async () => {
		const terminal = show([sampleLeg("bed-b12")]);
		terminal.talk.hold = () => Promise.reject(new Error("gone"));
		await touch("hold");
		expect(document.querySelector('[role="alert"]')?.textContent).toContain("没有成功");
	});

	it("names why a talk is over and who was quicker, in both languages", () => {
		const directory = sampleDirectory();
		const end = (part: Partial<TalkLeg>, language: "zh" | "en" = "zh") =>
			endText(sampleLeg("bed-b12", { state: "over", ...part }), directory, language);
		expect(end({ end: "talking", by: "station-vice" })).toBe("正在与 护士站副机 通话");
		expect(end({ end: "talking", by: "station-vice" }, "en")).toBe("Talking to Vice station");
		expect(end({ end: "privacy" })).toBe("患者已开启隐私");
		expect(end({ end: "no_codec" })).toContain("呼叫仍保留");
		expect(end({ end: "refused", invited: true })).toBe("对方已拒绝");
		expect(end({ end: "refused", invited: false })).toBe("本机已拒绝");
		expect(end({ end: null })).toBe("通话已结束");
	});
});

it("calls the other end as the ward does, and by its id when nothing is known", () => {
	const directory = sampleDirectory();
	const name = (id: string, language: "zh" | "en" = "zh") => partyName(id, directory, language);
	expect(["bed-b12", "door-r06", "station-vice", "hub", "nobody"].map((id) => name(id))).toEqual([
		"12床",
		"706室门口",
		"护士站副机",
		"广播",
		"nobody",
	]);
	expect(name("bed-b12", "en")).toBe("Bed 12");
	const share = { ...directory, terminals: structuredClone(directory.terminals) };
	delete share.terminals["station-main"]?.name;
	expect(partyName("station-main", share, "zh")).toBe("护士站");
});

it("speaks English", () => {
	show([sampleLeg("bed-b12")], {}, { language: "en" });
	for (const words of ["Bed 12", "Talking", "Mute", "Hold", "Transfer", "Hang up"])
		expect(text()).toContain(words);
});

describe("the other's picture", () => {
	/** `srcObject` as it is set, oldest first */
	function watch(): unknown[] {
		const set: unknown[] = [];
		Object.defineProperty(HTMLVideoElement.prototype, "srcObject", {
			configurable: true,
			set: (stream: unknown) => set.push(stream),
		});
		return set;
	}

	it("stays on while the state goes on, and is not drawn while the talk is held", async () => {
		const set = watch();
		const picture = {} as MediaStream;
		const leg = sampleLeg("bed-b12", { picture });
		const terminal = show([leg]);
		await tick();
		for (const peerMuted of [true, false]) {
			terminal.set({
				now: NOW + 1000,
				talk: talkOf([{ ...leg, peerMuted }]),
			});
			await tick();
		}
		expect(set).toEqual([picture]);
		terminal.set({ talk: talkOf([{ ...leg, state: "held" }]) });
		await tick();
		expect(document.querySelector("video")).toBeNull();
		expect(set).toEqual([picture, null]);
	});
});
