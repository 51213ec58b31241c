// @vitest-environment happy-dom
/** The station shows which phones on duty do not answer the hub's probes (A14). */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, expect, it } from "vitest";
import { fakeTerminal } from "../../../src/fixture/terminal";
import { NOW, WARD } from "../../../src/fixture/ward";
import Troubles from "../../../src/screens/station/Troubles.svelte";

afterEach(cleanup);

it("shows phones that do not answer, since when, and nothing once they do", async () => {
	const terminal = fakeTerminal({ kind: "station", terminal: "station-main" });
	render(Troubles, { terminal });
	const lines = () => [...document.querySelectorAll<HTMLElement>('[data-testid="unreachable"]')];
	expect(lines()).toEqual([]);
	expect(document.body.textContent).toContain("没有异常");
	terminal.fill(`ward/${WARD}/reach`, "pdas", { "pda-02": { since: NOW - 240_000, missed: 3 } });
	await tick();
	expect(lines().map((line) => line.dataset.pda)).toEqual(["pda-02"]);
	expect(lines()[0]?.textContent).toContain("未应答测试");
	expect(document.body.textContent).not.toContain("没有异常");
	terminal.fill(`ward/${WARD}/reach`, "pdas", {});
	await tick();
	expect(lines()).toEqual([]);
});
