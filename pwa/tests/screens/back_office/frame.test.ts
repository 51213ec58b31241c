// @vitest-environment happy-dom
/** The frame: sign-in, navigation by permissions, lapse of the session, and the API's refusals (USR-01, domain 2.5). */
import { cleanup } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { OfficeError, openApi } from "../../../src/screens/back_office/api";
import { hashOf, routeOf } from "../../../src/screens/back_office/router";
import { FakeOffice } from "./fake_office";
import { all, fill, find, need, openOffice, press, settle } from "./office_at";

vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

async function submit(): Promise<void> {
	need("office-sign-in").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
}

it("signs in with number and password, and says so when they are wrong", async () => {
	const fake = new FakeOffice();
	fake.signedIn = false;
	await openOffice(fake, "");
	await fill("office-number", "9001");
	await fill("office-password", "wrong");
	await submit();
	expect(need("office-error").textContent).toContain("sign_in_refused");
	expect((need("office-password") as HTMLInputElement).value).toBe("");
	await fill("office-password", fake.password);
	await submit();
	expect(need("office-me").textContent).toContain(fake.me.staff.name);
	expect(find("office-sign-in")).toBeNull();
	await press("office-sign-out");
	expect(find("office-sign-in")).not.toBeNull();
	expect(find("office-me")).toBeNull();
});

it("offers single sign-on only where the house has it", async () => {
	const fake = new FakeOffice();
	fake.signedIn = false;
	fake.oidc = "信息中心";
	await openOffice(fake, "");
	expect(need("office-oidc").getAttribute("href")).toBe("/api/office/oidc/start");
});

it("asks for a new password first when it is due, with the rules in sight", async () => {
	const fake = new FakeOffice();
	fake.me.password_due = true;
	await openOffice(fake, "");
	const change = need("password-change") as HTMLButtonElement;
	await fill("password-old", fake.password);
	await fill("password-new", "short");
	expect(change.disabled).toBe(true);
	await fill("password-new", "Long-enough-2");
	await fill("password-again", "Long-enough-3");
	expect(change.disabled).toBe(false);
	const form = need("office-change-password");
	form.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
	expect(need("office-error").textContent).not.toBe("");
	await fill("password-again", "Long-enough-2");
	form.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
	expect(find("office-change-password")).toBeNull();
	expect(find("office-me")).not.toBeNull();
});

it("warns a minute before an idle session ends, then covers the page and keeps it for the same person", async () => {
	const fake = new FakeOffice();
	const { office, clock } = await openOffice(fake, "");
	clock.now += 14 * 60_000 + 30_000;
	office.tick();
	await settle();
	expect(need("idle-warning").textContent).toContain("30");
	office.active();
	await settle();
	expect(find("idle-warning")).toBeNull();
	clock.now += 15 * 60_000;
	office.tick();
	await settle();
	expect(fake.signedIn).toBe(false);
	expect(find("office-sign-in")).not.toBeNull();
	// the page waits behind the sign-in, out of reach and out of sight
	expect(need('[data-screen="back_office"] .frame').hasAttribute("inert")).toBe(true);
	await fill("office-password", fake.password);
	await submit();
	expect(need('[data-screen="back_office"] .frame').hasAttribute("inert")).toBe(false);
});

it("keeps an open form through a lapse for the same person, and nothing of it for another", async () => {
	const fake = new FakeOffice();
	await openOffice(fake, "wards");
	await press('[data-bed="b12"]');
	await fill("bed-label", "12A");
	fake.signedIn = false;
	need('[id="bed-form"]').dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
	await fill("office-password", fake.password);
	await submit();
	expect((need("bed-label") as HTMLInputElement).value).toBe("12A");
	fake.signedIn = false;
	need('[id="bed-form"]').dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
	fake.me = { ...fake.me, staff: { ...fake.me.staff, id: "other", name: "别人" } };
	await fill("office-password", fake.password);
	await submit();
	expect(need("office-me").textContent).toContain("别人");
	expect(find("bed-form")).toBeNull();
});

it("asks before something not saved is left", async () => {
	const { office, address } = await openOffice(new FakeOffice(), "wards/rules");
	await fill("escalation-0", "45");
	// by the browser's own keys, too: the address goes back to where one is
	address.hash = "#/wards";
	office.hashChanged();
	await settle();
	expect(address.hash).toBe("#/wards/rules");
	await press("confirm-no");
	expect((need("escalation-0") as HTMLInputElement).value).toBe("45");
	await press("office-sign-out");
	await press("confirm-no");
	expect(find("office-sign-in")).toBeNull();
	office.go("elsewhere");
	await settle();
	await press("confirm-no");
	expect(office.route.page).not.toBe("elsewhere");
	office.go("elsewhere");
	await settle();
	await press("confirm-yes");
	expect(office.route.page).toBe("elsewhere");
	expect(office.unsaved).toBe(false);
});

it("tells a save with undo, and an undo with redo", async () => {
	const fake = new FakeOffice();
	const { office } = await openOffice(fake, "");
	const room = fake.config("thoracic").rooms[0];
	const before = { name: room?.name, order: room?.order };
	const edit = {
		entity: "room",
		ward: "thoracic",
		id: "r01",
		before,
		after: { ...before, name: "A" },
	} as const;
	const saved = await office.save("改名", [edit]);
	await settle();
	expect(saved).toEqual({ ok: true, change: 1 });
	expect(office.config?.rooms[0]?.name).toBe("A");
	await press("undo-1");
	expect(office.config?.rooms[0]?.name).toBe("701");
	await press("undo-2");
	expect(office.config?.rooms[0]?.name).toBe("A");
	expect(all("toast")).toHaveLength(1);
});

it("shows who changed the same thing meanwhile, field by field", async () => {
	const fake = new FakeOffice();
	const { office } = await openOffice(fake, "");
	const before = { name: "701", order: 1 };
	const edit = { entity: "room", ward: "thoracic", id: "r01" } as const;
	fake.change([{ ...edit, before, after: { ...before, name: "701A" } }], "病房改名", "康志远");
	const saved = await office.save("mine", [{ ...edit, before, after: { ...before, name: "B" } }]);
	await settle();
	expect(saved.ok).toBe(false);
	const told = need("conflict").textContent ?? "";
	for (const word of ["康志远", "病房改名", "701A"]) expect(told).toContain(word);
	// what is newest is there for the second try
	expect(office.config?.rooms[0]?.name).toBe("701A");
	await press("conflict-reload");
	expect(find("conflict")).toBeNull();
});

it("turns every refusal into an error with code, words and problems", async () => {
	const answers: Record<string, () => Promise<Response>> = {
		"/api/office/a": async () =>
			new Response(
				JSON.stringify({
					error: {
						code: "invalid",
						message: "no",
						message_zh: "否",
						problems: [{ index: 0, field: "name", message: "n", message_zh: "名" }],
					},
				}),
				{ status: 422 },
			),
		"/api/office/b": async () => new Response("<html>", { status: 502 }),
		"/api/office/c": async () => {
			throw new TypeError("no net");
		},
		"/api/office/d": async () => new Response("", { status: 401 }),
	};
	let out = 0;
	const headers: unknown[] = [];
	const api = openApi({
		fetch: (url, init) => {
			headers.push(init.headers);
			return answers[url]?.() ?? Promise.resolve(new Response("{}"));
		},
		signedOut: () => {
			out += 1;
		},
		answered: () => {},
	});
	const errorOf = async (path: string): Promise<OfficeError> => {
		const error: unknown = await api.post(path).catch((one: unknown) => one);
		expect(error).toBeInstanceOf(OfficeError);
		return error as OfficeError;
	};
	const refused = await errorOf("a");
	expect([refused.code, refused.text("zh"), refused.problems[0]?.field]).toEqual([
		"invalid",
		"否",
		"name",
	]);
	expect((await errorOf("b")).code).toBe("unreadable");
	expect((await errorOf("c")).code).toBe("offline");
	expect((await errorOf("d")).code).toBe("signed_out");
	expect(out).toBe(1);
	expect(headers[0]).toMatchObject({ "X-Wardline-Office": "1" });
});

it("reads addresses strictly", () => {
	expect(routeOf("#/staff/rota")).toEqual({ page: "staff", part: "rota" });
	expect(routeOf("#/<b>/../x")).toEqual({ page: "", part: "" });
	expect(hashOf({ page: "staff", part: "" })).toBe("#/staff");
});
