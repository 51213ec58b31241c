/** Signing in by password, PIN and badge, with and without the hub; what idleness and the hub's return do. */

import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as Y from "yjs";
import { fillValues } from "../../src/core/documents/values";
import { Api } from "../../src/core/identity/api";
import type { StaffState } from "../../src/core/identity/staff_door";
import { StaffAtTerminal, type StaffPort } from "../../src/core/staff_at_terminal";
import { Store } from "../../src/core/store/store";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const PIN = "274951";
const PEOPLE: Record<string, { id: string; name: string; password: string }> = {
	"1001": { id: "n01", name: "王芳", password: "secret" },
	"1002": { id: "n02", name: "李敏", password: "geheim" },
};

/** The hub's side of it: sessions by token. */
class Hub {
	now = NOW;
	online = true;
	sessions = new Map<string, { number: string; expiresAt: number }>();
	refusal: { status: number; code: string; retry?: string } | null = null;
	passwordDue = false;
	asked: string[] = [];
	private count = 0;

	readonly fetch: typeof fetch = async (input, init) => {
		if (!this.online) throw new TypeError("refused");
		const { pathname } = new URL(String(input));
		this.asked.push(pathname);
		const body = JSON.parse(String(init?.body ?? "{}")) as Record<string, string>;
		const token = new Headers(init?.headers).get("authorization")?.slice("Bearer ".length) ?? "";
		const no = (status: number, code: string, retry?: string) =>
			new Response(JSON.stringify({ error: { code, message: code } }), {
				status,
				headers: retry === undefined ? {} : { "retry-after": retry },
			});
		if (this.refusal) return no(this.refusal.status, this.refusal.code, this.refusal.retry);
		switch (pathname) {
			case "/api/staff/sign-in":
				if (PEOPLE[body.number ?? ""]?.password !== body.password) {
					return no(403, "sign_in_refused");
				}
				return this.begin(body.number ?? "", 720 * MINUTE);
			case "/api/staff/pin":
				if (body.badge === "BADGE-0017") return this.begin("1001", 2 * MINUTE);
				if (body.pin !== PIN || !PEOPLE[body.number ?? ""]) return no(403, "pin_refused");
				return this.begin(body.number ?? "", this.pinLasts);
			case "/api/staff/session": {
				const session = this.sessions.get(token);
				if (!session || session.expiresAt <= this.now) return no(401, "unauthorized");
				return new Response(JSON.stringify({ staff: "n", expires_at: session.expiresAt }));
			}
			case "/api/staff/sign-out":
				this.sessions.delete(token);
				return new Response("{}");
			case "/api/staff/password": {
				const person = PEOPLE[this.sessions.get(token)?.number ?? ""];
				if (person?.password !== body.old) return no(403, "sign_in_refused");
				return new Response("{}");
			}
			default:
				throw new Error(pathname);
		}
	};
	pinLasts = 2 * MINUTE;

	private begin(number: string, lastsMs: number): Response {
		const person = PEOPLE[number];
		const token = `token-${++this.count}`;
		const expires_at = this.now + lastsMs;
		// One person a terminal: whoever was signed in here no longer is.
		this.sessions.clear();
		this.sessions.set(token, { number, expiresAt: expires_at });
		const staff = { id: person?.id, name: person?.name, role: "nurse" };
		return new Response(
			JSON.stringify({ token, expires_at, staff, password_due: this.passwordDue }),
		);
	}
}

let hub: Hub;
let store: Store;
let changes: (string | null)[];
let settings: Y.Doc;
let connected: boolean;

function make(kind: "pda" | "station" | "whiteboard"): StaffAtTerminal {
	const identity = {
		self: { ward: "w" },
		get token() {
			return hub.online ? "terminal" : null;
		},
		tokenNow: async () => (hub.online ? "terminal" : null),
	};
	const provider = {
		get connected() {
			return connected;
		},
		replica: (name: string) => (name === "ward/w/settings" ? { doc: settings } : null),
	};
	const running = { identity, store, clock: { now: () => hub.now }, provider };
	const staff: StaffAtTerminal = new StaffAtTerminal({
		parts: { kind, api: new Api("http://hub", (...args) => hub.fetch(...args)) },
		running: () => running as unknown as ReturnType<StaffPort["running"]>,
		changed: () => changes.push(staff.signedIn?.number ?? null),
	});
	return staff;
}

function stateOf(staff: StaffAtTerminal): StaffState {
	let state: StaffState | null = null;
	staff.staffState.subscribe((each) => {
		state = each;
	})();
	return state as unknown as StaffState;
}

/** Lets answers of the hub arrive. */
const rest = async () => {
	for (let round = 0; round < 20; round++) await new Promise((done) => setTimeout(done, 0));
};

beforeEach(async () => {
	// The cost of a PIN is not what is tried here.
	const derive = SubtleCrypto.prototype.deriveKey;
	vi.spyOn(crypto.subtle, "deriveKey").mockImplementation((how, ...rest) =>
		derive.call(crypto.subtle, { ...(how as Pbkdf2Params), iterations: 1_000 }, ...rest),
	);
	hub = new Hub();
	store = await Store.open("slot", new IDBFactory());
	changes = [];
	settings = new Y.Doc();
	connected = true;
});

afterEach(() => {
	vi.restoreAllMocks();
});

describe("at a shared screen", () => {
	it.each(["pin", "badge"])("a %s opens two minutes that last on as the hub says", async (by) => {
		const staff = make("whiteboard");
		if (by === "pin") await staff.signInByPin("1001", PIN);
		else await staff.signInByBadge("BADGE-0017");
		expect(stateOf(staff)).toMatchObject({ phase: "in", name: "王芳", short: true, problem: null });
		expect(staff.signedIn).toMatchObject({ session: { staff: "n01" }, token: "token-1" });
		hub.now += MINUTE;
		const session = hub.sessions.get("token-1");
		if (session) session.expiresAt = hub.now + 2 * MINUTE;
		staff.touched();
		staff.tick();
		await rest();
		expect(stateOf(staff).expiresAt).toBe(hub.now + 2 * MINUTE);
		hub.now += 2 * MINUTE;
		staff.tick();
		expect(stateOf(staff)).toMatchObject({ phase: "out", name: null });
		expect(changes.at(-1)).toBeNull();
	});

	it("is signed out at once when the hub has ended it", async () => {
		const staff = make("station");
		await staff.signInByPin("1001", PIN);
		hub.sessions.clear();
		hub.now += 5_000;
		staff.tick();
		await rest();
		expect(staff.signedIn).toBeNull();
	});

	it("is signed out with the next beat after people changed, not with the next minute", async () => {
		const staff = make("station");
		await staff.signIn("1001", "secret");
		staff.tick();
		await rest();
		hub.sessions.clear();
		hub.now += 1_000;
		staff.tick();
		await rest();
		expect(staff.signedIn).not.toBeNull();
		staff.lookSoon();
		staff.tick();
		await rest();
		expect(staff.signedIn).toBeNull();
	});

	it("a password's session ends with idleness, as the ward sets it, and a hand keeps it", async () => {
		const staff = make("station");
		expect(await staff.signIn("1001", "secret")).toBe(true);
		hub.now += 14 * MINUTE;
		staff.touched();
		hub.now += 14 * MINUTE;
		staff.tick();
		expect(stateOf(staff)).toMatchObject({ phase: "in", short: false });
		fillValues(settings, "settings", { staff_idle_min: 5 });
		staff.tick();
		await rest();
		expect(stateOf(staff).phase).toBe("out");
		expect(hub.sessions.size).toBe(0);
	});
});

describe("what is told when it fails", () => {
	it.each([
		[{ status: 403, code: "pin_refused" }, "pin_refused", null],
		[{ status: 429, code: "sign_in_locked" }, "sign_in_locked", null],
		[{ status: 429, code: "sign_in_locked", retry: "1800" }, "sign_in_locked", NOW + 1_800_000],
		[{ status: 429, code: "too_many_tries", retry: "60" }, "too_many_tries", NOW + 60_000],
		[{ status: 403, code: "sign_in_elsewhere" }, "sign_in_elsewhere", null],
	])("%o", async (refusal, code, until) => {
		const staff = make("station");
		hub.refusal = refusal;
		await staff.signInByPin("1001", PIN);
		expect(stateOf(staff)).toMatchObject({ phase: "out", busy: false, problem: { code, until } });
		hub.refusal = null;
		await staff.signInByPin("1001", PIN);
		expect(stateOf(staff)).toMatchObject({ phase: "in", problem: null });
	});

	it("that the hub is away", async () => {
		const staff = make("station");
		hub.online = false;
		await staff.signInByPin("1001", PIN);
		expect(stateOf(staff).problem?.code).toBe("unreachable");
		await staff.signInByBadge("BADGE-0017");
		expect(stateOf(staff).problem?.code).toBe("unreachable");
	});

	it("that the password is due, until it is changed", async () => {
		const staff = make("station");
		hub.passwordDue = true;
		await staff.signIn("1001", "secret");
		expect(stateOf(staff).passwordDue).toBe(true);
		await expect(staff.changePassword("wrong", "New-2026")).rejects.toMatchObject({
			code: "sign_in_refused",
		});
		await staff.changePassword("secret", "New-2026");
		expect(stateOf(staff).passwordDue).toBe(false);
	});
});

describe("a PDA", () => {
	async function withPin(): Promise<StaffAtTerminal> {
		const staff = make("pda");
		hub.pinLasts = 720 * MINUTE;
		await staff.signIn("1001", "secret");
		await staff.signInByPin("", PIN);
		expect(stateOf(staff)).toMatchObject({ phase: "in", number: "1001", pin: true, proof: false });
		return staff;
	}

	it("opens by PIN only after a password, and the hub has no session left of the try", async () => {
		const staff = make("pda");
		await staff.signInByPin("1001", PIN);
		expect(stateOf(staff).problem?.code).toBe("password_first");
		expect(hub.sessions.size).toBe(0);
		await staff.signInByBadge("BADGE-0017");
		expect(stateOf(staff).problem?.code).toBe("password_first");
	});

	it.each([true, false])(
		"locks when laid aside and opens by PIN, hub there: %s",
		async (online) => {
			const staff = await withPin();
			const token = staff.token;
			fillValues(settings, "settings", { pda_idle_min: 10 });
			hub.now += 10 * MINUTE - 1;
			staff.tick();
			expect(staff.unlocked).toBe(true);
			hub.online = connected = online;
			hub.now += 1;
			staff.tick();
			expect(stateOf(staff)).toMatchObject({ phase: "locked", name: "王芳", pin: true });
			expect([staff.unlocked, staff.signedIn, changes.at(-1)]).toEqual([false, null, null]);
			await staff.signInByPin("", "111112");
			expect(stateOf(staff)).toMatchObject({
				phase: "locked",
				problem: { code: "pin_wrong", left: 4 },
			});
			await staff.signInByPin("", PIN);
			expect(stateOf(staff)).toMatchObject({ phase: "in", problem: null });
			expect([staff.unlocked, staff.token]).toEqual([true, token]);
		},
	);

	it("five wrong PINs leave the password only", async () => {
		const staff = await withPin();
		staff.lock();
		for (let left = 4; left > 0; left--) {
			await staff.signInByPin("", "111112");
			expect(stateOf(staff).problem).toMatchObject({ code: "pin_wrong", left });
		}
		await staff.signInByPin("", "111112");
		expect(stateOf(staff)).toMatchObject({ pin: false, problem: { code: "pin_gone", left: 0 } });
		await staff.signInByPin("", PIN);
		expect(stateOf(staff).problem?.code).toBe("password_first");
		expect(await staff.signIn("1001", "secret")).toBe(true);
		expect(staff.unlocked).toBe(true);
	});

	it("started again without the hub goes on in the session that lasts still", async () => {
		const before = await withPin();
		const token = before.token;
		hub.online = connected = false;
		const staff = make("pda");
		await staff.signInByPin("1001", PIN);
		expect(stateOf(staff)).toMatchObject({ phase: "in", proof: false });
		hub.online = connected = true;
		staff.tick();
		await rest();
		expect(staff.token).toBe(token);
		expect(stateOf(staff)).toMatchObject({ phase: "in", proof: false });
	});

	it("signed in without the hub asks for proof when it is back, and keeps what is open", async () => {
		const before = await withPin();
		await before.signOut();
		hub.online = connected = false;
		const staff = make("pda");
		expect(await staff.signIn("1001", "secret")).toBe(true);
		expect(stateOf(staff)).toMatchObject({ phase: "in", proof: false });
		expect(staff.signedIn?.token).toBeNull();
		hub.online = connected = true;
		staff.tick();
		expect(stateOf(staff)).toMatchObject({ phase: "in", proof: true });
		expect(staff.token).toBe("terminal");
		const vault = staff.signedIn?.vault;
		await staff.signInByPin("", PIN);
		expect(stateOf(staff)).toMatchObject({ phase: "in", proof: false });
		expect(staff.signedIn?.vault).toBe(vault);
		expect(staff.token).toMatch(/^token-/);
		expect(changes).not.toContain("1002");
	});

	it("another nurse's proof closes what was open first: nothing goes out as hers", async () => {
		const staff = await withPin();
		hub.sessions.clear();
		changes.length = 0;
		expect(await staff.signIn("1002", "geheim")).toBe(true);
		expect(changes).toEqual([null, "1002"]);
	});

	it("locks when the hub has ended the session, and then asks the hub", async () => {
		const staff = await withPin();
		hub.sessions.clear();
		hub.now += 2 * MINUTE;
		staff.tick();
		await rest();
		expect(stateOf(staff).phase).toBe("locked");
		hub.refusal = { status: 403, code: "pin_refused" };
		await staff.signInByPin("", PIN);
		expect(stateOf(staff)).toMatchObject({ phase: "locked", problem: { code: "pin_refused" } });
		hub.refusal = null;
		await staff.signInByPin("", PIN);
		expect(stateOf(staff).phase).toBe("in");
		expect(hub.sessions.has(staff.token ?? "")).toBe(true);
	});

	it("keeps edits that wait under an old password until the PIN has opened them", async () => {
		const staff = await withPin();
		const shelf = staff.sealedShelf(store, "stay/s1/notes");
		await shelf.add(Uint8Array.of(1, 2, 3), true);
		await staff.signOut();
		const person = PEOPLE["1001"];
		if (person) person.password = "changed";
		try {
			const next = make("pda");
			expect(await next.signIn("1001", "changed")).toBe(false);
			expect(stateOf(next).problem?.code).toBe("pin_first");
			expect(hub.sessions.size).toBe(0);
			await next.signInByPin("1001", PIN);
			expect(await next.signIn("1001", "changed")).toBe(true);
			await next.signOut();
			const last = make("pda");
			hub.online = false;
			expect(await last.signIn("1001", "changed")).toBe(true);
			expect(await last.sealedShelf(store, "stay/s1/notes").load()).toMatchObject([{ own: true }]);
		} finally {
			if (person) person.password = "secret";
		}
	});

	it("keeps what she writes for all under her key too", () => {
		const staff = make("pda");
		const sealed = ["ward/w/memos/2026-05", "stay/s1/card", "ward/w/handover/2026-05-04/day"];
		expect(sealed.every((name) => staff.isSealed(name))).toBe(true);
		expect(staff.isSealed("ward/w/directory")).toBe(false);
		expect(make("station").isSealed("ward/w/memos/2026-05")).toBe(false);
	});
});
