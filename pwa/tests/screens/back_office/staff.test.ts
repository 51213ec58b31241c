// @vitest-environment happy-dom
/** 人员 and 权限 (USR-01, USR-02): people, how they sign in, and what roles may do. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { fixedWhy } from "../../../src/screens/back_office/pages/permissions/matrix";
import { madePassword } from "../../../src/screens/back_office/pages/staff/people";
import { PERMISSION_NAMES, ROLE_NAMES } from "../../../src/screens/back_office/roles";
import { FakeOffice, Refusal } from "./fake_office";
import { all, fill, find, need, openOffice, press, settle } from "./office_at";
import { NOW, SHIPPED } from "./sample_office";

vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

const person = (fake: FakeOffice, id: string) => fake.staff().find((one) => one.id === id);
async function open(id: string): Promise<void> {
	await press(`[data-testid="staff-row"][data-id="${id}"] [data-testid="staff-edit"]`);
}
async function submit(): Promise<void> {
	need('[id="staff-form"]').dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
}

it("adds a person and gives them a first password; problems stand at their field", async () => {
	const fake = new FakeOffice("security_admin");
	await openOffice(fake, "staff");
	await press("staff-add");
	await submit();
	expect(all("[data-testid=staff-form] [data-testid=problem]")).toHaveLength(2);
	await fill("staff-number", "2001");
	await fill("staff-name", "钱多多");
	await press("staff-generate");
	const given = (need("staff-password") as HTMLInputElement).value;
	expect(given).toMatch(/^[A-Z][a-z]{4}-[2-9]{4}$/);
	await submit();
	const made = fake.staff().find((one) => one.number === "2001");
	expect(made).toMatchObject({ ward: "thoracic", role: "nurse", active: true, title: null });
	const asked = fake.requests.find((one) => one.path === `staff/${made?.id}/password`);
	expect(asked?.body).toEqual({ password: given });
	// the password is in no change and no longer on the screen
	expect(JSON.stringify(fake.saved)).not.toContain(given);
	expect(document.body.textContent).not.toContain(given);
	expect(find("staff-form")).toBeNull();
});

it("changes role and ward together, deactivates, and takes it back", async () => {
	const fake = new FakeOffice("security_admin");
	await openOffice(fake, "staff");
	await open("n01");
	await fill("staff-role", "system_admin");
	expect((need("staff-ward") as HTMLSelectElement).disabled).toBe(true);
	await fill("staff-role", "head_nurse");
	expect((need("staff-ward") as HTMLSelectElement).value).toBe("thoracic");
	await fill("staff-title", "director");
	await fill("staff-active", false);
	await submit();
	const [edit] = fake.saved[0]?.edits ?? [];
	expect(edit?.before).toEqual(expect.not.objectContaining({ has_password: true }));
	expect(person(fake, "n01")).toMatchObject({
		role: "head_nurse",
		title: "director",
		active: false,
	});
	expect(find('[data-testid="staff-row"][data-id="n01"]')).toBeNull();
	await fill("staff-inactive", true);
	expect(need('[data-testid="staff-row"][data-id="n01"]').textContent).toContain("已停用");
	await press("undo-1");
	expect(person(fake, "n01")).toMatchObject({ role: "nurse", active: true });
});

it("sets PIN and badge, clears them, unlocks, and says why the hub refuses", async () => {
	const fake = new FakeOffice("security_admin");
	Object.assign(fake.flagsOf("n02"), { locked_until: NOW + 600_000 });
	await openOffice(fake, "staff");
	expect(need('[data-testid="staff-row"][data-id="n02"]').textContent).toContain("锁定至");
	await open("n02");
	await press("staff-unlock");
	expect(find("staff-unlock")).toBeNull();
	await fill("staff-pin", "284613");
	await press("staff-pin-set");
	expect(person(fake, "n02")?.has_pin).toBe(true);
	expect((need("staff-pin") as HTMLInputElement).value).toBe("");
	await press("staff-pin-clear");
	expect(person(fake, "n02")?.has_pin).toBe(false);
	fake.answers.push(({ path }) => {
		if (path !== "staff/n02/pin") return undefined;
		const problem = { index: 0, field: "badge", message: "taken", message_zh: "工牌已被使用" };
		throw new Refusal("invalid", 422, [problem]);
	});
	await fill("staff-badge", "B-12345678");
	await press("staff-badge-set");
	expect(need("[data-testid=staff-form] [data-testid=problem]").textContent).toContain(
		"工牌已被使用",
	);
	expect((need("staff-badge") as HTMLInputElement).value).toBe("B-12345678");
});

it("lets nobody change their own role, ward or password here", async () => {
	const fake = new FakeOffice("security_admin");
	await openOffice(fake, "staff");
	await open("me-security_admin");
	expect((need("staff-role") as HTMLSelectElement).disabled).toBe(true);
	expect((need("staff-active") as HTMLInputElement).disabled).toBe(true);
	expect(find("staff-password")).toBeNull();
});

it("finds and sorts people", async () => {
	await openOffice(new FakeOffice("security_admin"), "staff");
	await fill("search", "护士长");
	expect(all("staff-row").map((row) => row.dataset.id)).toEqual(["n00"]);
	await fill("search", "");
	const [head] = [...document.querySelectorAll<HTMLElement>("th button")];
	await press(head as HTMLElement);
	await press(head as HTMLElement);
	expect(head?.closest("th")?.getAttribute("aria-sort")).toBe("descending");
	expect(all("staff-row")[0]?.textContent).toContain("9003");
});

it("edits the matrix of permissions; what is fixed cannot be pressed and says why", async () => {
	const fake = new FakeOffice("security_admin");
	await openOffice(fake, "permissions");
	const fixed = need("[data-testid='may-system_admin-staff.write']") as HTMLInputElement;
	expect(fixed.disabled).toBe(true);
	expect(fixed.getAttribute("aria-label")).toContain("只属于安全管理员");
	await fill("[data-testid='may-nurse-ward.read']", true);
	await fill("[data-testid='may-engineer-fleet.view']", false);
	await press("save");
	expect(fake.saved[0]?.edits.map((edit) => edit.id)).toEqual(["nurse", "engineer"]);
	expect(fake.roles.nurse).toEqual(["ward.read"]);
	expect(fake.roles.engineer).not.toContain("fleet.view");
	await press("reset-nurse");
	await press("save");
	expect(fake.roles.nurse).toEqual([]);
	await press("undo-2");
	expect((need("[data-testid='may-nurse-ward.read']") as HTMLInputElement).checked).toBe(true);
});

it("agrees with what roles are shipped with, and keeps the three apart", () => {
	for (const role of ROLE_NAMES)
		for (const permission of PERMISSION_NAMES) {
			const why = fixedWhy(role, permission);
			if (SHIPPED[role].includes(permission)) expect([null, "always"]).toContain(why);
			if (why === "always") expect(SHIPPED[role]).toContain(permission);
		}
	expect(fixedWhy("audit_admin", "ward.write")).toBe("apart");
	expect(fixedWhy("security_admin", "audit.read")).toBe("audit");
	expect(madePassword(() => 0.5)).toMatch(/^[A-Z][a-z]{4}-\d{4}$/);
});
