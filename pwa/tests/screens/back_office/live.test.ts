// @vitest-environment happy-dom
/** 远程查看 (DEV-05): asked for with a reason, watched as a stream, over with the dialog. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Player } from "../../../src/screens/back_office/pages/live/player";
import { type Ended, watchStream } from "../../../src/screens/back_office/pages/live/stream";
import { FakeFleet } from "./fake_fleet";
import { FakeOffice } from "./fake_office";
import { find, need, openOffice, press, settle } from "./office_at";

vi.setConfig({ testTimeout: 30_000 });

class FakeSource extends EventTarget {
	static opened: FakeSource[] = [];
	closed = false;
	readonly url: string;

	constructor(url = "") {
		super();
		this.url = url;
		FakeSource.opened.push(this);
	}
	close(): void {
		this.closed = true;
	}
	say(type: string, data?: unknown): void {
		this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data) }));
	}
}

const drawn: unknown[] = [];
let begun = () => {};
vi.mock("../../../src/screens/back_office/pages/live/player", () => ({
	openPlayer: (
		_root: HTMLElement,
		_title: string,
		sized: (width: number, height: number) => void,
		first: () => void,
	): Player => {
		begun = () => {
			sized(1024, 600);
			first();
		};
		return { take: (events) => drawn.push(...events), close: () => drawn.push("closed") };
	},
}));

beforeEach(() => {
	FakeSource.opened = [];
	drawn.length = 0;
	vi.stubGlobal("EventSource", FakeSource);
});
afterEach(() => {
	cleanup();
	vi.unstubAllGlobals();
});

const row = '[data-testid="terminal-row"][data-id="bed-b01"]';
async function watch(role: "engineer" | "head_nurse" = "engineer") {
	const fake = new FakeOffice(role);
	const fleet = new FakeFleet(fake);
	fake.me = { ...fake.me, permissions: ["ward.read", "fleet.view", "terminals.write"] };
	await openOffice(fake, "terminals");
	await press(`${row} [data-testid="live-start"]`);
	await press("usual-reason");
	need("[data-testid=live-dialog] form").dispatchEvent(
		new Event("submit", { bubbles: true, cancelable: true }),
	);
	await settle();
	const [source] = FakeSource.opened;
	if (source === undefined) throw new Error("no stream was opened");
	return { fake, fleet, source };
}

it("starts with a reason, draws what comes, says who is shown and what is masked", async () => {
	const { fleet, source } = await watch();
	expect(fleet.live).toEqual([{ terminal: "bed-b01", reason: "处理故障", open: true }]);
	expect(source.url).toBe("/api/office/live/0/events");
	expect(need("live-picture").dataset.state).toBe("waiting");
	source.say("message", { seq: 0, events: [{ type: 4 }, { type: 2 }] });
	source.say("message", { seq: 1, events: [{ type: 3 }] });
	begun();
	await settle();
	expect(drawn).toEqual([{ type: 4 }, { type: 2 }, { type: 3 }]);
	expect(need("live-picture").dataset.state).toBe("shown");
	expect(need("live-masked").textContent).toContain("患者信息已遮挡");
	expect(need("live-who").textContent).toContain("康志远");
	await press("live-end");
	expect(source.closed).toBe(true);
	expect(fleet.live[0]?.open).toBe(false);
	expect(need("live-over").dataset.why).toBe("stopped");
});

it("says that clinical staff see what is at the bed; closing the dialog ends the view", async () => {
	const { fleet, source } = await watch("head_nurse");
	expect(need("live-masked").textContent).toContain("患者信息可见");
	await press('[data-testid="live-view-dialog"] .top button');
	expect(find("live-view-dialog")).toBeNull();
	expect(source.closed).toBe(true);
	expect(fleet.live[0]?.open).toBe(false);
	expect(drawn).toContain("closed");
});

it("says why it ended, and does not come back", async () => {
	const { fake, source } = await watch();
	source.say("end", { reason: "terminal_stopped" });
	await settle();
	expect(source.closed).toBe(true);
	expect(need("live-over").textContent).toContain("现场人员");
	expect(find("live-end")).toBeNull();
	expect(FakeSource.opened).toHaveLength(1);
	expect(fake.requests.some((one) => one.method === "DELETE")).toBe(false);
});

it("does not open a view that the hub refuses", async () => {
	const fake = new FakeOffice("engineer");
	const fleet = new FakeFleet(fake);
	await openOffice(fake, "terminals");
	await press(`${row} [data-testid="live-start"]`);
	fleet.line("bed-b01").seen = "offline";
	await press("usual-reason");
	need("[data-testid=live-dialog] form").dispatchEvent(
		new Event("submit", { bubbles: true, cancelable: true }),
	);
	await settle();
	expect(need("[data-testid=live-dialog] [data-testid=problem]").textContent).toContain(
		"not_connected",
	);
	expect(FakeSource.opened).toEqual([]);
});

it("ends once, at a gap, at what it cannot read, and when the connection is cut", () => {
	const open = () => {
		const source = new FakeSource();
		const ended: Ended[] = [];
		const frames: unknown[] = [];
		const stop = watchStream(source, {
			frame: (events) => frames.push(...events),
			ended: (why) => ended.push(why),
		});
		return { source, ended, frames, stop };
	};
	const gap = open();
	gap.source.say("message", { seq: 4, events: [1] });
	gap.source.say("message", { seq: 6, events: [2] });
	gap.source.say("end", { reason: "time" });
	expect([gap.frames, gap.ended, gap.source.closed]).toEqual([[1], ["lost"], true]);
	const broken = open();
	broken.source.dispatchEvent(new MessageEvent("message", { data: "{" }));
	expect(broken.ended).toEqual(["lost"]);
	const unknown = open();
	unknown.source.say("end", { reason: "because" });
	expect(unknown.ended).toEqual(["lost"]);
	const cut = open();
	cut.source.dispatchEvent(new Event("error"));
	expect([cut.ended, cut.source.closed]).toEqual([["lost"], true]);
	const left = open();
	left.stop();
	left.source.say("end", { reason: "left" });
	expect([left.ended, left.source.closed]).toEqual([[], true]);
});
