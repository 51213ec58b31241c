// @vitest-environment happy-dom
/** 呼叫托管 (CALL-07): plans for once, every week and from now on; what holds now; what clashes. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { clashesOf, type Span } from "../../../src/screens/back_office/pages/hosting/plan";
import { piecesOf, spansOf } from "../../../src/screens/back_office/parts/calendar";
import { instantOf, mondayOf, wallTime } from "../../../src/screens/back_office/zone";
import { FakeOffice } from "./fake_office";
import { all, fill, find, need, openOffice, press, settle } from "./office_at";
import { HOUR, NOW, ZONE } from "./sample_office";

vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

const hosting = (fake: FakeOffice, id: string) =>
	fake.config("thoracic").hosting.find((one) => one.id === id);
async function submit(form: string): Promise<void> {
	need(`[id="${form}"]`).dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
}

it("shows what holds now, and ends it at once", async () => {
	const fake = new FakeOffice("head_nurse");
	await openOffice(fake, "hosting");
	expect(need("hosting-holds").textContent).toContain("责任二组");
	expect(need("hosting-holds").textContent).toContain("护士站主机");
	await press("hosting-end");
	expect(hosting(fake, "h-today")?.until_ms).toBe(NOW);
	expect(need("hosting-holds").textContent).toContain("没有托管");
	await press("undo-1");
	expect(need("hosting-holds").textContent).toContain("责任二组");
});

it("hosts from now on until an end", async () => {
	const fake = new FakeOffice("head_nurse");
	await openOffice(fake, "hosting");
	await press("hosting-now");
	await submit("hosting-now");
	expect(need("problem").textContent).toContain("护士站");
	await fill("station-station-vice", true);
	await fill("hosting-hours", "4");
	await submit("hosting-now");
	const made = fake.config("thoracic").hosting.at(-1);
	expect(made).toMatchObject({ from_group: "g1", to: ["station-vice"], until_ms: NOW + 4 * HOUR });
	expect(find("hosting-now-form")).toBeNull();
	expect(need("hosting-holds").textContent).toContain("责任一组");
	await press("undo-1");
	expect(fake.config("thoracic").hosting).toHaveLength(2);
});

it("plans for once, on the hospital's clock; the hub's problem stands at its field", async () => {
	const fake = new FakeOffice("head_nurse");
	fake.problems.push((edit, index) => {
		const after = edit.after as { from_ms: number; until_ms: number };
		if (after.until_ms > after.from_ms) return [];
		return [{ index, field: "until_ms", message: "must be after", message_zh: "需晚于开始" }];
	});
	await openOffice(fake, "hosting");
	await press("hosting-add");
	await fill("hosting-group", "g2");
	await fill("station-station-main", true);
	await fill("hosting-from-date", "2026-11-21");
	await fill("hosting-from-time", "20:00");
	await fill("hosting-until-date", "2026-11-21");
	await fill("hosting-until-time", "08:00");
	await submit("hosting-form");
	expect(need("[data-testid=hosting-form] [data-testid=problem]").textContent).toContain(
		"需晚于开始",
	);
	await fill("hosting-until-date", "2026-11-22");
	await submit("hosting-form");
	expect(fake.config("thoracic").hosting.at(-1)).toMatchObject({
		from_group: "g2",
		from_ms: Date.parse("2026-11-21T20:00:00+08:00"),
		until_ms: Date.parse("2026-11-22T08:00:00+08:00"),
	});
});

it("makes, changes and removes a weekly rule", async () => {
	const fake = new FakeOffice("head_nurse");
	await openOffice(fake, "hosting");
	await press("hosting-add");
	await fill("hosting-weekly", true);
	await fill("station-station-vice", true);
	await fill("weekday-5", false);
	await fill("rule-from", "12:00");
	await fill("rule-until", "14:00");
	await submit("hosting-form");
	const made = fake.config("thoracic").hosting_rules.at(-1);
	expect(made).toMatchObject({
		weekdays: [1, 2, 3, 4],
		from: "12:00",
		until: "14:00",
		first: "2026-11-20",
		last: null,
	});
	await press(`[data-testid="hosting-rule"][data-id="r-night"]`);
	expect(find("hosting-single")).toBeNull();
	await fill("rule-last", "2026-12-31");
	await submit("hosting-form");
	expect(fake.config("thoracic").hosting_rules[0]?.last).toBe("2026-12-31");
	await press(`[data-testid="hosting-rule"][data-id="r-night"]`);
	await press("hosting-remove");
	expect(fake.config("thoracic").hosting_rules.map((rule) => rule.id)).toEqual([made?.id]);
});

it("draws week and month, opens a plan from its cell, and names clashes", async () => {
	const fake = new FakeOffice("head_nurse");
	fake.config("thoracic").hosting.push({
		id: "h-twice",
		from_group: "g2",
		to: ["station-main"],
		from_ms: NOW,
		until_ms: NOW + HOUR,
	});
	await openOffice(fake, "hosting");
	// Monday to Friday nights in two pieces each, and the three plans
	expect(all("hosting-cell").length).toBe(13);
	expect(need("hosting-clashes").textContent).toContain("同时有两条托管");
	await press('[data-testid="hosting-cell"][data-id="h-week"]');
	expect((need("hosting-from-time") as HTMLInputElement).value).toBe("14:00");
	await press("[data-testid=hosting-form] button[aria-label=关闭]");
	await press("view-month");
	expect(all("hosting-cell").length).toBeGreaterThan(30);
	await press("later");
	expect(need(".head h2[aria-live]").textContent).toContain("12月");
});

it("lays spans out by day and lane, across midnight and a change of the clocks", () => {
	const rule = { weekdays: [7], from: "22:00", until: "06:00", first: "2026-01-01", last: null };
	const [night] = spansOf(rule, "2026-11-23", 1, ZONE);
	expect(night?.date).toBe("2026-11-22");
	expect((night?.until_ms ?? 0) - (night?.from_ms ?? 0)).toBe(8 * HOUR);
	// the last Sunday of March, Berlin: the night is an hour shorter
	const berlin = "Europe/Berlin";
	const [short] = spansOf({ ...rule, weekdays: [6] }, "2026-03-28", 1, berlin);
	expect((short?.until_ms ?? 0) - (short?.from_ms ?? 0)).toBe(7 * HOUR);
	expect(wallTime(instantOf("2026-03-29", "02:30", berlin), berlin).time).toBe("03:30");
	expect(mondayOf("2026-11-22")).toBe("2026-11-16");
	const entry = (id: string, from: string, until: string) => ({
		id,
		text: id,
		band: 0,
		from_ms: instantOf("2026-11-20", from, ZONE),
		until_ms: instantOf("2026-11-20", until, ZONE),
	});
	const pieces = piecesOf(
		[
			entry("a", "08:00", "12:00"),
			entry("b", "09:00", "10:00"),
			entry("c", "10:00", "11:00"),
			entry("d", "13:00", "14:00"),
		],
		"2026-11-20",
		ZONE,
	);
	expect(pieces.map((piece) => [piece.entry.id, piece.lane, piece.lanes])).toEqual([
		["a", 0, 2],
		["b", 1, 2],
		["c", 1, 2],
		["d", 0, 1],
	]);
});

it("finds groups that are hosted twice, to each other, or to themselves", () => {
	const group = (id: string, station: string) => ({
		id,
		name: id,
		order: 1,
		stations: [station],
		beds: [],
		rooms: [],
		staff: [],
		escalate_to: [],
	});
	const span = (
		key: string,
		from_group: string,
		to: string,
		from: number,
		until: number,
	): Span => ({
		key,
		id: key,
		rule: false,
		from_group,
		to: [to],
		from_ms: from,
		until_ms: until,
	});
	const groups = [group("a", "s"), group("b", "t")];
	const why = (...spans: Span[]) => clashesOf(spans, groups).map((one) => one.why);
	expect(why(span("1", "a", "t", 0, 10), span("2", "a", "u", 5, 15))).toEqual(["twice"]);
	expect(why(span("1", "a", "t", 0, 10), span("2", "b", "s", 5, 15))).toEqual(["circle"]);
	expect(why(span("1", "a", "s", 0, 10))).toEqual(["itself"]);
	expect(why(span("1", "a", "t", 0, 10), span("2", "a", "u", 10, 15))).toEqual([]);
});
