// @vitest-environment happy-dom
/** 版本与升级 (DEV-07): versions added and removed, roll-outs planned, watched, halted and rolled back. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { leftOut, usualStages } from "../../../src/screens/back_office/pages/releases/stages";
import type { RollOut } from "../../../src/screens/back_office/types";
import { FakeFleet } from "./fake_fleet";
import { FakeOffice, Refusal } from "./fake_office";
import { all, fill, find, need, openOffice, press, settle } from "./office_at";
import { NEWER, sampleLines } from "./sample_fleet";
import { sampleConfig } from "./sample_office";

vi.setConfig({ testTimeout: 30_000 });
beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	cleanup();
	vi.useRealTimers();
});

async function later(ms: number): Promise<void> {
	vi.advanceTimersByTime(ms);
	await settle();
}
async function submit(form: string): Promise<void> {
	need(`[id="${form}"]`).dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
}
const inRow = (build: string, what: string) =>
	`[data-testid="release-row"][data-id="${build}"] [data-testid="${what}"]`;
async function open(role: "system_admin" | "engineer" = "system_admin") {
	const fake = new FakeOffice(role);
	const fleet = new FakeFleet(fake);
	await openOffice(fake, "releases");
	return { fake, fleet };
}
async function begin(): Promise<void> {
	await press(inRow(NEWER, "rollout-start"));
	await submit("rollout-form");
}
const names = { one: "一台", ward: "病区", all: "其余" };

it("uploads a version with its note, and says why one is not taken", async () => {
	const { fake, fleet } = await open();
	await press("release-add");
	await submit("release-form");
	expect(need("[data-testid=release-form] [data-testid=problem]").textContent).toContain("请选择");
	const choose = async (content: string) => {
		const input = need("release-file") as HTMLInputElement;
		Object.defineProperty(input, "files", {
			value: [new File([content], "app.zip", { type: "application/zip" })],
			configurable: true,
		});
		input.dispatchEvent(new Event("change", { bubbles: true }));
		await settle();
	};
	await choose("x");
	await submit("release-form");
	expect(need("[data-testid=release-form] [data-testid=problem]").textContent).toContain(
		"release_unfit",
	);
	await choose("PK-content");
	await fill("release-note", "夜间亮度");
	await submit("release-form");
	expect(find("release-form")).toBeNull();
	expect(fleet.releases.some((one) => one.note === "夜间亮度")).toBe(true);
	expect(all("release-row")).toHaveLength(3);
	expect(
		fake.requests.find((one) => one.path === "releases" && one.method === "POST"),
	).toBeDefined();
});

it("removes a version that is not used, never the hub's own", async () => {
	const { fleet } = await open();
	const base = fleet.releases[0]?.build ?? "";
	expect(find(inRow(base, "release-remove"))).toBeNull();
	await press(inRow(NEWER, "release-remove"));
	await press("confirm-yes");
	expect(find(inRow(NEWER, "release-remove"))).toBeNull();
	expect(fleet.releases).toHaveLength(1);
});

it("plans one screen, then the ward, then all; stages can be edited; nobody stands in two", async () => {
	const { fake, fleet } = await open();
	await press(inRow(NEWER, "rollout-start"));
	expect(all("stage")).toHaveLength(2);
	expect(
		need('[data-testid="stage"][data-place="0"] [data-testid="stage-count"]').textContent,
	).toBe("1 台终端");
	await press("stage-add");
	await submit("rollout-form");
	expect(fleet.rollouts).toEqual([]);
	expect(need("[data-testid=rollout-form] [data-testid=problem]").textContent).toContain(
		"请为此阶段",
	);
	// all stand in the other two stages, so one of them has to go first
	expect(find("pick-bed-b02")).toBeNull();
	await press('[data-testid="stage"][data-place="1"] [data-testid="stage-edit"]');
	await fill("pick-bed-b02", false);
	await fill("pick-bed-b04", false);
	expect(need("left-out").textContent).toContain("2 台终端");
	await press('[data-testid="stage"][data-place="2"] [data-testid="stage-edit"]');
	await fill("pick-bed-b02", true);
	await fill('[data-testid="stage"][data-place="2"] [data-testid="stage-name"]', "最后");
	await press('[data-testid="stage"][data-place="2"] [data-testid="stage-up"]');
	await fill("advance-time", true);
	await fill("advance-minutes", "45");
	await submit("rollout-form");
	const asked = fake.requests.find((one) => one.path === "rollouts" && one.method === "POST");
	const body = asked?.body as { stages: { name: string; terminals: string[] }[] };
	expect(asked?.body).toMatchObject({ build: NEWER, advance_after_s: 2_700 });
	expect(body.stages.map((stage) => stage.name)).toEqual(["一台终端", "最后", "胸壁外科"]);
	expect(body.stages[1]?.terminals).toEqual(["bed-b02"]);
	const every = body.stages.flatMap((stage) => stage.terminals);
	expect(new Set(every).size).toBe(every.length);
	expect(every).not.toContain("bed-b04");
	expect(find("rollout-form")).toBeNull();
	expect((need(inRow(NEWER, "rollout-start")) as HTMLButtonElement).disabled).toBe(true);
});

it("shows a roll-out as it goes: who failed, who waits; asks before going on too early", async () => {
	const { fleet } = await open();
	await begin();
	const rollout = fleet.rollouts[0] as RollOut;
	expect(need("rollout").dataset.state).toBe("running");
	await press("rollout-advance");
	expect(need("confirm").textContent).toContain("还有终端未升级完成");
	await press("confirm-no");
	expect(rollout.stage).toBe(0);
	const [first] = rollout.stages;
	if (first !== undefined) Object.assign(first, { updated: 1, waiting: [] });
	await later(2_000);
	await press("rollout-advance");
	expect(rollout.stage).toBe(1);
	const second = rollout.stages[1];
	if (second !== undefined)
		Object.assign(second, {
			updated: 40,
			failed: ["bed-b09"],
			waiting: second.terminals.slice(0, 12),
		});
	Object.assign(rollout, { state: "halted", reason: "terminal_failed" });
	await later(2_000);
	expect(need("rollout-reason").textContent).toContain("自动暂停");
	expect(need("stage-failed").textContent).toContain("9床");
	expect(need("stage-waiting").textContent).toContain("等 12 台");
	expect(find("rollout-advance")).toBeNull();
	await press("rollout-resume");
	expect(rollout.state).toBe("running");
	await press("rollout-halt");
	expect(rollout.state).toBe("halted");
	await press("rollout-rollback");
	expect(need("confirm").textContent).toContain("台终端回到 0.2.0");
	await press("confirm-yes");
	expect(need("rollout").dataset.state).toBe("rolled_back");
	expect(find("rollout-rollback")).toBeNull();
});

it("tells what the hub refuses, and shows how it is then", async () => {
	const { fake } = await open();
	await begin();
	fake.answers.unshift(({ path }) => {
		if (path !== "rollouts/1/halt") return undefined;
		throw new Refusal("changed_meanwhile", 409);
	});
	await press("rollout-halt");
	expect(document.body.textContent).toContain("被拒绝：changed_meanwhile");
});

it("lets those of one ward look, when they have the right at all", async () => {
	const fake = new FakeOffice("engineer");
	new FakeFleet(fake);
	fake.me = { ...fake.me, permissions: [...fake.me.permissions, "fleet.release"] };
	await openOffice(fake, "releases");
	expect(find("release-add")).toBeNull();
	expect(find("release-remove")).toBeNull();
	expect(all("rollout-start")).toHaveLength(2);
});

it("puts an online bedside first, and leaves nobody out", () => {
	const config = sampleConfig();
	const lines = sampleLines(config).map((line) =>
		line.id === "bed-b01" ? { ...line, seen: "offline" as const } : line,
	);
	const stages = usualStages(lines, "thoracic", names);
	expect(stages[0]?.terminals).toEqual(["bed-b02"]);
	expect(leftOut(lines, stages)).toEqual([]);
	expect(usualStages([], "thoracic", names)).toEqual([]);
	// none of the chosen ward: the first is of another
	expect(usualStages(lines, "other", names).map((stage) => stage.name)).toEqual(["一台", "其余"]);
});
