// @vitest-environment happy-dom
/** 变更记录: differences in words, undo and its undo, and why it is refused. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { tellEdit } from "../../../src/screens/back_office/parts/edit_words";
import { WardNames } from "../../../src/screens/back_office/parts/ward_names.svelte";
import type { Edit } from "../../../src/screens/back_office/types";
import { FakeOffice } from "./fake_office";
import { asked } from "./fake_records";
import { all, fill, find, need, openOffice, press } from "./office_at";
import { NOW, ZONE } from "./sample_office";

vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

function roomEdit(fake: FakeOffice, name: string): Edit {
	const before = fake.read({ entity: "room", ward: "thoracic", id: "r01" }) as { name: string };
	return { entity: "room", ward: "thoracic", id: "r01", before, after: { ...before, name } };
}
const card = (id: number) => need(`[data-testid="change-row"][data-id="${id}"]`);

it("tells each edit field by field with names instead of ids", async () => {
	const fake = new FakeOffice();
	const group = fake.read({ entity: "group", ward: "thoracic", id: "g1" }) as { beds: string[] };
	const { office } = await openOffice(fake, "changes");
	const names = new WardNames(office);
	const tell = (edit: Edit) => tellEdit(edit, { names, zone: ZONE, language: "zh" });
	const told = tell({
		entity: "group",
		ward: "thoracic",
		id: "g1",
		before: group,
		after: { ...group, beds: group.beds.slice(1), escalate_to: ["station-main"] },
	});
	expect(told.map((one) => one.name)).toEqual(["床位", "升级到"]);
	const bed = fake.config("thoracic").beds[0]?.call_name ?? "";
	expect(told[0]?.after).toContain(`移除 ${bed}`);
	expect(told[1]).toMatchObject({ before: "（空）" });
	const ward = fake.read({ entity: "ward", ward: null, id: "thoracic" }) as Record<string, unknown>;
	const rules = tell({
		entity: "ward",
		ward: null,
		id: "thoracic",
		before: ward,
		after: {
			...ward,
			reminder_ms: 90_000,
			all_tender: true,
			settings: { talk: { limit_ms: 180_000, video: false, recording: true } },
		},
	});
	expect(Object.fromEntries(rules.map((one) => [one.name, one.after]))).toEqual({
		通话时长上限: "3 分钟",
		通话录音: "是",
		再次提醒: "90 秒",
		允许任一终端挂断: "是",
	});
	const duty = tell({
		entity: "duty",
		ward: "thoracic",
		id: "d",
		before: null,
		after: { staff: "n01", beds: [], since: NOW, until: null, pda: null },
	});
	expect(duty.map((one) => one.name)).toEqual(["人员", "开始"]);
	expect(duty[0]?.after).toBe("刘静怡");
});

it("lists who changed what, undoes after saying what will be put back, and links both", async () => {
	const fake = new FakeOffice();
	fake.change([roomEdit(fake, "701A")], "病房改名", "康志远");
	await openOffice(fake, "changes");
	const told = card(1).textContent ?? "";
	for (const word of ["病房改名", "康志远", "名称", "701", "701A"]) expect(told).toContain(word);
	await press("undo-1");
	expect(need("undo-form").textContent).toContain("撤销变更 1");
	const [was, is] = [...need("undo-form").querySelectorAll("tbody td")].map(
		(one) => one.textContent,
	);
	expect([was, is]).toEqual(["701A", "701"]);
	await press("confirm-yes");
	expect(find("undo-form")).toBeNull();
	expect(fake.config("thoracic").rooms[0]?.name).toBe("701");
	expect(card(1).textContent).toContain("变更 2");
	expect(card(2).textContent).toContain("撤销了");
	expect(card(2).textContent).toContain("恢复");
	expect(card(1).querySelector('[data-testid="undo-1"]')).toBeNull();
});

it("says why an undo is refused, and leaves it at that", async () => {
	const fake = new FakeOffice();
	fake.change([roomEdit(fake, "701A")]);
	fake.change([roomEdit(fake, "701B")]);
	await openOffice(fake, "changes");
	await press("undo-1");
	await press("confirm-yes");
	expect(need("undo-form").textContent).toContain("被拒绝：not_undoable");
	expect(fake.config("thoracic").rooms[0]?.name).toBe("701B");
});

it("searches by thing and words, by ward, and lets only those undo who may", async () => {
	const fake = new FakeOffice("head_nurse");
	fake.change([roomEdit(fake, "701A")], "病房改名");
	const after = { from_group: "g1", to: ["station-vice"], from_ms: NOW, until_ms: NOW + 1 };
	fake.change([{ entity: "hosting", ward: "thoracic", id: "h9", before: null, after }], "临时托管");
	await openOffice(fake, "changes");
	expect((need("undo-1") as HTMLButtonElement).disabled).toBe(true);
	expect((need("undo-2") as HTMLButtonElement).disabled).toBe(false);
	expect(asked(fake, "GET changes").at(-1)?.query.get("ward")).toBe("thoracic");
	await fill("changes-entity", "hosting");
	expect(all("change-row").map((one) => one.dataset.id)).toEqual(["2"]);
	expect(card(2).textContent).toContain("责任一组");
	await fill("changes-entity", "");
	await fill("search", "改名 701a");
	expect(all("change-row").map((one) => one.dataset.id)).toEqual(["1"]);
});
