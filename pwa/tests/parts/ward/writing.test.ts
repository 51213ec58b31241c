// @vitest-environment happy-dom
/** Typing into shared text, and the handover list: nothing typed is lost, no field writes into a wrong place (A19). */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import { handoverText } from "../../../src/core/documents/handover";
import { shiftBy, shiftOf } from "../../../src/core/documents/shifts";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";
import { NOW, sampleCard } from "../../../src/fixture/ward";
import Handover from "../../../src/parts/ward/Handover.svelte";
import type { Patient } from "../../../src/parts/ward/patients";

const session = { staff: "n01", name: "刘静怡", role: "nurse", expiresAt: NOW + 1e7 };
const patients = new Map<string, Patient>(
	["01", "02", "03"].map((two) => [
		`b${two}`,
		{ bed: `b${two}`, stay: `s${two}`, card: sampleCard(Number(two)) ?? {}, syncedAt: NOW },
	]),
);
const current = shiftOf(NOW);
const nameOf = (shift = current) => `ward/thoracic/handover/${shift.date}/${shift.shift}`;
const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
const area = (index = 0) => all("textarea")[index] as HTMLTextAreaElement;
async function settle(): Promise<void> {
	for (let turn = 0; turn < 8; turn += 1) await tick();
}
async function touch(selector: string, index = 0): Promise<void> {
	all(selector)[index]?.click();
	await settle();
}
async function type(field: HTMLTextAreaElement, value: string): Promise<void> {
	field.value = value;
	field.dispatchEvent(new Event("input", { bubbles: true }));
	await settle();
}
function textOf(terminal: FakeTerminal, stay: string, shift = current): string {
	let found = "";
	terminal.document(nameOf(shift)).subscribe((view) => {
		found = handoverText(view.doc, "note", stay);
	})();
	return found;
}
async function show(signedIn = true): Promise<FakeTerminal> {
	const terminal = fakeTerminal(
		{ kind: "station", terminal: "station-main" },
		{ session: signedIn ? session : null },
	);
	render(Handover, { terminal, patients });
	await settle();
	return terminal;
}
const other = (terminal: FakeTerminal, at: number, text: string) =>
	terminal.edit(nameOf(), (doc) => doc.getText("note:s03").insert(at, text));

// whole screens of 46 beds are slow to build in a simulated page on a busy machine
vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

describe("a shared field", () => {
	it("writes what is typed and shows what another types, caret on its letter", async () => {
		const terminal = await show();
		await touch('[data-stay="s03"] .body');
		area().focus();
		await type(area(), "夜间平稳");
		area().setSelectionRange(2, 2);
		await other(terminal, 0, "【急】");
		await settle();
		expect(area().value).toBe("【急】夜间平稳");
		expect(area().selectionStart).toBe(5);
		expect(textOf(terminal, "s03")).toBe("【急】夜间平稳");
	});

	it("writes nothing while an input method composes, and loses nothing of either side", async () => {
		const terminal = await show();
		await touch('[data-stay="s03"] .body');
		await type(area(), "引流");
		area().dispatchEvent(new Event("compositionstart", { bubbles: true }));
		await type(area(), "引流liu bai");
		expect(textOf(terminal, "s03")).toBe("引流");
		await other(terminal, 0, "晨：");
		await settle();
		expect(area().value).toBe("引流liu bai");
		area().value = "引流六百";
		area().dispatchEvent(new Event("compositionend", { bubbles: true }));
		await settle();
		expect(textOf(terminal, "s03")).toBe("晨：引流六百");
		expect(area().value).toBe("晨：引流六百");
	});

	it("keeps what is typed when it could not be kept on disk, says so, and tries again", async () => {
		const terminal = await show();
		await touch('[data-stay="s03"] .body');
		const works = terminal.edit;
		terminal.edit = () => Promise.reject(new Error("disk"));
		await type(area(), "一");
		expect(area().value).toBe("一");
		expect(document.body.textContent).toContain("没有存下");
		terminal.edit = works;
		await type(area(), "一二");
		expect(textOf(terminal, "s03")).toBe("一二");
		expect(document.body.textContent).not.toContain("没有存下");
	});

	it("never writes into the shift shown next", async () => {
		const terminal = await show();
		await touch('[data-stay="s03"] .body');
		area().dispatchEvent(new Event("compositionstart", { bubbles: true }));
		await type(area(), "属于本班");
		await touch(".bar .key", 0);
		expect(area().value).toBe("");
		expect(textOf(terminal, "s03")).toBe("属于本班");
		expect(textOf(terminal, "s03", shiftBy(current, -1))).toBe("");
	});
});

describe("the handover list", () => {
	const order = () => all("[data-stay]").map((one) => one.dataset.stay);

	it("is ordered by level, by bed and by hand (HAND-06) and tells numbers and shares (HAND-01)", async () => {
		await show();
		expect(order()).toEqual(["s03", "s01", "s02"]);
		await touch(".orders .key", 1);
		expect(order()).toEqual(["s01", "s02", "s03"]);
		await touch(".orders .key", 2);
		await touch('[data-stay="s03"] .head > .key', 0);
		expect(order()).toEqual(["s01", "s03", "s02"]);
		expect(document.querySelector(".shares")?.textContent).toContain("3 人");
		expect(document.querySelector(".shares")?.textContent).toContain("33%");
	});

	it("can be read but not written while nobody is signed in", async () => {
		await show(false);
		await touch(".orders .key", 2);
		expect(all(".head > .key")).toEqual([]);
		await touch('[data-stay="s03"] .body');
		expect(area().disabled).toBe(true);
		expect(document.body.textContent).toContain("登录后可书写");
	});
});
