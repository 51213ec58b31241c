// @vitest-environment happy-dom
/** The bed's open line: told whenever something is heard or seen, its keys beside the call keys, never over them. */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, describe, expect, it } from "vitest";
import type { TalkLeg, TalkState } from "../../../src/core/talk/types";
import { sampleLeg, talkOf } from "../../../src/fixture/talk";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";
import { NOW } from "../../../src/fixture/ward";
import Bedside from "../../../src/screens/bedside/Bedside.svelte";

const own = { kind: "bedside", terminal: "bed-b12", room: "r06", bed: "b12" } as const;
const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
const line = () => find("line-open") ?? find("line");
const text = () => line()?.textContent ?? "";

function show(legs: TalkLeg[], more: Partial<TalkState> = {}, night = false): FakeTerminal {
	const terminal = fakeTerminal(own, { talk: talkOf(legs, more), night });
	render(Bedside, { terminal });
	return terminal;
}
async function touch(id: string) {
	find(id)?.click();
	await tick();
}
/** What a patient needs at any time. */
function expectCallKeys() {
	for (const id of ["press-patient", "press-emergency", "cancel", "press-dressing", "privacy"])
		expect(find(id), id).not.toBeNull();
}

afterEach(cleanup);

describe("a talk", () => {
	it("says with whom and how long, with a green lamp, and can be muted and hung up", async () => {
		const terminal = show([sampleLeg("station-main")]);
		expect(text()).toContain("正在通话 · 护士站");
		expect(find("talk-time")?.textContent).toBe("00:12");
		expect(line()?.querySelector('[data-colour="green"]')).not.toBeNull();
		await tick();
		expect(terminal.shell.lamp).toEqual({ colour: "green", rhythm: [1000, 0] });
		expectCallKeys();
		await touch("talk-mute");
		expect(find("talk-mute")?.getAttribute("aria-pressed")).toBe("true");
		expect(text()).toContain("已静音，对方听不到您");
		await touch("talk-hang-up");
		expect(terminal.talk.did.map(([name]) => name)).toEqual(["mute", "hangUp"]);
		expect(find("line-open")).toBeNull();
		expect(find("talk-end")?.textContent).toBe("已挂断");
		expect(terminal.shell.lamp.colour).toBeNull();
	});

	it("leaves the emergency key as it is, and its progress in words", async () => {
		const terminal = show([sampleLeg("station-main")]);
		await touch("press-emergency");
		expect(terminal.presses).toEqual([{ type: "emergency" }]);
		expect(find("own-call")?.textContent).toContain("已按下");
		expect(line()).not.toBeNull();
	});

	it("tells what is missing, what is recorded, and when the time is nearly up", async () => {
		const leg = sampleLeg("pda-02", { recording: true, endsAt: NOW + 14_200, peerMuted: true });
		const terminal = show([leg], { microphone: "missing" });
		for (const words of ["护士手持终端", "正在录音", "还剩 15 秒", "对方已静音", "麦克风不可用"])
			expect(text()).toContain(words);
		terminal.set({ talk: talkOf([{ ...leg, endsAt: NOW + 60_000 }]) });
		await tick();
		expect(text()).not.toContain("还剩");
	});

	it("on hold asks to wait", () => {
		show([sampleLeg("station-main", { state: "held", heldByPeer: true })]);
		expect(text()).toContain("护士站请您稍候");
	});

	it.each([
		["lost", "连接中断"],
		["limit", "通话时间已到"],
		["no_codec", "无法通话"],
	] as const)(
		"that ended early (%s) says why, and that calling again is possible",
		(end, words) => {
			show([sampleLeg("station-main", { state: "over", end })]);
			expect(text()).toContain(words);
			expect(text()).toContain("如仍需要，请按呼叫");
			expect(find("talk-hang-up")).toBeNull();
		},
	);
});

describe("privacy", () => {
	it("is a key that is always there and says that it is on", async () => {
		const terminal = show([]);
		expect(find("privacy")?.getAttribute("aria-pressed")).toBe("false");
		await touch("privacy");
		expect(terminal.talk.did).toEqual([["setPrivacy", true]]);
		expect(find("privacy")?.getAttribute("aria-pressed")).toBe("true");
		expect(find("privacy")?.textContent).toContain("隐私已开");
	});

	it("lets nobody in by itself: the station rings, the patient answers or refuses", async () => {
		const ringing = { state: "ringing", openedAt: null, invited: true } as const;
		const terminal = show([sampleLeg("station-main", ringing)], { privacy: true });
		expect(text()).toContain("护士站来电");
		expect(find("line-open")).toBeNull();
		expect(text()).toContain("按“接听”才会接通");
		expect(terminal.shell.lamp.colour).toBeNull();
		await touch("talk-accept");
		expect(text()).toContain("正在通话");
		expect(terminal.talk.did.map(([name]) => name)).toEqual(["accept"]);
	});
});

it("says when a key of the line did not work, until something changes", async () => {
	const leg = sampleLeg("station-main");
	const terminal = show([leg]);
	terminal.talk.hangUp = () => Promise.reject(new Error("closed"));
	await touch("talk-hang-up");
	await tick();
	expect(text()).toContain("没有成功，请再按一次");
	terminal.set({ talk: talkOf([{ ...leg, state: "over", end: "lost" }]) });
	await tick();
	expect(text()).not.toContain("没有成功");
});

describe("what comes without asking", () => {
	it("is told: a broadcast has no keys, and calling stays", async () => {
		const terminal = show([sampleLeg("hub", { purpose: "broadcast", invited: true })]);
		expect(line()?.dataset.purpose).toBe("broadcast");
		expect(text()).toContain("正在广播");
		expect(text()).toContain("护士站");
		expect(line()?.querySelector("button")).toBeNull();
		expectCallKeys();
		await touch("press-patient");
		expect(terminal.presses).toEqual([{ type: "patient" }]);
	});

	it("is told: someone looks, also beside a talk, and the patient can stop it", async () => {
		const look = sampleLeg("station-main", { purpose: "view", invited: true, camera: true });
		const terminal = show([look]);
		expect(text()).toContain("护士站正在查看画面");
		await touch("talk-hang-up");
		expect(terminal.talk.did).toEqual([["hangUp", look.talk]]);
		terminal.set({ talk: talkOf([look, sampleLeg("station-vice")]) });
		await tick();
		expect(line()?.dataset.purpose).toBe("talk");
		expect(text()).toContain("护士站正在查看画面");
	});

	it("lights a dark screen", async () => {
		const terminal = show([], {}, true);
		await tick();
		expect(terminal.shell.brightness).toBeLessThan(20);
		terminal.set({ talk: talkOf([sampleLeg("hub", { purpose: "broadcast" })]) });
		await tick();
		expect(terminal.shell.brightness).toBeGreaterThan(40);
	});
});
