// @vitest-environment happy-dom
/** The corridor screen: bed and type only, the clock when it is quiet. */
import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, describe, expect, it } from "vitest";
import { boardOf, busyRows, sampleRow, sampleTroubles } from "../../../src/fixture/board";
import { sampleLeg, talkOf } from "../../../src/fixture/talk";
import { fakeTerminal } from "../../../src/fixture/terminal";
import { NOW, sampleDirectory } from "../../../src/fixture/ward";
import Corridor from "../../../src/screens/corridor/Corridor.svelte";

const directory = sampleDirectory();
const own = { kind: "corridor", terminal: "corridor-1" } as const;
const shown = () =>
	[...document.querySelectorAll<HTMLElement>('[data-testid="call-row"]')].map(
		(one) => one.dataset.source,
	);

afterEach(cleanup);

describe("the corridor screen", () => {
	it("shows clock, department and team while nobody calls", () => {
		render(Corridor, { terminal: fakeTerminal(own) });
		expect(document.querySelector(".clock")?.textContent).toMatch(/^\d\d:\d\d$/);
		expect(document.body.textContent).toContain("胸壁外科");
		expect(document.body.textContent).toContain("护士长 何淑贤");
	});

	it("shows bed and type, never a name or a purpose", async () => {
		const rows = busyRows(directory);
		const terminal = fakeTerminal(own, {
			board: boardOf(rows.filter((one) => one.class === 2).slice(1)),
		});
		render(Corridor, { terminal });
		expect(shown()).toEqual(["bed:b10", "bed:b12"]);
		expect(document.body.textContent).toContain("呼叫");
		expect(document.body.textContent).not.toContain("疼痛");
		expect(document.body.textContent).toContain("02:38");
		expect(document.body.textContent).toContain("×3");
	});

	it("puts a new code first, and keeps it while the others turn pages (A10)", async () => {
		const terminal = fakeTerminal(own, { board: boardOf(busyRows(directory)) });
		render(Corridor, { terminal });
		const pages = new Set<string>();
		for (let second = 0; second < 10; second += 1) {
			terminal.set({ now: NOW + second * 1000 });
			await tick();
			expect(shown()[0]).toBe("room:r21");
			for (const source of shown()) pages.add(source ?? "");
		}
		// all but the call somebody is with
		expect(pages.size).toBe(10);
	});

	it("tells where it stands, and a talk in the row's words only", () => {
		const mark = { fact: "ab".repeat(16), terminal: "station-main", staff: null, at: NOW };
		const part = { state: "talking", talking: mark, ringing: false } as const;
		const rows = [sampleRow(directory, "bed:b12", "patient", 20, part)];
		const talk = talkOf([sampleLeg("station-main", { purpose: "broadcast" })]);
		const terminal = fakeTerminal(own, { board: boardOf(rows), layer: 2, talk });
		render(Corridor, { terminal });
		expect(document.querySelector('[data-testid="call-row"]')?.textContent).toContain("通话中");
		expect(document.querySelector('[data-testid="layer-line"]')?.textContent).toBe(
			"中枢离线，病区直连",
		);
		expect(document.querySelector('[data-testid="talk-bar"]')).toBeNull();
	});

	it("says when sound is off and devices are in trouble", () => {
		render(Corridor, {
			terminal: fakeTerminal(own, { sound: "blocked", board: boardOf([], sampleTroubles()) }),
		});
		expect(document.body.textContent).toContain("声音未开启");
		expect(document.body.textContent).toContain("设备故障 3");
	});
});
