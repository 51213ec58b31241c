// @vitest-environment happy-dom
/** 呼叫点: how their lines are, keys that are shown once, and new ones as terminals. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeFleet } from "./fake_fleet";
import { FakeOffice } from "./fake_office";
import { all, fill, find, need, openOffice, press, settle } from "./office_at";

vi.setConfig({ testTimeout: 30_000 });
beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	cleanup();
	vi.useRealTimers();
});

const inRow = (id: string, what: string) =>
	`[data-testid="call-point-row"][data-id="${id}"] [data-testid="${what}"]`;

it("shows lines, refusals and who has no key, as they are now", async () => {
	const fake = new FakeOffice("engineer");
	const fleet = new FakeFleet(fake);
	await openOffice(fake, "call-points");
	expect(all("call-point-row").map((one) => one.dataset.line)).toEqual(["ok", "open", "unknown"]);
	expect(need('[data-testid="call-point-row"][data-id="call-point-2"]').textContent).toContain(
		"线路断开",
	);
	const [first] = fleet.points;
	if (first !== undefined) first.line = "open";
	vi.advanceTimersByTime(2_000);
	await settle();
	expect(all("call-point-row")[0]?.dataset.line).toBe("open");
	expect(need("call-point-help").textContent).toContain("HMAC-SHA256");
});

it("makes a key at once, changes one only after asking, and forgets it with the dialog", async () => {
	const fake = new FakeOffice("engineer");
	new FakeFleet(fake);
	await openOffice(fake, "call-points");
	await press(inRow("call-point-3", "call-point-key"));
	const { value } = need("call-point-key-value") as HTMLInputElement;
	expect(value).toMatch(/^[\w-]{43}$/);
	await press("call-point-written");
	expect(document.body.innerHTML).not.toContain(value);
	await press(inRow("call-point-1", "call-point-key"));
	expect(find("call-point-key-dialog")).toBeNull();
	expect(need("confirm").textContent).toContain("旧密钥立即失效");
	await press("confirm-yes");
	expect(find("call-point-key-dialog")).not.toBeNull();
});

it("enters a new one as a terminal", async () => {
	const fake = new FakeOffice("engineer");
	new FakeFleet(fake);
	await openOffice(fake, "call-points");
	await press("call-point-add");
	await fill("terminal-name", "703 卫生间");
	await fill("terminal-room", "r03");
	need('[id="terminal-form"]').dispatchEvent(
		new Event("submit", { bubbles: true, cancelable: true }),
	);
	await settle();
	expect(fake.saved[0]?.edits[0]).toMatchObject({
		entity: "terminal",
		after: { kind: "call_point", profile: "bathroom-caller", room: "r03", bed: null },
	});
	expect(find("terminal-form")).toBeNull();
});
