// @vitest-environment happy-dom
/** The station's own key for hosting (CALL-07): begins, shows, ends, and says when the hub is away. */
import { cleanup, fireEvent, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, expect, it } from "vitest";
import { fakeTerminal } from "../../../src/fixture/terminal";
import Hosting from "../../../src/screens/station/Hosting.svelte";

afterEach(cleanup);
const found = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);

it("hosts a group of this station at another one, shows it and ends it", async () => {
	const terminal = fakeTerminal({ kind: "station", terminal: "station-main" });
	render(Hosting, { terminal });
	expect(found("hosting-running")).toBeNull();
	await fireEvent.click(found("hosting-now") as HTMLElement);
	await tick();
	expect(found("hosting-running")?.textContent).toContain("副机");
	await fireEvent.click(found("hosting-end") as HTMLElement);
	await tick();
	expect(found("hosting-running")).toBeNull();
});

it("says that it needs the hub where the hub is away", async () => {
	const terminal = fakeTerminal({ kind: "station", terminal: "station-main" });
	terminal.set({ layer: 2 });
	render(Hosting, { terminal });
	expect(found("hosting-away")?.textContent).toContain("中枢不在线");
	expect(found("hosting-now")).toBeNull();
});
