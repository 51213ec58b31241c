/** The vectors both languages are held to: signalling/vectors, read by pytest as well. Rules SG1 to SG23. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readDirectory } from "../../../src/core/calls/directory";
import type { Directory } from "../../../src/core/calls/types";
import { planned } from "../../../src/core/mesh/plan";
import { allowed, dials, meshPair, talkPair } from "../../../src/core/signalling/allowed";
import { Inbox } from "../../../src/core/signalling/inbox";
import { holds, judge } from "../../../src/core/signalling/judge";
import {
	advance,
	LEG_TIMEOUTS_MS,
	type LegEvent,
	type LegState,
	SILENT_MS,
} from "../../../src/core/signalling/leg";
import {
	encodeSignal,
	encodeSignalBody,
	parseSignal,
	parseSignalBody,
	type Refusal,
} from "../../../src/core/signalling/signals";
import type { Signal } from "../../../src/core/signalling/types";
import { verify } from "../../../src/core/signalling/verify";

type Entry = Directory["terminals"][string];

function readVectors<T>(name: string): T {
	const path = join(import.meta.dirname, "../../../../signalling/vectors", name);
	return JSON.parse(readFileSync(path, "utf8")) as T;
}

const directoryOf = (terminals: Entry[], relayKey?: string): Directory => {
	const roots = { terminals: Object.fromEntries(terminals.map((each) => [each.id, each])) };
	const directory = readDirectory(roots);
	return relayKey === undefined
		? directory
		: { ...directory, ward: { ...directory.ward, relay_key: relayKey } };
};

describe("signals.json", () => {
	const { signature, bodies, malformed, malformed_wire } = readVectors<{
		signature: string;
		bodies: { name: string; body: Signal; canonical: string; wire: string }[];
		malformed: { name: string; text: string }[];
		malformed_wire: { name: string; wire: string }[];
	}>("signals.json");

	test.each(bodies)("$name (SG1 to SG7)", ({ body, canonical, wire }) => {
		const bytes = encodeSignalBody(body);
		expect(new TextDecoder().decode(bytes)).toBe(canonical);
		expect(parseSignalBody(bytes)).toEqual(body);
		expect(encodeSignal(Uint8Array.from(Buffer.from(signature, "hex")), bytes)).toBe(wire);
		expect(parseSignal(wire).signal).toEqual(body);
	});

	test.each(malformed)("malformed: $name", ({ text }) => {
		expect(() => parseSignalBody(new TextEncoder().encode(text))).toThrow(
			expect.objectContaining({ name: "SignalError", reason: "malformed" }),
		);
	});

	test.each(malformed_wire)("malformed wire: $name", ({ wire }) => {
		expect(() => parseSignal(wire)).toThrow(expect.objectContaining({ name: "SignalError" }));
	});
});

describe("legs.json", () => {
	const legs = readVectors<{
		states: LegState[];
		events: LegEvent[];
		timeouts: Record<string, number>;
		inviting_most_ms: number;
		silent_ms: number;
		table: { name: string; state: LegState; event: LegEvent; next: LegState }[];
	}>("legs.json");

	test("every event fits where the table says, and nowhere else (SG21)", () => {
		for (const state of legs.states) {
			for (const event of legs.events) {
				const line = legs.table.find((each) => each.state === state && each.event === event);
				if (line?.next) expect(advance(state, event), `${state}: ${event}`).toBe(line.next);
				else expect(() => advance(state, event), `${state}: ${event}`).toThrow("does not fit");
			}
		}
	});

	test("times (SG22, SG23)", () => {
		expect(LEG_TIMEOUTS_MS).toEqual(legs.timeouts);
		const { inviting = 0, ringing = 0 } = LEG_TIMEOUTS_MS;
		expect(inviting + ringing).toBe(legs.inviting_most_ms);
		expect(SILENT_MS).toBe(legs.silent_ms);
	});
});

describe("allowed.json", () => {
	const { pairs, hub, terminals, plans } = readVectors<{
		pairs: {
			name: string;
			a: Entry;
			b: Entry;
			allowed: boolean;
			mesh: boolean;
			talk: boolean;
			dials: string | null;
		}[];
		hub: { name: string; terminal: Entry; relay_key: string | null; allowed: boolean }[];
		terminals: Record<string, Entry>;
		plans: { name: string; self: string; planned: string[] }[];
	}>("allowed.json");

	test.each(pairs)("$name (SG8, SG10)", ({ a, b, ...expected }) => {
		const [one, other] = [a, b].map(
			(each) => readDirectory({ t: 0, terminals: { [each.id]: each } }).terminals[each.id] as Entry,
		) as [Entry, Entry];
		const directory = directoryOf([a, b]);
		for (const [x, y] of [
			[one, other],
			[other, one],
		] as const) {
			expect(meshPair(x, y)).toBe(expected.mesh);
			expect(talkPair(x, y)).toBe(expected.talk);
			expect(allowed(x.id, y.id, directory)).toBe(expected.allowed);
		}
		if (expected.dials !== null) {
			expect(dials(one, other)).toBe(expected.dials === one.id);
			expect(dials(other, one)).toBe(expected.dials === other.id);
		}
	});

	test.each(hub)("the hub's relay and $name (SG9)", ({ terminal, relay_key, allowed: may }) => {
		const directory = directoryOf([terminal], relay_key ?? undefined);
		expect(allowed(terminal.id, "hub", directory)).toBe(may);
		expect(allowed("hub", terminal.id, directory)).toBe(may);
	});

	test.each(plans)("the plan $name (SG10)", ({ self, planned: expected }) => {
		expect(planned(self, directoryOf(Object.values(terminals)))).toEqual(expected);
	});
});

describe("inbox.json", () => {
	const { self, ward, cases } = readVectors<{
		self: string;
		ward: string;
		cases: { name: string; steps: { now: number; signal: Signal; verdict: Refusal | null }[] }[];
	}>("inbox.json");

	test.each(cases)("$name (SG11 to SG15)", ({ steps }) => {
		const inbox = new Inbox(self, ward);
		expect(steps.map(({ signal, now }) => inbox.accept(signal, now))).toEqual(
			steps.map(({ verdict }) => verdict),
		);
	});
});

describe("relay.json", () => {
	const { ward, roots, cases } = readVectors<{
		ward: string;
		roots: { ward: { relay_key: string }; terminals: Record<string, Entry> };
		cases: { name: string; wire: string; verdict: Refusal | null }[];
	}>("relay.json");
	const directory = directoryOf(Object.values(roots.terminals), roots.ward.relay_key);

	test.each(cases)("$name (SG11)", async ({ wire, verdict }) => {
		const parsed = parseSignal(wire);
		const refusal = judge(parsed.signal, ward, directory);
		const held = refusal === null && (await holds(parsed, directory, verify));
		expect(refusal ?? (held ? null : "bad_signature")).toBe(verdict);
	});
});
