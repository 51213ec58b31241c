/** Hardware around the page: what the answer key and the handset do, on which kind of terminal. */
import { beforeEach, describe, expect, it } from "vitest";
import type { TerminalKind } from "../../../src/core/calls/types";
import { ShellEvents } from "../../../src/core/shell/device_shell";
import { listenToShell } from "../../../src/core/shell_hands";
import type { TalkLeg } from "../../../src/core/talk/types";
import { boardOf, sampleRow } from "../../../src/fixture/board";
import { sampleLeg, talkOf } from "../../../src/fixture/talk";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";
import { sampleDirectory } from "../../../src/fixture/ward";

const directory = sampleDirectory();
const bathroom = sampleRow(directory, "bathroom:r03", "bathroom", 40);
const patient = sampleRow(directory, "bed:b05", "patient", 20);
let hook: (lifted: boolean) => void;

function open(kind: TerminalKind, terminal: string, legs: TalkLeg[] = []): FakeTerminal {
	const fake = fakeTerminal(
		{ kind, terminal },
		{ board: boardOf([bathroom, patient]), talk: talkOf(legs) },
	);
	const listeners = new Set<(lifted: boolean) => void>();
	Object.assign(fake.shell, {
		onHook(listener: (lifted: boolean) => void) {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
	});
	hook = (lifted) => {
		for (const listener of listeners) listener(lifted);
	};
	listenToShell({
		terminal: fake,
		kind,
		slot: terminal,
		rows: () => fake.state.board.rows,
		inputChanged: () => {},
		failed: (error) => {
			throw error;
		},
	});
	return fake;
}

beforeEach(() => {
	hook = () => {};
});

describe("the answer key", () => {
	it.each([
		["station", "station-main"],
		["door", "door-r03"],
		["pda", "pda-02"],
	] as const)("of a %s answers the first row that can be answered there", (kind, terminal) => {
		const fake = open(kind, terminal);
		fake.shell.key("answer");
		expect(fake.talk.did).toEqual([["answer", patient.id]]);
	});

	it("accepts who rings before it takes a call", () => {
		const ringing = sampleLeg("station-vice", { state: "ringing", openedAt: null, invited: true });
		const fake = open("station", "station-main", [ringing]);
		fake.shell.key("answer");
		expect(fake.talk.did).toEqual([["accept", ringing.talk]]);
	});

	it("begins no second talk", () => {
		const fake = open("station", "station-main", [sampleLeg("bed-b05")]);
		fake.shell.key("answer");
		expect(fake.talk.did).toEqual([]);
	});

	it("takes no call at a bed or on a whiteboard", () => {
		for (const kind of ["bedside", "whiteboard"] as const) {
			const fake = open(kind, `${kind}-1`);
			fake.shell.key("answer");
			expect(fake.talk.did).toEqual([]);
		}
	});
});

describe("the handset", () => {
	it("answers when lifted, its own device first, and hangs up when put back", async () => {
		const fake = open("station", "station-main");
		hook(true);
		await Promise.resolve();
		await Promise.resolve();
		expect(fake.talk.did).toEqual([
			["setDevice", "handset"],
			["answer", patient.id],
		]);
		const held = sampleLeg("bed-b10", { state: "held" });
		const spoken = sampleLeg("bed-b05");
		fake.set({ talk: talkOf([spoken, held], { device: "handset" }) });
		hook(false);
		expect(fake.talk.did.slice(2)).toEqual([
			["setDevice", "hands_free"],
			["hangUp", spoken.talk],
		]);
	});

	it("takes a running talk into the ear", async () => {
		const fake = open("station", "station-main", [sampleLeg("bed-b05")]);
		hook(true);
		await Promise.resolve();
		await Promise.resolve();
		expect(fake.talk.did).toEqual([["setDevice", "handset"]]);
	});
});

describe("plugs and power (A15)", () => {
	function plugs(kind: TerminalKind, terminal: string) {
		const fake = fakeTerminal({ kind, terminal });
		const events = new ShellEvents();
		Object.assign(fake.shell, events.subscriptions());
		const inputs: Record<string, string> = {};
		listenToShell({
			terminal: fake,
			kind,
			slot: terminal,
			rows: () => [],
			inputChanged: (input, state) => {
				inputs[input] = state;
			},
			failed: (error) => {
				throw error;
			},
		});
		return { events, inputs };
	}

	it("are inputs of the presence, open while out", () => {
		const { events, inputs } = plugs("bedside", "bed-b05");
		events.emit({ event: "unplug", part: "handset", plugged: false });
		events.emit({ event: "power", source: "battery" });
		expect(inputs).toEqual({ handset: "open", power: "open" });
		events.emit({ event: "unplug", part: "handset", plugged: true });
		events.emit({ event: "power", source: "mains" });
		expect(inputs).toEqual({ handset: "ok", power: "ok" });
	});

	it("a bathroom's input is well when its line and its plug are", () => {
		const { events, inputs } = plugs("door", "door-r03");
		events.emit({ event: "unplug", part: "input", plugged: false });
		events.emit({ event: "input", input: "bathroom", state: "open" });
		expect(inputs).toEqual({ bathroom: "open" });
		events.emit({ event: "input", input: "bathroom", state: "fault" });
		events.emit({ event: "unplug", part: "input", plugged: true });
		expect(inputs).toEqual({ bathroom: "open" });
		events.emit({ event: "input", input: "bathroom", state: "open" });
		expect(inputs).toEqual({ bathroom: "ok" });
	});
});
