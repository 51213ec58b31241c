// @vitest-environment happy-dom
import { get, writable } from "svelte/store";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Terminal, TerminalState } from "../../../src/core/terminal_types";

const state = {
	phase: "ready",
	layer: 1,
	unsent: 0,
	sound: "blocked",
	problem: null,
} as unknown as TerminalState;

function terminalOf(store: { subscribe: Terminal["subscribe"] }, unlockSound = vi.fn()): Terminal {
	return { subscribe: store.subscribe, unlockSound } as unknown as Terminal;
}

afterEach(() => {
	vi.resetModules();
	vi.unstubAllGlobals();
});

describe("a terminal's page", () => {
	it("shows its state and tone on the body, and is heard when it stands alone", async () => {
		const { heard, showOnBody, sounding } = await import("../../../src/screens/wall/in_frame");
		const store = writable(state);
		const stop = showOnBody("bedside", "bed-b01", terminalOf(store));
		expect({ ...document.body.dataset }).toMatchObject({
			kind: "bedside",
			terminal: "bed-b01",
			phase: "ready",
			layer: "1",
			unsent: "0",
		});
		expect(document.body.getAttribute("data-sounding")).toBe("");
		store.set({ ...state, layer: 4, unsent: 2 });
		sounding("low");
		expect({ ...document.body.dataset }).toMatchObject({
			layer: "4",
			unsent: "2",
			sounding: "low",
		});
		expect(get(heard)).toBe(true);
		stop();
	});

	it("in a frame reports to the wall, and obeys only the wall", async () => {
		const wall = { postMessage: vi.fn() };
		vi.stubGlobal("parent", wall);
		const { heard, showOnBody, sounding } = await import("../../../src/screens/wall/in_frame");
		const unlock = vi.fn();
		const stop = showOnBody("door", "door-r01", terminalOf(writable(state), unlock));
		sounding("high");
		const reports = wall.postMessage.mock.calls.map(([message]) => message);
		expect(reports.at(-1)).toMatchObject({
			wardline: "frame",
			terminal: "door-r01",
			phase: "ready",
			sounding: "high",
		});

		const say = (data: unknown, source: unknown, origin = location.origin) =>
			window.dispatchEvent(
				Object.assign(new Event("message"), { data, source, origin }) as MessageEvent,
			);
		expect(get(heard)).toBe(false);
		say({ wardline: "heard", heard: true }, {});
		say({ wardline: "heard", heard: true }, wall, "http://elsewhere.example");
		expect(get(heard)).toBe(false);
		say({ wardline: "heard", heard: true }, wall);
		say({ wardline: "unlock-sound" }, wall);
		expect(get(heard)).toBe(true);
		expect(unlock).toHaveBeenCalledOnce();
		stop();
	});
});
