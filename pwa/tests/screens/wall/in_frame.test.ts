// @vitest-environment happy-dom
import { writable } from "svelte/store";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Terminal, TerminalState } from "../../../src/core/terminal_types";
import { showOnBody } from "../../../src/screens/wall/in_frame";

const state = {
	phase: "ready",
	layer: 1,
	neighbours: [],
	unsent: 0,
	sound: "blocked",
	problem: null,
} as unknown as TerminalState;
const place = { kind: "bedside", slot: "bed-b01", panel: { width: 1024, height: 684 } };

function terminalOf(store: { subscribe: Terminal["subscribe"] }, unlockSound = vi.fn()): Terminal {
	return { subscribe: store.subscribe, unlockSound } as unknown as Terminal;
}

function sounderOf(tone: "low" | "medium" | "high" | null) {
	return { tone, sounding: () => tone, setHeard: vi.fn() };
}

afterEach(() => vi.unstubAllGlobals());

describe("a terminal's page", () => {
	it("shows its state and tone on the body, and stays heard when it stands alone", () => {
		const store = writable(state);
		const sounder = sounderOf("low");
		const stop = showOnBody(place, terminalOf(store), sounder);
		expect({ ...document.body.dataset }).toMatchObject({
			kind: "bedside",
			terminal: "bed-b01",
			phase: "ready",
			layer: "1",
			unsent: "0",
			sounding: "low",
		});
		store.set({ ...state, layer: 2, neighbours: ["door-r01", "station-main"], unsent: 2 });
		expect({ ...document.body.dataset }).toMatchObject({
			layer: "2",
			neighbours: "2",
			unsent: "2",
		});
		expect(sounder.setHeard).not.toHaveBeenCalled();
		stop();
	});

	it("in a frame is silent until chosen, reports each change once, and obeys only the wall", () => {
		const wall = { postMessage: vi.fn() };
		vi.stubGlobal("parent", wall);
		const unlock = vi.fn();
		const sounder = sounderOf("high");
		const store = writable(state);
		const stop = showOnBody(place, terminalOf(store, unlock), sounder);
		expect(sounder.setHeard).toHaveBeenLastCalledWith(false);
		store.set({ ...state });
		expect(wall.postMessage.mock.calls).toEqual([
			[
				{
					wardline: "frame",
					terminal: "bed-b01",
					phase: "ready",
					layer: 1,
					sound: "blocked",
					sounding: "high",
					width: 1024,
					height: 684,
				},
				location.origin,
			],
		]);

		const say = (data: unknown, source: unknown, origin = location.origin) =>
			window.dispatchEvent(
				Object.assign(new Event("message"), { data, source, origin }) as MessageEvent,
			);
		say({ wardline: "heard", heard: true }, {});
		say({ wardline: "heard", heard: true }, wall, "http://elsewhere.example");
		expect(sounder.setHeard).toHaveBeenCalledTimes(1);
		say({ wardline: "heard", heard: true }, wall);
		say({ wardline: "unlock-sound" }, wall);
		expect(sounder.setHeard).toHaveBeenLastCalledWith(true);
		expect(unlock).toHaveBeenCalledOnce();
		stop();
	});
});
