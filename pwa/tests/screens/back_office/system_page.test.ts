// @vitest-environment happy-dom
/** 系统: version, certificate with its warning, feed, push, sessions; registration of the record pages. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { pagesFor } from "../../../src/screens/back_office/pages";
import { certificateState, lengthOf } from "../../../src/screens/back_office/pages/system/health";
import type { SystemInfo } from "../../../src/screens/back_office/types";
import { FakeOffice } from "./fake_office";
import { answer, asked, SYSTEM } from "./fake_records";
import { all, find, need, openOffice, press } from "./office_at";
import { NOW, SHIPPED } from "./sample_office";

vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

const session = (id: string, name: string, current: boolean) => ({
	id,
	staff: id,
	staff_name: name,
	role: "system_admin",
	way: "password",
	address: "10.0.0.9",
	started_at: NOW - 60_000,
	seen_at: NOW,
	expires_at: NOW + 60_000,
	current,
});
function withSystem(fake: FakeOffice, more: Partial<SystemInfo> = {}): void {
	answer(fake, "GET system", () => ({ ...SYSTEM, ...more }));
	const open = [session("s1", "安若素", true), session("s2", "方明哲", false)];
	answer(fake, "GET sessions", () => ({ sessions: open }));
	answer(fake, "DELETE sessions/s2", () => {
		open.pop();
		return {};
	});
}

it("shows the hub's state; polling keeps no session alive", async () => {
	const fake = new FakeOffice();
	withSystem(fake);
	await openOffice(fake, "system");
	expect(need("system-version").textContent).toBe("0.1.0");
	expect(need("certificate").textContent).toContain("还有 200 天");
	expect(find("certificate-warning")).toBeNull();
	expect(need("system-feed").textContent).toContain("已连接 1 路");
	expect(need("system-feed").textContent).toContain("2 条消息未收下");
	expect(need("push-own").textContent).toBe("始终开启，已连接 3 部手机");
	expect(need("push-others").textContent).toBe("未启用");
	expect(need("system-push").textContent).toContain("5 部手持终端");
	expect(need("system-sessions").textContent).toBe("终端和管理后台合计 6 人次登录");
	await press("language");
	expect(need("push-own").textContent).toContain("always on");
	expect(need("push-others").textContent).toBe("off");
	expect(need("system-sessions").textContent).toContain("at terminals and in the back office");
	await press("language");
	expect(need("system-clock").textContent).toContain("一致");
	expect(need("system-rights").textContent).toContain("修改病区配置");
	await press("system-to-feed");
	await vi.waitFor(() => expect(find("tab-messages")).not.toBeNull());
});

it("warns of a certificate within 30 days, on its last day and after it, and of another clock", async () => {
	for (const [days, state] of [
		[29, "due"],
		[0, "last_day"],
		[-3, "expired"],
	] as const) {
		const fake = new FakeOffice();
		const certificate = { subject: "hub", issuer: "CA", not_after: NOW, days_left: days };
		withSystem(fake, { certificate, now: NOW - 5_000 });
		await openOffice(fake, "system");
		expect(need("certificate-warning").dataset.state).toBe(state);
		expect(need("system-clock").textContent).toContain("5 秒");
		cleanup();
	}
	expect(certificateState(30)).toBe("good");
	expect(lengthOf(3 * 86_400_000)).toEqual({ unit: "days", count: 3 });
});

it("ends another's session after asking, never one's own", async () => {
	const fake = new FakeOffice("security_admin");
	withSystem(fake, { certificate: null });
	await openOffice(fake, "system");
	const [own, other] = all("session-end") as HTMLButtonElement[];
	expect(own?.disabled).toBe(true);
	await press(other as HTMLElement);
	await press("confirm-yes");
	expect(asked(fake, "DELETE sessions/s2")).toHaveLength(1);
	expect(all("session-row")).toHaveLength(1);
	expect(document.body.textContent).toContain("已结束 方明哲 的会话");
});

it("gives each role its record pages", () => {
	const records = (role: keyof typeof SHIPPED) =>
		pagesFor(SHIPPED[role])
			.filter((page) => page.part === "records")
			.map((page) => page.id);
	expect(records("nurse")).toEqual([]);
	expect(records("head_nurse")).toEqual(["journal", "changes", "system"]);
	expect(records("audit_admin")).toEqual(["journal", "audit", "system"]);
	expect(records("security_admin")).toEqual(["changes", "import", "system"]);
	expect(records("system_admin")).toEqual(["journal", "changes", "import", "feed", "system"]);
});
