// @vitest-environment happy-dom
/** 呼叫类型与策略 (CALL-08): types are edited whole, own ones made and removed, shipped ones brought back. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { FakeOffice } from "./fake_office";
import { all, fill, find, need, openOffice, press, settle } from "./office_at";

vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

const row = (id: string) => `[data-testid="call-type"][data-id="${id}"]`;
const typeOf = (fake: FakeOffice, id: string) =>
	fake.config("thoracic").call_types.find((one) => one.id === id);
async function open(id: string): Promise<void> {
	await press(`${row(id)} [data-testid="type-edit"]`);
}
async function submit(): Promise<void> {
	need('[id="type-form"]').dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
}

it("lists the types by urgency, with the rhythm of their lights", async () => {
	await openOffice(new FakeOffice(), "calls");
	expect(all("call-type").map((one) => one.dataset.id)[0]).toBe("code");
	expect(need(`${row("code")} [data-rhythm]`).dataset.rhythm).toBe("300/300");
	expect(need(`${row("patient")} [data-rhythm]`).dataset.rhythm).toContain("/0");
});

it("changes a type whole, marks it, and resets it to shipped", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "calls");
	const before = structuredClone(typeOf(fake, "emergency"));
	await open("emergency");
	await fill("type-tone", "high");
	await fill("type-clear", "tender");
	await fill("type-by-door", true);
	await submit();
	expect(typeOf(fake, "emergency")).toMatchObject({
		...before,
		tone: "high",
		clear: "tender",
		placed_by: ["bedside", "door"],
	});
	expect(fake.saved[0]?.edits[0]?.before).toEqual(before?.shipped);
	expect(need(row("emergency")).textContent).toContain("已修改");
	await open("emergency");
	await press("type-reset");
	expect(typeOf(fake, "emergency")).toEqual(before);
	expect(need(row("emergency")).textContent).toContain("出厂设置");
});

it("edits purposes in their order, and drops empty ones", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "calls");
	await open("patient");
	await press(all("purpose-down")[0] as HTMLElement);
	await press("purpose-add");
	await press("purpose-add");
	await fill(all("purpose-zh").at(-2) as HTMLElement, "加被");
	await fill(all("purpose-en").at(-2) as HTMLElement, "Blanket");
	await submit();
	const purposes = typeOf(fake, "patient")?.purposes?.map((one) => one.zh);
	expect(purposes).toEqual(["如厕", "喝水", "疼痛", "输液", "翻身", "其他", "加被"]);
});

it("makes a type of the ward's own and removes it; problems stand at their field", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "calls");
	await press("type-add");
	await submit();
	expect(need("[data-testid=type-form] [data-testid=problem]").textContent).toContain("不能为空");
	await fill("type-zh", "送餐");
	await fill("type-en", "Meal");
	await submit();
	const made = fake.config("thoracic").call_types.at(-1);
	expect(made).toMatchObject({ zh: "送餐", priority: "routine", shipped: null });
	expect(made && "purposes" in made).toBe(false);
	await open(made?.id ?? "");
	await press("type-remove");
	expect(find(row(made?.id ?? ""))).toBeNull();
	await press("undo-2");
	expect(need(row(made?.id ?? "")).textContent).toContain("送餐");
});

it("keeps what was typed when somebody was faster, and saves at the second try", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "calls");
	await open("dressing");
	await fill("type-zh", "换药甲");
	const before = fake.read({ entity: "call_type", ward: "thoracic", id: "dressing" }) as object;
	const edit = { entity: "call_type", ward: "thoracic", id: "dressing", before } as const;
	fake.change([{ ...edit, after: { ...before, zh: "换药乙" } }], "改名");
	await submit();
	expect(need("conflict").textContent).toContain("换药乙");
	await press("conflict-reload");
	expect((need("type-zh") as HTMLInputElement).value).toBe("换药甲");
	await submit();
	expect(typeOf(fake, "dressing")?.zh).toBe("换药甲");
});

it("lets those who may only look listen, not edit", async () => {
	await openOffice(new FakeOffice("head_nurse"), "calls");
	expect(find("type-edit")).toBeNull();
	expect(find("type-add")).toBeNull();
	expect(all("listen").length).toBeGreaterThan(0);
	// no sound in this browser: nothing breaks
	await press(all("listen")[0] as HTMLElement);
});
