// @vitest-environment happy-dom
/** 终端管理 (DEV-01, DEV-03): how devices are, at a glance and as they are now; who fills a slot. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { movedName, placed } from "../../../src/screens/back_office/pages/terminals/places";
import { mismatches, offsetText } from "../../../src/screens/back_office/parts/devices";
import type { TerminalValue } from "../../../src/screens/back_office/types";
import { FakeFleet } from "./fake_fleet";
import { FakeOffice, Refusal } from "./fake_office";
import { all, fill, find, need, openOffice, press, settle } from "./office_at";
import { NOW } from "./sample_office";

vi.setConfig({ testTimeout: 30_000 });
beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	cleanup();
	vi.useRealTimers();
});

async function open(role: "system_admin" | "engineer" | "head_nurse" = "system_admin") {
	const fake = new FakeOffice(role);
	const fleet = new FakeFleet(fake);
	// the sample ward is small enough to read: a few of each kind
	const [config] = fake.configs;
	if (config !== undefined)
		config.terminals = config.terminals.filter((one) =>
			/^(bed-b(0[1-9])|door-r0[1-4]|station-main|pda-0[1-3])$/.test(one.id),
		);
	const opened = await openOffice(fake, "terminals");
	return { fake, fleet, ...opened };
}
const row = (id: string) => `[data-testid="terminal-row"][data-id="${id}"]`;
const inRow = (id: string, what: string) => `${row(id)} [data-testid="${what}"]`;
const ids = () => all("terminal-row").map((one) => one.dataset.id);
async function submit(form: string): Promise<void> {
	need(`[id="${form}"]`).dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
}
async function later(ms: number): Promise<void> {
	vi.advanceTimersByTime(ms);
	await settle();
}

it("shows how each is, and is read anew without keeping the session", async () => {
	const { fake, fleet } = await open();
	expect(need(row("bed-b01")).dataset.seen).toBe("online");
	expect(need(row("bed-b03")).textContent).toContain("离线");
	expect(need(row("bed-b07")).textContent).toContain("延迟");
	expect(need(row("bed-b05")).textContent).toContain("+4.2 s ⚠");
	expect(need(row("pda-03")).textContent).toContain("未应答测试");
	expect(need(row("door-r04")).textContent).toContain("病区直连");
	expect(need(row("bed-b01")).textContent).toContain("00:1A:2B:3C");
	fleet.line("bed-b01").seen = "offline";
	const asked = fake.requests.length;
	await later(2_000);
	expect(need(row("bed-b01")).dataset.seen).toBe("offline");
	const polls = fake.requests.slice(asked);
	expect(polls.map((one) => one.path)).toEqual(["terminals"]);
	expect(polls.every((one) => one.polled)).toBe(true);
});

it("keeps the last state in sight when the hub does not answer", async () => {
	const { fake } = await open();
	fake.answers.unshift(({ path }) => {
		if (path !== "terminals") return undefined;
		throw new Refusal("starting", 503);
	});
	await later(2_000);
	expect(document.body.textContent).toContain("无法刷新");
	expect(ids()).toContain("bed-b01");
});

it("searches by address, filters and finds what needs a look", async () => {
	await open();
	const address = /10\.20\.3\.\d+(?=00:1A)/.exec(need(row("bed-b02")).textContent ?? "")?.[0] ?? "";
	await fill("search", address);
	expect(ids()).toEqual(["bed-b02"]);
	await fill("search", "");
	await fill("filter-kind", "door");
	expect(ids()).toHaveLength(4);
	await fill("filter-kind", "");
	await fill("filter-seen", "offline");
	expect(ids()).toEqual(["bed-b03"]);
	await fill("filter-seen", "");
	await fill("filter-trouble", true);
	const wanted = ["bed-b03", "bed-b05", "bed-b07", "bed-b09", "door-r04", "pda-03"];
	for (const id of wanted) expect(ids()).toContain(id);
});

it("adds a slot at a bed, says what is wrong at its field, and enrols a device by QR code", async () => {
	const { fake } = await open();
	await press("terminal-add");
	await fill("terminal-kind", "door");
	expect(find("terminal-bed")).toBeNull();
	await fill("terminal-kind", "bedside");
	await submit("terminal-form");
	expect(all("[data-testid=terminal-form] [data-testid=problem]").length).toBeGreaterThan(0);
	await fill("terminal-name", "46床床头屏");
	await fill("terminal-bed", "b46");
	await fill("terminal-serial", "WL26-0046");
	await submit("terminal-form");
	const [edit] = fake.saved.at(-1)?.edits ?? [];
	expect(edit).toMatchObject({
		entity: "terminal",
		ward: null,
		before: null,
		after: { kind: "bedside", bed: "b46", profile: "bedside-7", serial: "WL26-0046", mac: null },
	});
	expect((edit?.after as TerminalValue | undefined)?.room).toMatch(/^r\d\d$/);
	const id = edit?.id ?? "";
	expect(need(row(id)).textContent).toContain("待登记");
	await press(inRow(id, "terminal-enrol"));
	expect(need("terminal-qr").querySelector("svg")).not.toBeNull();
	expect((need("terminal-url") as HTMLInputElement).value).toContain(`/t/bedside/${id}/#enrol=`);
	await later(4_000);
	// the device comes
	const slot = fake.configs[0]?.terminals.find((one) => one.id === id);
	if (slot !== undefined) slot.state = "active";
	await later(2_000);
	expect(need("terminal-enrolled").textContent).toContain("设备已登记");
	// each new code ends the one before: reading the list anew makes none
	expect(fake.requests.filter((one) => one.path.endsWith("/enrol"))).toHaveLength(1);
});

it("replaces a device only after saying what that means; a code that ran out can be made anew", async () => {
	const { fake, clock } = await open();
	await press(inRow("bed-b01", "terminal-replace"));
	expect(find("terminal-qr")).toBeNull();
	expect(need("terminal-enrol-dialog").textContent).toContain("密钥立即失效");
	expect(fake.requests.some((one) => one.path.endsWith("/enrol"))).toBe(false);
	await press("terminal-code");
	expect(need("terminal-qr").dataset.url).toContain("bed-b01");
	clock.now = NOW + 11 * 60_000;
	await later(1_000);
	expect(find("terminal-qr")).toBeNull();
	clock.now = NOW;
	await press("terminal-code");
	await later(1_000);
	expect(find("terminal-qr")).not.toBeNull();
});

it("revokes with a reason; a refusal stands in the dialog", async () => {
	const { fake } = await open();
	await press(inRow("bed-b02", "terminal-revoke"));
	expect((need("confirm-yes") as HTMLButtonElement).disabled).toBe(true);
	await press("usual-reason");
	let refuse = true;
	fake.answers.unshift(({ path }) => {
		if (path !== "terminals/bed-b02/revoke" || !refuse) return undefined;
		throw new Refusal("storage", 507);
	});
	const form = need("[data-testid=terminal-revoke-dialog] form");
	const send = async () => {
		form.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
		await settle();
	};
	await send();
	expect(need("[data-testid=terminal-revoke-dialog] [data-testid=problem]").textContent).toContain(
		"storage",
	);
	refuse = false;
	await send();
	expect(find("terminal-revoke-dialog")).toBeNull();
	expect(fake.requests.find((one) => one.path === "terminals/bed-b02/revoke")?.body).toEqual({
		reason: "设备丢失",
	});
	expect(need(row("bed-b02")).textContent).toContain("已注销");
	expect(find(inRow("bed-b02", "terminal-revoke"))).toBeNull();
	expect(find(inRow("bed-b02", "terminal-enrol"))).not.toBeNull();
});

it("moves a device to another bed with its name, and warns of one that hangs there", async () => {
	const { fake } = await open();
	await press(inRow("bed-b01", "terminal-move"));
	await fill("terminal-bed", "b02");
	expect(find("terminal-neighbour")).not.toBeNull();
	await fill("terminal-bed", "b46");
	expect(find("terminal-neighbour")).toBeNull();
	expect((need("terminal-name") as HTMLInputElement).value).toContain("46床");
	await submit("terminal-move");
	expect(fake.saved.at(-1)?.edits[0]).toMatchObject({
		id: "bed-b01",
		before: { bed: "b01" },
		after: { bed: "b46", name: expect.stringContaining("46床") },
	});
	expect(need(row("bed-b01")).textContent).toContain("46床");
	await press("undo-1");
	await later(2_000);
	expect(fake.configs[0]?.terminals.find((one) => one.id === "bed-b01")?.bed).toBe("b01");
});

it("takes serial and MAC as the device reports them, with undo", async () => {
	const fake = new FakeOffice("engineer");
	const fleet = new FakeFleet(fake);
	const slot = fake.configs[0]?.terminals.find((one) => one.id === "bed-b04");
	if (slot !== undefined) Object.assign(slot, { serial: "OLD-1", mac: "aa:bb:cc:dd:ee:ff" });
	await openOffice(fake, "terminals");
	await press(inRow("bed-b04", "terminal-open"));
	expect(need("terminal-differs").textContent).toContain("OLD-1");
	await press("terminal-take");
	const { serial, mac } = fleet.line("bed-b04");
	expect(fake.read({ entity: "terminal", ward: null, id: "bed-b04" })).toMatchObject({
		serial,
		mac,
	});
	expect(find("terminal-differs")).toBeNull();
});

it("offers nothing to those who may only look", async () => {
	const fake = new FakeOffice("engineer");
	new FakeFleet(fake);
	fake.me = { ...fake.me, permissions: ["ward.read", "fleet.view"] };
	await openOffice(fake, "terminals");
	expect(find(row("bed-b01"))).not.toBeNull();
	expect(find("terminal-add")).toBeNull();
	expect(find("terminal-revoke")).toBeNull();
	expect(find(inRow("bed-b01", "live-start"))).not.toBeNull();
	expect((need(inRow("bed-b03", "live-start")) as HTMLButtonElement).disabled).toBe(true);
});

it("reads places, names and clocks", () => {
	expect(movedName("1床床头屏", "1床", "46床")).toBe("46床床头屏");
	expect(movedName("11床床头屏", "1床", "46床")).toBe("11床床头屏");
	expect(movedName("备用屏", "1床", "46床")).toBe("备用屏");
	expect(offsetText(null)).toBe("—");
	expect(offsetText(-1_500)).toBe("−1.5 s");
	const value = { kind: "bedside", room: null, bed: null } as TerminalValue;
	const beds = [{ id: "b1", room: "r9", label: "1", call_name: "1床", order: 1 }];
	expect(placed(value, { beds }, { bed: "b1" })).toMatchObject({ bed: "b1", room: "r9" });
	expect(placed({ ...value, kind: "pda" }, { beds }, { bed: "b1" })).toMatchObject({
		bed: null,
		room: null,
	});
	const line = { serial: "S1", mac: "AA:BB:CC:DD:EE:FF" };
	expect(mismatches({ serial: "S1", mac: "aa:bb:cc:dd:ee:ff" }, line)).toEqual([]);
	expect(mismatches({ serial: null, mac: null }, line)).toHaveLength(2);
});
