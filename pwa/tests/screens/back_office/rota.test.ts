// @vitest-environment happy-dom
/** 排班: turns of a week, copied from the week before, with what gets in each other's way. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import {
	clashOf,
	copyWeek,
	instantsOf,
	type Turn,
} from "../../../src/screens/back_office/pages/rota/turns";
import { FakeOffice } from "./fake_office";
import { all, fill, find, need, openOffice, press, settle } from "./office_at";
import { HOUR, ZONE } from "./sample_office";

vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

const cell = (staff: string, date: string) =>
	`[data-testid="rota-cell"][data-staff="${staff}"][data-date="${date}"]`;
async function submit(): Promise<void> {
	need('[id="turn-form"]').dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
}

it("shows the week, a row a person, and how many beds nobody looks after now", async () => {
	await openOffice(new FakeOffice("head_nurse"), "rota");
	expect(all("turn")).toHaveLength(25);
	expect(need(cell("n01", "2026-11-16")).textContent).toContain("08:00–20:00");
	expect(need(cell("n01", "2026-11-16")).textContent).toContain("PDA 1");
	// n05 works at night, so that her beds have nobody in the morning
	expect(need("rota-cover").textContent).toContain("10 张床");
});

it("adds a night turn with a shift key and a group's beds, and takes it back", async () => {
	const fake = new FakeOffice("head_nurse");
	await openOffice(fake, "rota");
	await press(`${cell("n06", "2026-11-21")} [data-testid="rota-plus"]`);
	expect((need("turn-staff") as HTMLSelectElement).value).toBe("n06");
	await press("shift-16:00");
	await press("beds-of-g2");
	await press("pick-b24");
	await fill("turn-pda", "pda-06");
	await submit();
	const made = fake.config("thoracic").duty.at(-1);
	expect(made).toMatchObject({ staff: "n06", pda: "pda-06" });
	expect(made?.beds).toHaveLength(20);
	expect(made?.since).toBe(Date.parse("2026-11-21T16:00:00+08:00"));
	expect(made?.until).toBe(Date.parse("2026-11-22T00:00:00+08:00"));
	await press("undo-1");
	expect(need(cell("n06", "2026-11-21")).querySelector("[data-testid=turn]")).toBeNull();
});

it("changes and removes a turn; a time that is none is said at its field; the hub's problem too", async () => {
	const fake = new FakeOffice("head_nurse");
	await openOffice(fake, "rota");
	await press('[data-testid="turn"][data-id="duty-n01-0"]');
	await fill("turn-from", "8am");
	await submit();
	expect(need("[data-testid=turn-form] [data-testid=problem]").textContent).toContain("HH:MM");
	await fill("turn-from", "09:00");
	await fill("turn-until", "");
	fake.problems.push((_, index) => [
		{ index, field: "pda", message: "no", message_zh: "不是本病区的手持终端" },
	]);
	await submit();
	expect(need("[data-testid=turn-form] [data-testid=problem]").textContent).toContain("手持终端");
	fake.problems.pop();
	await submit();
	expect(fake.config("thoracic").duty.find((one) => one.id === "duty-n01-0")?.until).toBeNull();
	// open since Monday: every later turn of hers overlaps
	expect(need('[data-testid="turn"][data-id="duty-n01-1"]').className).toContain("clash");
	await press('[data-testid="turn"][data-id="duty-n01-0"]');
	await press("turn-remove");
	expect(find('[data-testid="turn"][data-id="duty-n01-0"]')).toBeNull();
});

it("copies last week once", async () => {
	const fake = new FakeOffice("head_nurse");
	await openOffice(fake, "rota");
	await press("later");
	expect(all("turn")).toHaveLength(0);
	await press("rota-copy");
	expect(fake.saved).toHaveLength(1);
	expect(all("turn")).toHaveLength(25);
	expect(need(cell("n05", "2026-11-23")).textContent).toContain("20:00–08:00");
	await press("rota-copy");
	expect(fake.saved).toHaveLength(1);
	expect(need("[data-testid=toast][data-tone=bad]").textContent).toContain("没有可复制");
});

it("shows on Monday what goes on from the week before", async () => {
	const fake = new FakeOffice("head_nurse");
	const turn = fake.config("thoracic").duty.find((one) => one.id === "duty-n02-4");
	if (turn === undefined) throw new Error("no turn");
	turn.until = null;
	await openOffice(fake, "rota");
	await press("later");
	expect(all("turn")).toHaveLength(1);
	expect(need(cell("n02", "2026-11-23")).textContent).toContain("…–未定");
});

it("gives those who may only read no keys", async () => {
	await openOffice(new FakeOffice("engineer"), "rota");
	expect(find("rota-add")).toBeNull();
	expect(find("rota-plus")).toBeNull();
	expect((all("turn")[0] as HTMLButtonElement).disabled).toBe(true);
});

it("works out instants, clashes and copies on the wall clock", () => {
	expect(instantsOf("2026-11-20", "20:00", "08:00", ZONE)).toEqual({
		since: Date.parse("2026-11-20T20:00:00+08:00"),
		until: Date.parse("2026-11-21T08:00:00+08:00"),
	});
	expect(instantsOf("2026-11-20", "20:00", "", ZONE).until).toBeNull();
	const turn = (
		id: string,
		staff: string,
		pda: string | null,
		from: number,
		until: number | null,
	): Turn => ({
		id,
		staff,
		pda,
		beds: [],
		since: from * HOUR,
		until: until === null ? null : until * HOUR,
	});
	const all = [
		turn("1", "a", "p", 0, 8),
		turn("2", "a", null, 7, 9),
		turn("3", "b", "p", 4, null),
		turn("4", "c", "p", -4, 0),
	];
	expect(all.map((one) => clashOf(one, all))).toEqual(["twice", "twice", "pda", null]);
	// the clocks go back in Berlin on 2026-10-25: eight in the morning stays eight in the morning
	const berlin = "Europe/Berlin";
	const times = instantsOf("2026-10-21", "08:00", "16:00", berlin);
	const [edit] = copyWeek(
		[{ id: "x", staff: "a", beds: [], pda: null, ...times }],
		"2026-10-26",
		berlin,
		"w",
		() => "n",
		() => true,
	);
	expect(edit?.after).toMatchObject(instantsOf("2026-10-28", "08:00", "16:00", berlin));
});
