// @vitest-environment happy-dom
/** 病区与床位: rooms, beds, rules, wards and the house, each saved with whole values and taken back. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import {
	labelsOf,
	reordered,
	stepBefore,
} from "../../../src/screens/back_office/pages/wards/layout";
import {
	houseRulesOf,
	withHouseRules,
	withTalk,
} from "../../../src/screens/back_office/pages/wards/settings";
import { FakeOffice } from "./fake_office";
import { all, fill, find, key, need, openOffice, press, settle } from "./office_at";

vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

const bed = (id: string) => `[data-bed="${id}"]`;
const bedOf = (fake: FakeOffice, id: string) =>
	fake.config("thoracic").beds.find((one) => one.id === id);

async function submit(form: string): Promise<void> {
	need(`[id="${form}"]`).dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
}

it("shows rooms with their beds in order, and which are in use", async () => {
	await openOffice(new FakeOffice(), "wards");
	expect(all("room-row")).toHaveLength(26);
	expect(all("bed")).toHaveLength(46);
	expect(need(bed("b01")).className).toContain("occupied");
	expect(need(bed("b46")).className).not.toContain("occupied");
});

it("changes a bed's names; the call name follows the label; problems stand at their field; undo brings back", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "wards");
	await press(bed("b12"));
	await fill("bed-label", "12A");
	expect((need("bed-call-name") as HTMLInputElement).value).toBe("12A床");
	await fill("bed-label", "");
	await submit("bed-form");
	expect(need("[data-testid=bed-form] [data-testid=problem]").textContent).toContain("不能为空");
	expect(need("bed-label").getAttribute("aria-invalid")).toBe("true");
	await fill("bed-label", "12A");
	await submit("bed-form");
	expect(find("bed-form")).toBeNull();
	expect(bedOf(fake, "b12")).toMatchObject({
		label: "12A",
		call_name: "12A床",
		room: "r06",
		order: 12,
	});
	await press("undo-1");
	expect(bedOf(fake, "b12")?.label).toBe("12");
});

it("moves beds by key: within the room and to the next one", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "wards");
	await key(bed("b01"), "ArrowRight", { altKey: true });
	expect([bedOf(fake, "b02")?.order, bedOf(fake, "b01")?.order]).toEqual([1, 2]);
	expect(fake.saved[0]?.edits).toHaveLength(2);
	await key(bed("b01"), "ArrowDown", { altKey: true });
	expect(bedOf(fake, "b01")?.room).toBe("r02");
	const order = fake.config("thoracic").beds.toSorted((a, b) => a.order - b.order);
	expect(order.slice(0, 4).map((one) => one.id)).toEqual(["b02", "b03", "b04", "b01"]);
});

it("does not delete a bed with a patient, and takes an empty one out of its group with it", async () => {
	const fake = new FakeOffice();
	fake.config("thoracic").occupied = [];
	await openOffice(fake, "wards");
	await press(bed("b01"));
	await press("bed-remove");
	await press("confirm-yes");
	expect(bedOf(fake, "b01")).toBeUndefined();
	expect(fake.config("thoracic").groups[0]?.beds).not.toContain("b01");
	await press("undo-1");
	expect(bedOf(fake, "b01")).toBeDefined();
	expect(fake.config("thoracic").groups[0]?.beds).toContain("b01");
	cleanup();
	await openOffice(new FakeOffice(), "wards");
	await press(bed("b01"));
	expect((need("bed-remove") as HTMLButtonElement).disabled).toBe(true);
});

it("adds a room with its beds and its group as one change", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "wards");
	await press("room-add");
	await fill("room-name", "727");
	await fill("room-labels", "47-48,+3");
	await fill("room-group", "g2");
	await submit("new-room");
	expect(fake.saved).toHaveLength(1);
	const config = fake.config("thoracic");
	expect(config.rooms.at(-1)).toMatchObject({ name: "727", order: 27 });
	expect(config.beds.slice(-3).map((one) => one.call_name)).toEqual(["47床", "48床", "+3床"]);
	expect(config.groups[1]?.beds).toHaveLength(24);
	expect(all("room-row")).toHaveLength(27);
	await press("undo-1");
	expect(all("room-row")).toHaveLength(26);
});

it("changes the ward's rules; leaving asks while they are not saved", async () => {
	const fake = new FakeOffice();
	const { office } = await openOffice(fake, "wards/rules");
	await fill("escalation-0", "45");
	await fill("all-tender", true);
	await fill("talk-recording", true);
	expect(office.unsaved).toBe(true);
	await press("save");
	expect(office.unsaved).toBe(false);
	expect(fake.config("thoracic").ward).toMatchObject({
		escalation_ms: [45_000, 60_000, 120_000],
		all_tender: true,
		settings: { talk: { limit_ms: 120_000, video: false, recording: true } },
	});
	expect(fake.saved[0]?.edits[0]).toMatchObject({ entity: "ward", ward: null, id: "thoracic" });
});

it("changes the house's clock and rules, and makes and removes wards", async () => {
	const fake = new FakeOffice();
	const { office } = await openOffice(fake, "wards/hospital");
	await fill("hospital-zone", "Asia/Urumqi");
	await fill("rule-idle", "20");
	await press("save");
	expect(fake.hospital.settings).toMatchObject({
		timezone: "Asia/Urumqi",
		office: { idle_min: 20 },
	});
	expect(office.zone).toBe("Asia/Urumqi");
	await press("tab-wards");
	await press("ward-add");
	await fill("ward-name", "心内科");
	await submit("ward-form");
	expect(all("ward-row").map((row) => row.dataset.id)).toHaveLength(2);
	expect(need("ward-select").textContent).toContain("心内科");
});

it("starts where there is no ward yet", async () => {
	const fake = new FakeOffice("system_admin", []);
	const { address } = await openOffice(fake, "");
	expect(need("empty").textContent).toContain("还没有病区");
	expect(need("empty").textContent).toContain("表格");
	await press("first-import");
	expect(address.hash).toBe("#/import");
	await press("nav-groups");
	await press("first-ward");
	expect(address.hash).toBe("#/wards/wards");
	await press("ward-add");
	await fill("ward-name", "胸外科");
	await submit("ward-form");
	await settle();
	expect((need("ward-select") as HTMLSelectElement).value).not.toBe("");
});

it("tells those who make no wards only that there is none", async () => {
	await openOffice(new FakeOffice("head_nurse", []), "wards");
	expect(need("empty").textContent).toContain("没有可见的病区");
	expect(find("first-ward")).toBeNull();
});

it("gives those who may only read no keys", async () => {
	await openOffice(new FakeOffice("head_nurse"), "wards");
	expect(find("room-add")).toBeNull();
	expect((need(bed("b01")) as HTMLButtonElement).disabled).toBe(true);
	await press("tab-rules");
	expect(need("escalation-0").closest("fieldset")?.disabled).toBe(true);
});

it("reads labels and reorders without touching what does not move", () => {
	expect(labelsOf("47-49, +3")).toEqual(["47", "48", "49", "+3"]);
	expect(labelsOf("47，48、49")).toEqual(["47", "48", "49"]);
	expect(labelsOf("3-1")).toBeNull();
	expect(labelsOf("1,1")).toBeNull();
	expect(labelsOf("1-40")).toBeNull();
	const list = [
		{ id: "a", order: 10 },
		{ id: "b", order: 20 },
		{ id: "c", order: 30 },
	];
	expect(reordered(list, "c", "b")).toEqual([
		{ id: "a", order: 10 },
		{ id: "c", order: 20 },
		{ id: "b", order: 30 },
	]);
	expect(
		reordered(
			[
				{ id: "a", order: 1 },
				{ id: "b", order: 1 },
			],
			"b",
			"a",
		).map((one) => one.order),
	).toEqual([1, 2]);
	expect([stepBefore(list, "a", -1), stepBefore(list, "a", 1), stepBefore(list, "b", 1)]).toEqual([
		undefined,
		"c",
		null,
	]);
	const settings = { theme: "x", talk: { other: 1 }, office: { more: 2 } };
	expect(withTalk(settings, { limit_ms: 1, video: true, recording: false }).talk).toMatchObject({
		other: 1,
	});
	const rules = houseRulesOf(settings, "Asia/Shanghai");
	expect(withHouseRules(settings, rules)).toMatchObject({
		theme: "x",
		office: { more: 2, idle_min: 15 },
	});
});
