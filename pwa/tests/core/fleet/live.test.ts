// @vitest-environment happy-dom
/** A look from afar (DEV-05): announced, masked, bounded, ended by whoever may. */
import { describe, expect, it, vi } from "vitest";
import { LiveView } from "../../../src/core/fleet/live";
import { CHUNK_BYTES, Chunks, Joining } from "../../../src/core/fleet/live_chunks";
import { hidesHands, type RecordedEvent, scrubbed } from "../../../src/core/fleet/live_mask";
import { showIdentity, showWatched } from "../../../src/core/fleet/notices";
import type { DeviceMessage } from "../../../src/core/fleet/types";

const event = (data: unknown): RecordedEvent => ({ type: 3, data, timestamp: 1 });
const A = "00000000000000aa";
const B = "00000000000000bb";

function open(load?: () => Promise<never>) {
	const sent: DeviceMessage[] = [];
	const banners: { who: string; end: () => void; shown: boolean }[] = [];
	const at = { now: 0, online: true };
	const calls = { emit: null as ((event: RecordedEvent) => void) | null, stopped: 0, whole: 0 };
	const timers = new Set<() => void>();
	const leaves = new Set<() => void>();
	const view = new LiveView({
		send(message) {
			if (at.online) sent.push(message);
			return at.online;
		},
		announce(who, end) {
			const banner = { who, end, shown: true };
			banners.push(banner);
			return () => {
				banner.shown = false;
			};
		},
		load:
			load ??
			(async () => ({
				startRecording(_clinical, emit) {
					expect(banners.at(-1)?.shown).toBe(true);
					calls.emit = emit;
					return { stop: () => void calls.stopped++, whole: () => void calls.whole++ };
				},
			})),
		now: () => at.now,
		every(_ms, run) {
			timers.add(run);
			return () => timers.delete(run);
		},
		onLeave(listener) {
			leaves.add(listener);
			return () => leaves.delete(listener);
		},
	});
	const beat = (times = 1) => {
		for (let n = 0; n < times; n++) {
			at.now += 200;
			for (const run of [...timers]) run();
		}
	};
	return { view, sent, banners, at, calls, timers, leaves, beat };
}

describe("a live view", () => {
	it("is announced before it records, and sends in order", async () => {
		const { view, sent, banners, calls, beat } = open();
		view.start(A, "王芳", false);
		expect(banners).toEqual([expect.objectContaining({ who: "王芳", shown: true })]);
		await Promise.resolve();
		await Promise.resolve();
		calls.emit?.(event(1));
		calls.emit?.(event(2));
		beat(3);
		calls.emit?.(event(3));
		beat();
		expect(sent).toEqual([
			{ t: "live", id: A, seq: 0, events: [event(1), event(2)] },
			{ t: "live", id: A, seq: 1, events: [event(3)] },
		]);
	});

	it("ends by the person here, by the viewer, with the page, and leaves nothing behind", async () => {
		for (const [reason, end] of [
			["stopped", (fake: ReturnType<typeof open>) => fake.banners[0]?.end()],
			["stopped", (fake: ReturnType<typeof open>) => fake.view.stop(A)],
			["left", (fake: ReturnType<typeof open>) => [...fake.leaves][0]?.()],
			["left", (fake: ReturnType<typeof open>) => fake.view.close()],
		] as const) {
			const fake = open();
			fake.view.start(A, "", true);
			await Promise.resolve();
			await Promise.resolve();
			end(fake);
			end(fake);
			fake.calls.emit?.(event(1));
			fake.beat();
			expect(fake.sent).toEqual([{ t: "live_end", id: A, reason }]);
			expect(fake.banners[0]?.shown).toBe(false);
			expect([fake.timers.size, fake.leaves.size, fake.calls.stopped]).toEqual([0, 0, 1]);
		}
	});

	it("another takes its place; a stop for another one does nothing", async () => {
		const { view, sent, banners } = open();
		view.start(A, "甲", false);
		view.stop(B);
		expect(sent).toEqual([]);
		view.start(B, "乙", false);
		expect(sent).toEqual([{ t: "live_end", id: A, reason: "stopped" }]);
		expect(banners.map(({ shown }) => shown)).toEqual([false, true]);
	});

	it("says when it cannot", async () => {
		const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
		const { view, sent } = open(() => Promise.reject(new Error("no recorder")));
		view.start(A, "", true);
		await new Promise((resolve) => setTimeout(resolve));
		expect(sent).toEqual([{ t: "live_end", id: A, reason: "not_able" }]);
		expect(view.active).toBe(false);
		warn.mockRestore();
	});

	it("is over when the hub is away, and after half an hour", async () => {
		const away = open();
		away.view.start(A, "", true);
		await Promise.resolve();
		await Promise.resolve();
		away.at.online = false;
		away.calls.emit?.(event(1));
		away.beat(49);
		expect(away.view.active).toBe(true);
		away.beat(3);
		expect(away.view.active).toBe(false);
		const long = open();
		long.view.start(A, "", true);
		long.beat(5 * 60 * 30);
		expect(long.view.active).toBe(true);
		long.beat(2);
		expect(long.view.active).toBe(false);
	});

	it("of which too much waits lets go of it and begins anew", async () => {
		const fake = open();
		fake.view.start(A, "", true);
		await Promise.resolve();
		await Promise.resolve();
		for (let n = 0; n < 9; n++) fake.calls.emit?.(event("x".repeat(2 ** 20)));
		expect(fake.calls.whole).toBe(1);
	});
});

describe("frames", () => {
	it("stay below 200 KiB; what is larger goes in pieces and comes together again", () => {
		const chunks = new Chunks();
		const large = event({ text: "“床”\n".repeat(150_000) });
		const small = [event("a"), event("b")];
		chunks.add(small[0] as RecordedEvent);
		chunks.add(large);
		chunks.add(small[1] as RecordedEvent);
		const joining = new Joining();
		const got: unknown[] = [];
		while (!chunks.empty) {
			chunks.next((events) => {
				const frame = JSON.stringify({ t: "live", id: A, seq: 1, events });
				expect(new TextEncoder().encode(frame).length).toBeLessThan(200 * 1024);
				got.push(...joining.take(JSON.parse(frame).events));
				return true;
			});
		}
		expect(got).toEqual([small[0], large, small[1]]);
		expect(CHUNK_BYTES).toBeLessThan(200 * 1024);
	});

	it("that were not taken stay", () => {
		const chunks = new Chunks();
		chunks.add(event(1));
		chunks.next(() => false);
		expect(chunks.empty).toBe(false);
	});

	it("an event of which a piece is missing is left out", () => {
		const chunks = new Chunks();
		chunks.add(event("y".repeat(600_000)));
		const frames: RecordedEvent[] = [];
		while (!chunks.empty) {
			chunks.next((events) => {
				frames.push(...events);
				return true;
			});
		}
		expect(frames.length).toBeGreaterThan(2);
		const joining = new Joining();
		const without = frames.filter((_frame, index) => index !== 1);
		expect(joining.take([...without, event(1)])).toEqual([event(1)]);
	});
});

describe("masks", () => {
	it("words in attributes go with the text, in changes too", () => {
		const change = event({
			source: 0,
			attributes: [{ id: 4, attributes: { title: "王建国", class: "tile" } }],
			adds: [{ node: { attributes: { "aria-label": "1床 王", "data-bed": "b01" } } }],
		});
		expect(JSON.stringify(scrubbed(change))).not.toContain("王");
		expect(JSON.stringify(scrubbed(change))).toContain("b01");
	});

	it("marks, care levels and who lies where are in no attribute, in changes neither", () => {
		const change = event({
			attributes: [
				{ id: 4, attributes: { style: "--l:var(--level-first);--li:var(--level-first-ink)" } },
				{ id: 5, attributes: { style: { "--l": ["var(--level-third)", ""], width: "4px" } } },
				{ id: 6, attributes: { class: "tile call empty s-1", "data-stay": "s17" } },
			],
			adds: [
				{
					node: {
						attributes: {
							"data-level": "special",
							"data-look": "airborne",
							"data-condition": "critical",
							style: "--m:var(--iso-contact)",
							_cssText: ".empty { color: var(--level-second); }",
						},
					},
				},
			],
		});
		const told = JSON.stringify(scrubbed(change));
		expect(told).not.toMatch(/level-(first|third)|s17|special|airborne|critical|contact/);
		expect(told).toContain("--l:var(--level-none);--li:var(--level-none-ink)");
		expect(told).toContain('"class":"tile call s-1"');
		expect(told).toContain('"width":"4px"');
		expect(told).toContain(".empty { color: var(--level-second); }");
	});

	it("hands are not told while a PIN pad is there", () => {
		const moved = event({ source: 6, positions: [] });
		document.body.innerHTML = "<p></p>";
		expect(hidesHands(moved, document)).toBe(false);
		document.body.innerHTML = '<div data-testid="pin-pad"></div>';
		expect(hidesHands(moved, document)).toBe(true);
		expect(hidesHands(event({ source: 2 }), document)).toBe(true);
		expect(hidesHands(event({ source: 0 }), document)).toBe(false);
		document.body.innerHTML = "";
	});
});

describe("notices", () => {
	it("say who looks on, with a way to end it", () => {
		const end = vi.fn();
		const off = showWatched(document, "zh", "工程师 王", end);
		const banner = document.querySelector('[data-testid="live-view"]');
		expect(banner?.textContent).toContain("正在被远程查看：工程师 王");
		banner?.querySelector("button")?.click();
		expect(end).toHaveBeenCalledTimes(1);
		off();
		expect(document.querySelector('[data-testid="live-view"]')).toBeNull();
	});

	it("show which device it is, once and for its time", () => {
		vi.useFakeTimers();
		showIdentity(document, "3床 床头屏", 10_000);
		showIdentity(document, "3床 床头屏", 10_000);
		expect(document.querySelectorAll('[data-testid="identify"]')).toHaveLength(1);
		vi.advanceTimersByTime(10_000);
		expect(document.querySelector('[data-testid="identify"]')).toBeNull();
		vi.useRealTimers();
	});
});
