// @vitest-environment happy-dom
/** 呼叫分组 (CALL-04): which bed rings where is in sight, and regrouping is one change that can be taken back. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { litBy, readCarried } from "../../../src/screens/back_office/pages/groups/lit";
import {
	assign,
	type Group,
	groupsOf,
	looseBeds,
	type Plan,
	wayOf,
} from "../../../src/screens/back_office/pages/groups/routes";
import { FakeOffice } from "./fake_office";
import { all, fill, find, key, need, openOffice, press, settle } from "./office_at";

vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

const chip = (source: string) => `[data-source="${source}"]`;
const inCard = (group: string, id: string) => `[data-id="${group}"] [data-testid="${id}"]`;
const groupOf = (fake: FakeOffice, id: string) =>
	fake.config("thoracic").groups.find((one) => one.id === id);

it("says for a bed its group, its stations in order and whom it escalates to", async () => {
	await openOffice(new FakeOffice(), "groups");
	need(chip("bed:b24")).dispatchEvent(new Event("pointerenter"));
	await settle();
	const way = need("way").textContent ?? "";
	for (const word of ["24床", "责任二组", "①护士站副机", "120 秒后", "护士站主机"])
		expect(way).toContain(word);
	// what is not on its way steps back
	expect(need(chip("bed:b01")).className).toContain("dim");
	expect(need(chip("bed:b24")).className).not.toContain("dim");
	expect(need('[data-testid="group-card"][data-id="g1"]').className).toContain("dim");
});

it("lets beds of no group stand out and says that they ring at every station", async () => {
	await openOffice(new FakeOffice(), "groups");
	expect(need("loose-beds").textContent).toContain("2 张床");
	expect(need("loose-beds").textContent).toContain("所有护士站");
	expect(need(chip("bed:b46")).className).toContain("loose");
	need(chip("bed:b46")).dispatchEvent(new Event("pointerenter"));
	await settle();
	expect(need("way").textContent).toContain("本病区所有护士站");
});

it("moves beds by key alone, saves one change, and takes it back", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "groups");
	const before = structuredClone(groupOf(fake, "g1"));
	need(chip("room:r01")).focus();
	await settle();
	await key(chip("room:r01"), "ArrowRight");
	expect(document.activeElement?.getAttribute("data-source")).toBe("bed:b01");
	await key(chip("bed:b01"), "ArrowRight", { shiftKey: true });
	expect(need(chip("bed:b02")).getAttribute("aria-pressed")).toBe("true");
	await press(inCard("g2", "group-move"));
	expect(need("save-bar").textContent).toContain("2");
	await press("save");
	expect(fake.saved).toHaveLength(1);
	expect(fake.saved[0]?.edits.map((edit) => edit.id)).toEqual(["g1", "g2"]);
	expect(groupOf(fake, "g1")?.beds).not.toContain("b01");
	expect(groupOf(fake, "g2")?.beds.slice(0, 2)).toEqual(["b01", "b02"]);
	expect(find("save-bar")).toBeNull();
	await press("undo-1");
	expect(groupOf(fake, "g1")).toEqual(before);
});

it("puts a bed in two groups at once", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "groups");
	await press(chip("bed:b03"));
	await press(inCard("g2", "group-also"));
	await press("save");
	expect(groupOf(fake, "g1")?.beds).toContain("b03");
	expect(groupOf(fake, "g2")?.beds).toContain("b03");
	expect(need(chip("bed:b03")).getAttribute("aria-label")).toContain("责任一组、责任二组");
});

it("takes a whole room dropped on a group, its door and its beds", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "groups");
	const data = new Map<string, string>();
	const dataTransfer = {
		setData: (type: string, text: string) => void data.set(type, text),
		getData: (type: string) => data.get(type) ?? "",
	};
	const drag = (target: HTMLElement, type: string) =>
		target.dispatchEvent(
			Object.assign(new Event(type, { bubbles: true, cancelable: true }), { dataTransfer }),
		);
	drag(need(chip("room:r01")), "dragstart");
	drag(need('[data-testid="group-card"][data-id="g2"]'), "drop");
	await settle();
	await press("save");
	expect(groupOf(fake, "g2")?.rooms[0]).toBe("r01");
	expect(groupOf(fake, "g2")?.beds.slice(0, 2)).toEqual(["b01", "b02"]);
	expect(groupOf(fake, "g1")?.rooms).not.toContain("r01");
});

it("orders stations, adds an escalation, and makes and removes groups", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "groups");
	await press(inCard("g1", "stations-down"));
	await fill(inCard("g1", "escalate_to-add"), "station-vice");
	await press("group-add");
	await fill("group-name", "夜班组");
	await press("group-done");
	await press("save");
	expect(groupOf(fake, "g1")?.stations).toEqual(["station-vice", "station-main"]);
	expect(groupOf(fake, "g1")?.escalate_to).toEqual(["station-vice"]);
	expect(fake.config("thoracic").groups.map((group) => group.name)).toContain("夜班组");
	// a group that hosting names stays: the hub's reason stands at its card's place
	await press(inCard("g2", "group-edit"));
	await press("group-remove");
	expect(all("group-card")).toHaveLength(2);
	await press("save");
	expect(need("problem").textContent).toContain("仍在使用");
	await press("discard");
	expect(all("group-card")).toHaveLength(3);
});

it("shows the hub's problem at the group it is about, and changes of others before a second try", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "groups");
	await press(inCard("g1", "group-edit"));
	await fill("group-name", "");
	await press("group-done");
	await press("save");
	expect(need(inCard("g1", "problem")).textContent).toContain("不能为空");
	const other = groupOf(fake, "g1");
	if (other === undefined) throw new Error("no group");
	const { id, ...before } = structuredClone(other);
	fake.change(
		[{ entity: "group", ward: "thoracic", id, before, after: { ...before, staff: [] } }],
		"组员调整",
	);
	await press(inCard("g1", "group-edit"));
	await fill("group-name", "责任甲组");
	await press("group-done");
	await press("save");
	expect(need("conflict").textContent).toContain("组员调整");
	await press("conflict-reload");
	// what was typed is still there, and the second try holds
	await press("save");
	expect(groupOf(fake, "g1")?.name).toBe("责任甲组");
});

it("shows without keys to those who may only look", async () => {
	await openOffice(new FakeOffice("head_nurse"), "groups");
	expect(all("bed-chip")).toHaveLength(46);
	expect(find("group-add")).toBeNull();
	expect(find("stations-add")).toBeNull();
	await press(chip("bed:b01"));
	expect(find("save-bar")).toBeNull();
});

it("follows the call rules: bed before room, room before its beds, nobody means everybody", () => {
	const group = (id: string, more: Partial<Group>): Group => ({
		id,
		name: id,
		order: 1,
		stations: [],
		beds: [],
		rooms: [],
		staff: [],
		escalate_to: [],
		...more,
	});
	const plan: Plan = {
		groups: [
			group("a", { beds: ["1"], stations: ["s"] }),
			group("b", { rooms: ["x"], stations: ["t", "s"], escalate_to: ["u"] }),
			group("c", { beds: ["3"] }),
		],
		roomOf: new Map([
			["1", "x"],
			["2", "x"],
			["3", "y"],
			["4", "z"],
		]),
	};
	const ids = (source: "bed:1" | "bed:2" | "room:y" | "bed:4") =>
		groupsOf(plan, source).groups.map((one) => one.id);
	expect(ids("bed:1")).toEqual(["a"]);
	expect(ids("bed:2")).toEqual(["b"]);
	expect(ids("room:y")).toEqual(["c"]);
	expect(ids("bed:4")).toEqual([]);
	expect(looseBeds(plan)).toEqual(["4"]);
	expect(wayOf(plan, "bed:3").everyStation).toBe(true);
	expect(wayOf(plan, "bed:2")).toMatchObject({ stations: ["t", "s"], escalateTo: ["u"] });
	const order = { beds: ["1", "2", "3", "4"], rooms: ["x", "y", "z"] };
	const next = assign(plan.groups, "c", { beds: ["1"], rooms: [] }, true, order);
	expect(next.map((one) => one.beds)).toEqual([[], [], ["1", "3"]]);
	const lit = litBy({ kind: "station", id: "u" }, plan, ["bed:1", "bed:2"], ["s", "t"]);
	expect([...(lit?.sources ?? [])]).toEqual(["bed:2"]);
	expect(readCarried("sources bed:b1 room:<x> other:1")).toEqual(["bed:b1"]);
	expect(readCarried("station s")).toEqual([]);
});
