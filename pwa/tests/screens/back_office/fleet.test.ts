// @vitest-environment happy-dom
/** 集中控制 (DEV-02): commands to a ward, a kind or chosen terminals, what became of them, and what is done by the clock. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { FleetCommand, Targets } from "../../../src/screens/back_office/types";
import { FakeFleet } from "./fake_fleet";
import { FakeOffice, Refusal } from "./fake_office";
import { all, fill, find, need, openOffice, press, settle } from "./office_at";
import { sampleConfig } from "./sample_office";

vi.setConfig({ testTimeout: 30_000 });
beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	cleanup();
	vi.useRealTimers();
});

type Asked = { targets: Targets; do: FleetCommand["do"]; value: number | null };
function asked(fake: FakeOffice): Asked[] {
	return fake.requests
		.filter((one) => one.path === "fleet/commands")
		.map((one) => one.body as Asked);
}
async function later(ms: number): Promise<void> {
	vi.advanceTimersByTime(ms);
	await settle();
}
async function submit(form: string): Promise<void> {
	need(`[id="${form}"]`).dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
}
const outcome = (id: string) =>
	need(`[data-testid="command-outcome"][data-id="${id}"]`).dataset.outcome;

it("tells a kind of the ward, and shows each answer as it comes", async () => {
	const fake = new FakeOffice("engineer");
	const fleet = new FakeFleet(fake);
	await openOffice(fake, "fleet");
	await fill("fleet-kind", "bedside");
	expect(need("fleet-meant").textContent).toContain("46 台终端，其中 45 台在线");
	await fill("value-volume", "30");
	await press("command-volume");
	expect(asked(fake)).toEqual([
		{ targets: { ward: "thoracic", kind: "bedside", terminals: null }, do: "volume", value: 30 },
	]);
	expect(outcome("bed-b03")).toBe("not_connected");
	expect(outcome("bed-b01")).toBe("waiting");
	fleet.outcomes.set("bed-b02", "in_call").set("bed-b04", "not_able");
	fleet.settleCommands();
	await later(1_000);
	expect(outcome("bed-b01")).toBe("done");
	expect(outcome("bed-b02")).toBe("in_call");
	expect(need("command-result").textContent).toContain("完成 43 · 等待 0 · 未执行 3");
	// trouble comes first
	expect(all("command-outcome")[0]?.dataset.outcome).toBe("in_call");
	const polls = fake.requests.filter((one) => one.path.startsWith("fleet/commands/")).length;
	await later(4_000);
	expect(fake.requests.filter((one) => one.path.startsWith("fleet/commands/"))).toHaveLength(polls);
});

it("asks before a restart, and sends it to the chosen ones only", async () => {
	const fake = new FakeOffice("engineer");
	new FakeFleet(fake);
	await openOffice(fake, "fleet");
	await fill("fleet-where", "chosen");
	expect((need("command-restart") as HTMLButtonElement).disabled).toBe(true);
	await press("pick-kind-door");
	await fill("pick-door-r01", false);
	await fill("pick-station-main", true);
	await press("command-restart");
	expect(asked(fake)).toEqual([]);
	expect(need("confirm").textContent).toContain("26 台终端");
	await press("confirm-no");
	expect(asked(fake)).toEqual([]);
	await press("command-restart");
	await press("confirm-yes");
	const [command] = asked(fake);
	expect(command).toMatchObject({ do: "restart", value: null });
	expect(command?.targets.ward).toBeNull();
	expect(command?.targets.terminals).toHaveLength(26);
	expect(command?.targets.terminals).not.toContain("door-r01");
});

it("reaches the whole house only for those who see it, and says why it is refused", async () => {
	const second = sampleConfig("cardio");
	second.ward = { ...second.ward, name: "心内科" };
	second.terminals = second.terminals
		.slice(0, 3)
		.map((one) => ({ ...one, id: `c-${one.id}`, ward: "cardio" }));
	const fake = new FakeOffice("system_admin", [sampleConfig(), second]);
	new FakeFleet(fake);
	await openOffice(fake, "fleet");
	const options = [...need("fleet-where").querySelectorAll("option")].map((one) => one.value);
	expect(options).toEqual(["ward", "house", "chosen"]);
	await fill("fleet-where", "house");
	fake.answers.unshift(({ path }) => {
		if (path !== "fleet/commands") return undefined;
		throw new Refusal("forbidden", 403);
	});
	await press("command-identify");
	expect(asked(fake)[0]?.targets).toEqual({ ward: null, kind: null, terminals: null });
	expect(need("[data-testid=problem]").textContent).toContain("被拒绝：forbidden");
	expect(find("command-result")).toBeNull();
});

it("makes, changes, stops and removes a schedule, with undo by the list of changes", async () => {
	const fake = new FakeOffice("engineer");
	const fleet = new FakeFleet(fake);
	await openOffice(fake, "fleet/schedules");
	await press("schedule-add");
	await fill("schedule-at", "25:00");
	await submit("schedule-form");
	expect(need("[data-testid=schedule-form] [data-testid=problem]").textContent).toContain("HH:MM");
	await fill("schedule-at", "21:30");
	await fill("schedule-day-6", false);
	await fill("schedule-value", "20");
	await submit("schedule-form");
	expect(find("schedule-form")).toBeNull();
	expect(fleet.schedules[0]).toMatchObject({
		ward: "thoracic",
		kind: "bedside",
		terminals: null,
		at: "21:30",
		weekdays: [1, 2, 3, 4, 5, 7],
		do: "volume",
		value: 20,
		active: true,
	});
	expect(need("schedule-row").textContent).toContain("音量 20%");
	await press("schedule-edit");
	await fill("schedule-do", "screen_off");
	expect(find("schedule-value")).toBeNull();
	await fill("schedule-whom", "chosen");
	await fill("pick-bed-b01", true);
	await submit("schedule-form");
	expect(fleet.schedules[0]).toMatchObject({
		do: "screen_off",
		value: null,
		kind: null,
		terminals: ["bed-b01"],
	});
	await fill("schedule-active", false);
	expect(fleet.schedules[0]?.active).toBe(false);
	await press("schedule-remove");
	await press("confirm-yes");
	expect(fleet.schedules).toEqual([]);
	const [made] = fake.saved;
	expect(made?.edits[0]).toMatchObject({ entity: "device_schedule", ward: null });
});
