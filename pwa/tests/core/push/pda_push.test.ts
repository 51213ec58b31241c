/** Push on the phone: subscribing, acts from notifications, whether the screen is open, and the hub's probes. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SILENT_MS } from "../../../src/core/fleet/reach";
import { ApiError, Unreachable } from "../../../src/core/identity/api";
import { CALL_WAIT_MS, SUBSCRIBE_MS } from "../../../src/core/push/pda_push";
import { boardOf, sampleRow } from "../../../src/fixture/board";
import { NOW, sampleDirectory } from "../../../src/fixture/ward";
import { Phone, SUBSCRIBED, settle } from "./fake_phone";

const directory = sampleDirectory();
const session = { staff: "n02", name: "陈晓琳", role: "nurse", expiresAt: NOW + 1e7 };
const waiting = sampleRow(directory, "bed:b12", "patient", 40, { asked: ["pda-02"] });
const row = (more = {}) => ({ ...waiting, ...more });
const mark = { fact: "ab".repeat(16), terminal: "pda-07", staff: "n07", at: NOW };

describe("subscribing", () => {
	it("happens with the hub's key once the hub is there and notifications are allowed", async () => {
		const phone = new Phone();
		expect(phone.state.phase).toBe("off");
		phone.join();
		await settle();
		expect(phone.state).toMatchObject({ phase: "on", why: null });
		expect(phone.browser.keys).toEqual(["hub-key"]);
		expect(phone.puts).toEqual([{ token: "token", subscribed: SUBSCRIBED, language: "zh" }]);
		phone.join();
		await settle();
		expect(phone.puts).toHaveLength(1);
		phone.pass(60_000);
		phone.join();
		await settle();
		expect(phone.puts).toHaveLength(2);
		expect(phone.state.phase).toBe("on");
	});

	it("asks the person at sign-in, and never before", async () => {
		const phone = new Phone({}, (browser) => {
			browser.granted = "default";
		});
		phone.join();
		await settle();
		expect([phone.browser.asked, phone.state.why]).toEqual([0, "not_asked"]);
		phone.terminal.set({ session });
		await settle();
		expect([phone.browser.asked, phone.state.phase]).toEqual([1, "on"]);
	});

	it("is tried again when the person comes back from the phone's settings", async () => {
		const phone = new Phone({}, (browser) => {
			browser.granted = "denied";
		});
		phone.join();
		await settle();
		phone.browser.sight();
		await settle();
		expect(phone.state.why).toBe("denied");
		phone.browser.granted = "granted";
		phone.browser.sight();
		await settle();
		expect(phone.state.phase).toBe("on");
	});

	it("stays as it is when the nurse signs out", async () => {
		const phone = new Phone({ session });
		phone.join();
		await settle();
		phone.terminal.set({ session: null });
		await settle();
		expect([phone.state.phase, phone.removed, phone.browser.unsubscribed]).toEqual(["on", 0, 0]);
	});

	it("says why it is not to be had", async () => {
		const denied = new Phone({}, (browser) => {
			browser.granted = "denied";
		});
		const unable = new Phone({}, (browser) => {
			browser.able = false;
		});
		const unlisted = new Phone();
		unlisted.refusal = new ApiError(422, "endpoint_refused", "no");
		const away = new Phone();
		away.refusal = new Unreachable("away");
		for (const phone of [denied, unable, away]) phone.join();
		await settle();
		expect([denied, unable, away].map((phone) => phone.state.why)).toEqual([
			"denied",
			"no_worker",
			"hub",
		]);
	});

	it("tells a refusal of the address from a hub that is away", async () => {
		const phone = new Phone();
		const subscribe = phone.browser.subscribing;
		phone.browser.subscribing = () => {
			phone.refusal = new ApiError(422, "endpoint_refused", "no");
			return subscribe();
		};
		phone.join();
		await settle();
		expect(phone.state).toMatchObject({ phase: "unavailable", why: "refused" });
	});

	it("gives up after ten seconds when the browser's push service is not reached, and tries again later", async () => {
		vi.useFakeTimers();
		const phone = new Phone();
		phone.browser.subscribing = () => new Promise(() => {});
		phone.join();
		await vi.advanceTimersByTimeAsync(SUBSCRIBE_MS);
		expect(phone.state).toMatchObject({ phase: "unavailable", why: "no_service" });
		phone.browser.subscribing = () => Promise.resolve(SUBSCRIBED);
		phone.pass(59_000);
		phone.join();
		await vi.advanceTimersByTimeAsync(0);
		expect(phone.state.phase).toBe("unavailable");
		phone.pass(2_000);
		phone.join();
		await vi.advanceTimersByTimeAsync(0);
		expect(phone.state.phase).toBe("on");
	});

	it("is renewed when the language or the browser's address changes, and by a touch", async () => {
		const phone = new Phone();
		phone.join();
		await settle();
		phone.terminal.set({ language: "en" });
		await settle();
		phone.browser.changed();
		await settle();
		await phone.push.allow();
		expect(phone.puts.map((put) => put.language)).toEqual(["zh", "en", "en", "en"]);
	});

	it("ends when the terminal is revoked", async () => {
		const phone = new Phone();
		phone.join();
		await settle();
		phone.terminal.set({ phase: "revoked" });
		await settle();
		expect([phone.state.phase, phone.removed, phone.browser.unsubscribed]).toEqual(["off", 1, 1]);
	});
});

describe("the open screen", () => {
	it("is told to the hub with each joining and each change", () => {
		const phone = new Phone();
		phone.sent.length = 0;
		phone.join();
		phone.browser.seen = false;
		phone.browser.sight();
		phone.browser.seen = true;
		phone.browser.sight();
		expect(phone.sent).toEqual([
			{ t: "visible", on: true },
			{ t: "visible", on: false },
			{ t: "visible", on: true },
		]);
	});

	it("takes away the notifications it stands for", async () => {
		const phone = new Phone({}, (browser) => {
			browser.seen = false;
		});
		phone.browser.shown("ab".repeat(16));
		expect(phone.browser.closed).toBe(0);
		phone.browser.seen = true;
		phone.browser.sight();
		phone.browser.shown("cd".repeat(16));
		expect(phone.browser.closed).toBe(2);
		expect(phone.sent.filter((one) => one.t === "push_seen")).toHaveLength(2);
	});
});

describe("an act from a notification", () => {
	const asked = (phone: Phone, act: "acknowledged" | "declined" | "open", calls: string[]) =>
		phone.browser.act({ act, calls });

	it("is done by the page", async () => {
		const phone = new Phone({ board: boardOf([row()]) });
		asked(phone, "acknowledged", ["0".repeat(32), ...row().calls]);
		await settle();
		expect(phone.terminal.acts.map((one) => [one.act, one.row.id])).toEqual([
			["acknowledged", row().id],
		]);
		expect(phone.state.told).toEqual({ outcome: "done", act: "acknowledged", by: null });
		phone.pass(13_000);
		expect(phone.state.told).toBeNull();
	});

	it("waits for the page to be ready, for the hub, and for word of the call", async () => {
		const phone = new Phone({ phase: "starting", layer: 4 });
		asked(phone, "declined", [...row().calls]);
		phone.terminal.set({ phase: "ready" });
		phone.terminal.set({ layer: 1 });
		phone.pass(3_000);
		await settle();
		expect([phone.terminal.acts, phone.state.told]).toEqual([[], null]);
		phone.terminal.set({ board: boardOf([row()]) });
		await settle();
		expect(phone.terminal.acts.map((one) => one.act)).toEqual(["declined"]);
	});

	it("goes by what neighbours know when the hub stays away", async () => {
		const phone = new Phone({ layer: 2, board: boardOf([row()]) });
		asked(phone, "acknowledged", [...row().calls]);
		await settle();
		expect(phone.terminal.acts).toEqual([]);
		phone.pass(5_000);
		await settle();
		expect(phone.terminal.acts.map((one) => one.act)).toEqual(["acknowledged"]);
	});

	it.each([
		["over", "acknowledged", boardOf([])],
		["taken", "acknowledged", boardOf([row({ state: "taken", ringing: false, taken: mark })])],
		["taken", "declined", boardOf([row({ state: "attended", attended: mark, ringing: false })])],
		[
			"mine",
			"acknowledged",
			boardOf([row({ state: "taken", ringing: false, taken: { ...mark, terminal: "pda-02" } })]),
		],
		["mine", "declined", boardOf([row({ declinedBy: ["pda-02"], asked: [] })])],
		["not_mine", "declined", boardOf([row({ asked: ["pda-03"] })])],
	] as const)("that is stale says so: %s (%s)", async (outcome, act, board) => {
		const phone = new Phone({ board });
		asked(phone, act, [...row().calls]);
		if (outcome === "over") phone.pass(CALL_WAIT_MS);
		await settle();
		expect(phone.terminal.acts).toEqual([]);
		expect(phone.state.told?.outcome).toBe(outcome);
	});

	it("says at once that a call is over whose end is known", async () => {
		const [call] = row().calls;
		const closed = {
			[call ?? ""]: { id: call ?? "", act: "cleared" as const, way: null, by: mark },
		};
		const phone = new Phone({ board: { ...boardOf([]), closed } });
		asked(phone, "acknowledged", [...row().calls]);
		expect(phone.state.told?.outcome).toBe("over");
		phone.push.dismiss();
		expect(phone.state.told).toBeNull();
	});

	it("may take again what rings again, and says when it could not be kept", async () => {
		const board = boardOf([row({ state: "taken", ringing: true, taken: mark })]);
		const phone = new Phone({ board });
		phone.terminal.act = () => Promise.reject(new Error("storage"));
		asked(phone, "acknowledged", [...row().calls]);
		await settle();
		expect(phone.state.told?.outcome).toBe("failed");
	});

	it("says nothing when the notification was only touched", async () => {
		const phone = new Phone({ board: boardOf([row()]) });
		asked(phone, "open", [...row().calls]);
		await settle();
		expect([phone.terminal.acts, phone.state.told]).toEqual([[], null]);
	});
});

describe("the hub's probes", () => {
	const duty = { n02: { staff: "n02", pda: "pda-02", beds: [], since: 0 } };
	const probe = '{"t":"probe","id":"0123456789abcdef"}';

	it("that stay away while the hub is there and someone carries the phone are told", () => {
		const phone = new Phone({ directory: { ...directory, duty } });
		phone.pass(1_000);
		phone.hear(probe);
		phone.pass(SILENT_MS);
		expect(phone.state.silentSince).toBeNull();
		phone.pass(1_000);
		expect(phone.state.silentSince).toBe(NOW + 1_000);
		phone.pass(30_000);
		expect(phone.state.silentSince).toBe(NOW + 1_000);
		phone.hear(probe);
		phone.pass(1_000);
		expect(phone.state.silentSince).toBeNull();
	});

	it("are not missed off duty, nor while the hub is away", () => {
		const off = new Phone({ directory: { ...directory, duty: {} } });
		const away = new Phone({ directory: { ...directory, duty }, layer: 2 });
		for (const phone of [off, away]) {
			phone.pass(1_000);
			phone.pass(SILENT_MS * 2);
			expect(phone.state.silentSince).toBeNull();
		}
	});
});

beforeEach(() => vi.spyOn(console, "warn").mockImplementation(() => {}));
afterEach(() => vi.restoreAllMocks());
afterEach(() => vi.useRealTimers());
