/** New versions on trial, the hour of their taking over, and when a page is well (DEV-07, DEV-08). */
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isIdle, PageUpdate } from "../../../src/core/app_update";
import { countHang, hangs } from "../../../src/core/fleet/hangs";
import { Wellness } from "../../../src/core/fleet/wellness";
import type { Broadcast, TalkState } from "../../../src/core/talk/types";
import { boardOf, sampleRow } from "../../../src/fixture/board";
import { sampleLeg } from "../../../src/fixture/talk";
import { fakeTerminal } from "../../../src/fixture/terminal";
import { sampleDirectory } from "../../../src/fixture/ward";
import {
	giveUp,
	kept,
	moveOn,
	ranWell,
	serve,
	type Trial,
	takeOver,
	tryAgain,
} from "../../../src/service_worker/trial";

const OLD = "00000000000000aa";
const NEW = "00000000000000bb";

const sampleBroadcast: Broadcast = {
	talk: "00000000000000cc",
	way: "direct",
	targets: ["bed-b01"],
	reached: [],
	missed: [],
	since: 0,
	recording: false,
};

describe("a version on trial", () => {
	const first = takeOver(null, OLD, [OLD]);
	const trial = takeOver(first, NEW, [OLD, NEW]);

	it("the first one of a slot is not", () => {
		expect(first).toMatchObject({ good: OLD, trying: null });
		expect(serve(first).build).toBe(OLD);
	});

	it("is shown, and the one before it is kept until it has run well", () => {
		expect(serve(trial).build).toBe(NEW);
		expect(kept(trial, NEW)).toEqual([OLD, NEW]);
		const well = ranWell(trial, NEW);
		expect(well).toMatchObject({ good: NEW, trying: null, failed: null });
		expect(kept(well, NEW)).toEqual([NEW]);
		expect(ranWell(trial, OLD)).toBe(trial);
	});

	it("that does not come up gives way to the one before, and is not tried by itself again", () => {
		const failed = giveUp(trial);
		expect(failed).toMatchObject({ good: OLD, trying: null, failed: NEW });
		expect(serve(failed).build).toBe(OLD);
		expect(kept(failed, NEW)).toEqual([OLD, NEW]);
		expect(serve(tryAgain(failed, NEW)).build).toBe(NEW);
		expect(tryAgain(failed, OLD)).toBe(failed);
	});

	it("that is never heard of is shown twice, for a power cut", () => {
		const shown: string[] = [];
		let now: Trial = trial;
		for (let n = 0; n < 4; n++) {
			const served = serve(now);
			shown.push(served.build);
			now = served.trial;
		}
		expect(shown).toEqual([NEW, NEW, OLD, OLD]);
		expect(now.failed).toBe(NEW);
	});

	it("may be an older build: back is the same way", () => {
		const well = ranWell(trial, NEW);
		const back = takeOver(well, OLD, [NEW, OLD]);
		expect(back).toMatchObject({ good: NEW, trying: OLD });
		expect(ranWell(back, OLD)).toMatchObject({ good: OLD, trying: null });
	});

	it("back to the build that is good still, after a failure, needs no trial", () => {
		expect(takeOver(giveUp(trial), OLD, [OLD, NEW])).toMatchObject({ good: OLD, trying: null });
	});

	it("whose older one is not on the disk any more stands alone", () => {
		expect(takeOver(first, NEW, [NEW])).toMatchObject({ good: NEW, trying: null });
	});

	it("of which nothing is on the disk is not shown", () => {
		const none = takeOver(first, NEW, [OLD]);
		expect(none).toMatchObject({ good: OLD, trying: null, failed: NEW });
	});

	it("pages move on from process to process, never back into the last two", () => {
		const ways = [trial, moveOn(trial), moveOn(moveOn(trial)), moveOn(moveOn(moveOn(trial)))];
		expect(ways.map(({ apart }) => apart)).toEqual([0, 1, 2, 1]);
	});
});

describe("the taking over", () => {
	const directory = sampleDirectory();
	const call = boardOf([sampleRow(directory, "bed:b05", "patient", 5)]);
	beforeEach(() => {
		vi.useFakeTimers();
	});
	afterEach(() => {
		vi.useRealTimers();
	});

	async function open(failed: string | null = null) {
		const told: unknown[] = [];
		const worker = {
			postMessage(message: unknown, ports?: MessagePort[]) {
				told.push(message);
				ports?.[0]?.postMessage({ failed });
			},
		};
		const registration = { waiting: null as typeof worker | null, update: vi.fn(async () => {}) };
		const container = {
			controller: worker,
			register: async () => registration,
			addEventListener: vi.fn(),
		};
		const reload = vi.fn();
		const update = new PageUpdate({
			serviceWorker: container as unknown as ServiceWorkerContainer,
			build: OLD,
			reload,
			random: () => 0.5,
		});
		const terminal = fakeTerminal({ kind: "station", terminal: "station-main" });
		return { update, terminal, registration, worker, told, reload };
	}

	it("is looked for within five seconds of another wish, once", async () => {
		const { update, terminal, registration } = await open();
		update.wish(NEW);
		await update.keepOffline(terminal);
		update.wish(NEW);
		await vi.advanceTimersByTimeAsync(5_000);
		expect(registration.update).toHaveBeenCalledTimes(1);
		update.wish(OLD);
		update.wish(null);
		await vi.advanceTimersByTimeAsync(5_000);
		expect(registration.update).toHaveBeenCalledTimes(1);
	});

	it("waits for the end of the last call", async () => {
		const { update, terminal, registration, worker, told } = await open();
		await update.keepOffline(terminal);
		terminal.set({ board: call });
		registration.waiting = worker;
		terminal.set({ now: 1 });
		expect(told).toEqual([]);
		terminal.set({ board: boardOf([]) });
		terminal.set({ now: 2 });
		expect(told).toEqual(["take-over"]);
	});

	it("waits for the end of a talk, of a broadcast, and of an announcement that is recorded", async () => {
		const { update, terminal, registration, worker, told } = await open();
		await update.keepOffline(terminal);
		const { talk } = terminal.state;
		const leg = sampleLeg("bed-b02", { state: "open" });
		const busy: Partial<TalkState>[] = [
			{ legs: [sampleLeg("bed-b02", { state: "over" }), leg] },
			{ legs: [sampleLeg("bed-b02", { state: "ringing" })] },
			{ legs: [sampleLeg("bed-b02", { state: "held" })] },
			{ broadcast: sampleBroadcast },
			{ recordingClip: true },
		];
		registration.waiting = worker;
		for (const each of busy) {
			const state = { ...terminal.state, talk: { ...talk, ...each } };
			expect(isIdle(state)).toBe(false);
			terminal.set({ talk: state.talk });
		}
		expect(told).toEqual([]);
		// an end that is still shown holds nothing back
		terminal.set({ talk: { ...talk, legs: [sampleLeg("bed-b02", { state: "over" })] } });
		expect(told).toEqual(["take-over"]);
	});

	it("waits while something is on its way to the hub, a press is shown, or a person is signed in", async () => {
		const { terminal } = await open();
		const { state } = terminal;
		const session = { staff: "n01", name: "", role: "nurse", expiresAt: 1 };
		expect(isIdle({ ...state, unsent: 0, session: null, ownPresses: [] })).toBe(true);
		expect(isIdle({ ...state, unsent: 1 })).toBe(false);
		expect(isIdle({ ...state, session })).toBe(false);
	});

	it("of a build that failed here is tried again when a person says so, when nothing is open", async () => {
		vi.useRealTimers();
		const { update, terminal, registration, told, reload } = await open(NEW);
		await update.keepOffline(terminal);
		terminal.set({ board: call });
		expect(await update.look(NEW)).toBe("done");
		expect(told).toEqual([{ ask: true }, { again: NEW }]);
		expect(registration.update).not.toHaveBeenCalled();
		expect(reload).not.toHaveBeenCalled();
		terminal.set({ board: boardOf([]) });
		expect(reload).toHaveBeenCalled();
	});

	it("is told well after five beats, once", async () => {
		const { update, told } = await open();
		for (let n = 0; n < 9; n++) update.alive();
		expect(told).toEqual([{ well: OLD }]);
	});

	it("without a service worker is not able", async () => {
		const none = new PageUpdate({
			serviceWorker: null,
			build: "",
			reload: () => {},
			random: () => 0,
		});
		expect(await none.look(NEW)).toBe("not_able");
	});
});

describe("a page is well", () => {
	it("while its state is told anew and no second after second brings an error", () => {
		let now = 0;
		const wellness = new Wellness({ now: () => now });
		const beats = (count: number, each: () => void) =>
			Array.from({ length: count }, () => {
				now += 1_000;
				each();
				return wellness.beat();
			});
		expect(beats(30, () => {})).not.toContain(false);
		expect(beats(3, () => wellness.told(true))).not.toContain(false);
		expect(beats(6, () => {})).toEqual([true, true, true, true, false, false]);
		expect(beats(2, () => wellness.told(true))).toEqual([true, true]);
		const erring = () => {
			wellness.told(true);
			wellness.threw();
		};
		expect(beats(6, erring)).toEqual([true, true, true, true, false, false]);
		expect(beats(1, () => wellness.told(true))).toEqual([true]);
	});

	it("and how often it was not stays on the disk", async () => {
		const disk = new IDBFactory();
		expect(await hangs("bed-b01", disk)).toBe(0);
		await countHang("bed-b01", disk);
		await countHang("bed-b01", disk);
		expect(await hangs("bed-b01", disk)).toBe(2);
		expect(await hangs("bed-b02", disk)).toBe(0);
	});
});
