// @vitest-environment happy-dom
/** What the phone shows of push: whether it works and why not, that the hub does not reach it, what became of an act. */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import { NO_PUSH_STATE, type PushControl, type PushState } from "../../../src/core/push/types";
import { fakeTerminal } from "../../../src/fixture/terminal";
import { NOW, WARD } from "../../../src/fixture/ward";
import Pda from "../../../src/screens/pda/Pda.svelte";

vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
async function settle(): Promise<void> {
	for (let turn = 0; turn < 8; turn += 1) await tick();
}
async function show(part: Partial<PushState>, state = {}) {
	const did: string[] = [];
	const push: PushControl = {
		subscribe(run) {
			run({ ...NO_PUSH_STATE, ...part });
			return () => {};
		},
		allow: () => {
			did.push("allow");
			return Promise.resolve();
		},
		dismiss: () => did.push("dismiss"),
	};
	const terminal = Object.assign(fakeTerminal({ kind: "pda", terminal: "pda-02" }, state), {
		push,
	});
	render(Pda, { terminal });
	await settle();
	return { terminal, did };
}
async function toMe(): Promise<void> {
	document.querySelector<HTMLElement>('[data-tab="me"]')?.click();
	await settle();
}

describe("push on the phone", () => {
	it.each([
		[{ phase: "on" }, "推送可用", false],
		[{ phase: "unavailable", why: "no_worker" }, "推送不可用：本机浏览器", false],
		[{ phase: "unavailable", why: "denied" }, "推送不可用：通知已被禁止", false],
		[{ phase: "unavailable", why: "no_service" }, "推送不可用：连不上浏览器的推送服务", true],
		[{ phase: "unavailable", why: "refused" }, "名单", true],
		[{ phase: "off" }, "推送尚未开启", true],
	] as const)("says whether it works and why not: %o", async (part, text, offered) => {
		const { did } = await show(part);
		await toMe();
		expect(find("push-state")?.textContent).toContain(text);
		const key = document.querySelector<HTMLElement>(".push button");
		expect(key !== null).toBe(offered);
		key?.click();
		await settle();
		expect(did).toEqual(offered ? ["allow"] : []);
	});

	it("tells that the hub does not reach this phone, by the hub's word or the phone's own", async () => {
		const { terminal } = await show({});
		expect(find("unreachable")).toBeNull();
		terminal.fill(`ward/${WARD}/reach`, "pdas", { "pda-02": { since: NOW, missed: 3 } });
		await settle();
		expect(find("unreachable")?.getAttribute("role")).toBe("alert");
		terminal.set({ layer: 2 });
		await settle();
		expect(find("unreachable")).toBeNull();
		cleanup();
		await show({ silentSince: NOW });
		expect(find("unreachable")).not.toBeNull();
	});

	it("is not told of other phones", async () => {
		const { terminal } = await show({});
		terminal.fill(`ward/${WARD}/reach`, "pdas", { "pda-03": { since: NOW, missed: 3 } });
		await settle();
		expect(find("unreachable")).toBeNull();
	});

	it.each([
		[{ outcome: "over", act: "acknowledged", by: null }, "已经结束"],
		[{ outcome: "taken", act: "acknowledged", by: { terminal: "pda-03", staff: "n03" } }, "已接受"],
		[{ outcome: "done", act: "declined", by: null }, "已转他人"],
		[{ outcome: "done", act: "acknowledged", by: null }, "马上到"],
		[{ outcome: "failed", act: "acknowledged", by: null }, "没有存下"],
	] as const)("tells what became of an act: %o", async (told, text) => {
		const { did } = await show({ told });
		expect(find("push-told")?.textContent).toContain(text);
		find("push-told")?.click();
		expect(did).toEqual(["dismiss"]);
	});
});
