/** A small ward behind the fake hub: directory, settings, facts that are taken and answered, and the HTTP side of identity. */

import { factId, fromWire } from "../../../src/core/calls/facts";
import type { Tone } from "../../../src/core/calls/types";
import { fillValues, valuesOf } from "../../../src/core/documents/values";
import { nonce } from "../../../src/core/facts/signing";
import { Api } from "../../../src/core/identity/api";
import { Listeners } from "../../../src/core/links/link";
import { Store } from "../../../src/core/store/store";
import type { Media } from "../../../src/core/talk/port";
import { WardTerminal } from "../../../src/core/terminal";
import type { Sounder, TerminalParts } from "../../../src/core/terminal_parts";
import type {
	InputName,
	KeyName,
	SelfInfo,
	Shell,
	TerminalState,
} from "../../../src/core/terminal_types";
import { FakeHub, FakeLink, FakeTicker, rest } from "./fake_hub";

export const WARD = "thoracic";
export const ROOM_CALLS = `ward/${WARD}/room/r01/calls`;
type Known = Omit<SelfInfo, "terminal" | "ward" | "name" | "profile">;
const TERMINALS: Record<string, Known> = {
	"bed-b01": { kind: "bedside", room: "r01", bed: "b01" },
	"door-r01": { kind: "door", room: "r01", bed: null },
	"station-main": { kind: "station", room: null, bed: null },
	"pda-01": { kind: "pda", room: null, bed: null },
};

function selfOf(terminal: string): SelfInfo {
	const known = TERMINALS[terminal];
	if (!known) throw new Error(`no terminal ${terminal}`);
	return { ...known, terminal, ward: WARD, name: terminal, profile: known.kind };
}

export class FakeWard {
	readonly hub = new FakeHub();
	/** Reason to refuse a fact, or null. */
	judge: () => string | null = () => null;
	storageFull = false;
	online = true;
	revoked = false;
	private readonly taken = new Map<string, number>();

	constructor() {
		const { hub } = this;
		const roots = {
			ward: { id: WARD, name: "胸外科", escalation_ms: [30_000, 60_000, 120_000] },
			rooms: { r01: { id: "r01", name: "701", order: 1, beds: ["b01"] } },
			beds: { b01: { id: "b01", label: "1", room: "r01", order: 1, priority: "routine" } },
			terminals: Object.fromEntries(
				Object.entries(TERMINALS).map(([id, { kind, room, bed }]) => [
					id,
					{
						id,
						kind,
						profile: kind,
						state: "active",
						supervised: true,
						...(room && { room }),
						...(bed && { bed }),
					},
				]),
			),
		};
		this.fill(`ward/${WARD}/directory`, roots);
		this.fill(`ward/${WARD}/bed/b01/directory`, { ...roots, self: { bed: "b01", stay: "s1" } });
		this.fill("stay/s1/card", { card: { stay: "s1", name: "张三" } });
		this.fill("stay/s2/card", { card: { stay: "s2", name: "李四" } });
		this.fill(`ward/${WARD}/beds`, { beds: { b01: "s1" } });
		const type = (id: string, priority: string, tone: string, placed_by: string[]) => ({
			id,
			zh: id,
			en: id,
			priority,
			tone,
			light: "steady",
			clear: "tender",
			may_talk: true,
			placed_by,
		});
		this.fill(`ward/${WARD}/settings`, {
			settings: { night: { from: "21:00", to: "06:00" } },
			call_types: {
				patient: type("patient", "routine", "low", ["bedside"]),
				bathroom: type("bathroom", "urgent", "medium", ["door"]),
				code: type("code", "code", "high", ["door", "pda", "station"]),
			},
		});
		hub.scope = () => "readonly";
		hub.stateless = (document, payload) => {
			if (payload.t === "facts") void this.take(document, payload.facts as string[]);
			return [];
		};
	}

	/** tokens asked for so far */
	tokens = 0;

	fill(name: string, roots: Record<string, object>): void {
		this.hub.edit(name, (doc) => {
			for (const [root, values] of Object.entries(roots)) {
				fillValues(doc, root, { ...valuesOf(doc, root), ...values });
			}
		});
	}

	/** Answers facts as the hub does: durable first, then `stored` and the document. */
	private async take(document: string, wires: string[]): Promise<void> {
		if (this.storageFull) {
			this.hub.broadcast(document, { t: "unstored", ids: [], reason: "storage" });
			return;
		}
		const reason = this.judge();
		for (const wire of wires) {
			const { bytes } = fromWire(wire);
			const id = await factId(bytes);
			if (reason !== null) {
				this.hub.broadcast(document, { t: "refused", refused: [{ id, index: 0, reason }] });
				continue;
			}
			const known = this.taken.get(id);
			const at = known ?? this.hub.now;
			this.taken.set(id, at);
			this.hub.broadcast(document, { t: "stored", heard: { [id]: at } });
			if (known === undefined) {
				this.hub.edit(document, (doc) => doc.getArray("facts").push([[wire, at, 0]]));
			}
		}
	}

	get facts(): number {
		return this.taken.size;
	}

	private readonly fetch: typeof fetch = async (input, init) => {
		if (!this.online) throw new TypeError("refused");
		const { pathname } = new URL(String(input));
		const body = JSON.parse(String(init?.body ?? "{}")) as Record<string, string>;
		const answer = (value: object, status = 200) => new Response(JSON.stringify(value), { status });
		switch (pathname) {
			case "/api/enrol":
				if (!body.code?.startsWith("code-")) {
					return answer({ error: { code: "code_invalid", message: "no" } }, 403);
				}
				return answer(selfOf(body.code.slice("code-".length)));
			case "/api/challenge":
				return answer({ challenge: "c" });
			case "/api/token":
				this.tokens += 1;
				if (this.revoked) {
					return answer({ error: { code: "terminal_unknown", message: "no" } }, 403);
				}
				return answer({
					token: "t",
					expires_at: this.hub.now + 600_000,
					now: this.hub.now,
					installation: "i1",
					generation: 1,
					terminal: selfOf(body.terminal ?? ""),
				});
			case "/api/staff/sign-in":
				if (body.password !== "secret") {
					return answer({ error: { code: "sign_in_refused", message: "no" } }, 403);
				}
				return answer({
					token: "nurse",
					expires_at: this.hub.now + 3_600_000,
					staff: { id: "n01", name: "王芳", role: "nurse" },
				});
			default:
				return answer({});
		}
	};

	readonly api = new Api("http://hub", (...args) => this.fetch(...args));
}

/** A terminal without connections never asks for sound or pictures. */
const noMedia = new Proxy({} as Media, {
	get: (_target, name) => {
		throw new Error(`nobody talks here: ${String(name)}`);
	},
});

export class FakeSounder implements Sounder {
	tone: Tone | null = null;
	muted = false;
	blocked = false;
	play(tone: Tone | null): void {
		this.tone = tone;
	}
	state(): "ok" | "blocked" | "muted" {
		return this.blocked ? "blocked" : this.muted ? "muted" : "ok";
	}
	async unlock(): Promise<void> {
		this.blocked = false;
	}
	setMuted(muted: boolean): void {
		this.muted = muted;
	}
	chime(): void {}
}

export class FakeShell implements Shell {
	readonly name = "simulator";
	light = false;
	private readonly keys = new Listeners<[KeyName]>();
	input: (input: InputName, state: "open" | "closed" | "fault") => void = () => {};
	key(key: KeyName): void {
		this.keys.emit(key);
	}
	onKey(listener: (key: KeyName) => void): () => void {
		return this.keys.add(listener);
	}
	onInput(listener: (input: InputName, state: "open" | "closed" | "fault") => void): () => void {
		this.input = listener;
		return () => {};
	}
	setLamp(): void {}
	setNightLight(on: boolean): void {
		this.light = on;
	}
	setBrightness(): void {}
}

export interface Machine {
	terminal: WardTerminal;
	link: FakeLink;
	ticker: FakeTicker;
	sounder: FakeSounder;
	shell: FakeShell;
	store: Store;
	states: TerminalState[];
	state(): TerminalState;
	/** A beat, and what follows from it. */
	beat(): Promise<void>;
}

/** Opens a terminal of the ward on the disk of `factory`; not yet connected. */
export async function openMachine(
	ward: FakeWard,
	slot: string,
	factory: IDBFactory,
	more: Partial<TerminalParts> = {},
): Promise<Machine> {
	const link = new FakeLink();
	const ticker = new FakeTicker();
	const sounder = new FakeSounder();
	const shell = new FakeShell();
	const store = await Store.open(slot, factory);
	const known = await store.meta("self");
	const marks = new Map<string, string>();
	const terminal = new WardTerminal({
		kind: selfOf(slot).kind,
		slot,
		version: "0",
		code: known === null ? `code-${slot}` : null,
		openStore: async () => store,
		openLink: () => link,
		ticker,
		api: ward.api,
		marks: {
			get: (name) => marks.get(name) ?? null,
			set: (name, value) => void marks.set(name, value),
		},
		sounder,
		shell,
		wall: () => ward.hub.now,
		monotonic: () => ward.hub.now,
		hold: async () => {},
		persist: async () => true,
		connections: null,
		certificate: async () => null,
		media: noMedia,
		random: () => 0.5,
		newId: nonce,
		...more,
	});
	const states: TerminalState[] = [];
	terminal.subscribe((state) => states.push(state));
	const machine = {
		terminal,
		link,
		ticker,
		sounder,
		shell,
		store,
		states,
		state: () => states.at(-1) as TerminalState,
		beat: async () => {
			ward.hub.now += 1_000;
			ticker.tick();
			await settle(ward);
		},
	};
	await settle(ward);
	return machine;
}

/** Opens a terminal and waits until it is enrolled and in step. */
export async function connectMachine(
	ward: FakeWard,
	slot: string,
	factory: IDBFactory,
): Promise<Machine> {
	const machine = await openMachine(ward, slot, factory);
	await machine.beat();
	ward.hub.connect(machine.link);
	await settle(ward);
	await machine.beat();
	return machine;
}

/** Lets work come to rest, frames included: the clock goes on so that nothing waits for one. */
export async function settle(ward: FakeWard): Promise<void> {
	for (let round = 0; round < 4; round++) {
		ward.hub.now += 20;
		await rest(10);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

/** Lets work go on until `check` holds; throws its last complaint when it never does. */
export async function eventually(ward: FakeWard, check: () => void): Promise<void> {
	for (let round = 0; ; round++) {
		try {
			check();
			return;
		} catch (error) {
			if (round === 50) throw error;
			await settle(ward);
		}
	}
}
