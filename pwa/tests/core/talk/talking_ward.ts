/** A ward of talks in one process: terminals on fake peers, rows and facts kept by hand, time let go by second by second. */
import { emptyDirectory } from "../../../src/core/calls/directory";
import type { CallRow, Directory, TerminalKind } from "../../../src/core/calls/types";
import type { Recording, TalkPort } from "../../../src/core/talk/port";
import { Talks } from "../../../src/core/talk/talks";
import type { TalkLeg } from "../../../src/core/talk/types";
import { FakeTicker } from "../fakes/fake_hub";
import { rest } from "./crypto_rest";
import { FakeMedia } from "./fake_media";
import { FakePeers } from "./fake_peers";

const PLACES: Record<string, { kind: TerminalKind; room?: string; bed?: string }> = {
	"bed-1": { kind: "bedside", room: "r1", bed: "b1" },
	"bed-2": { kind: "bedside", room: "r1", bed: "b2" },
	"door-1": { kind: "door", room: "r1" },
	"door-2": { kind: "door", room: "r2" },
	"pda-1": { kind: "pda" },
	"station-a": { kind: "station" },
	"station-b": { kind: "station" },
	"corridor-1": { kind: "corridor" },
};

export interface Fact {
	act: "answered" | "ended";
	calls: string[];
	talkMs: number | undefined;
}

export class FakeStore {
	readonly values = new Map<string, unknown>();
	/** the disk answers when this does; null: at once */
	gate: Promise<void> | null = null;
	async meta<T>(key: string): Promise<T | null> {
		await this.gate;
		return (this.values.get(key) as T | undefined) ?? null;
	}
	async metas<T>(prefix: string): Promise<{ key: string; value: T }[]> {
		return [...this.values]
			.filter(([key]) => key.startsWith(prefix))
			.map(([key, value]) => ({ key, value: value as T }));
	}
	/** names of what is kept of recordings */
	get recordings(): string[] {
		return [...this.values.keys()].filter((key) => key.startsWith("recording:"));
	}
	async putMeta(key: string, value: unknown): Promise<void> {
		this.values.set(key, value);
	}
	async dropMeta(key: string): Promise<void> {
		this.values.delete(key);
	}
}

export class TalkingTerminal {
	readonly id: string;
	readonly media = new FakeMedia();
	readonly peers: FakePeers;
	readonly store: FakeStore;
	readonly facts: Fact[] = [];
	readonly chimes: string[] = [];
	readonly uploads: Recording[] = [];
	readonly errors: unknown[] = [];
	upload: (recording: Recording) => Promise<void> = async () => {};
	/** recordings told as refused */
	readonly refused: { talk: string; reason: string }[] = [];
	readonly ticker = new FakeTicker();
	readonly talks: Talks;

	constructor(ward: TalkingWard, id: string, store = new FakeStore()) {
		this.id = id;
		this.store = store;
		this.peers = new FakePeers(id, ward.peers);
		const place = PLACES[id] ?? { kind: "bedside" as const, room: "r3", bed: id };
		const port: TalkPort = {
			self: {
				terminal: id,
				profile: place.kind,
				name: id,
				ward: "w",
				kind: place.kind,
				room: place.room ?? null,
				bed: place.bed ?? null,
			},
			get camera() {
				return ward.directory.terminals[id]?.camera === true;
			},
			directory: () => ward.directory,
			rows: () => ward.rows,
			peers: this.peers,
			hubThere: () => ward.hubThere,
			make: async (act, row, { talkMs }) => {
				this.facts.push({ act, calls: row.calls, talkMs });
				ward.trace.push(`${id} ${act}`);
			},
			media: this.media,
			now: () => 1_000_000 + ward.time,
			monotonic: () => ward.time,
			ticker: this.ticker,
			sounds: { chime: (kind) => this.chimes.push(kind) },
			store,
			upload: (recording) => {
				this.uploads.push(recording);
				return this.upload(recording);
			},
			refused: async (talk, reason) => void this.refused.push({ talk, reason }),
			talkId: () => ward.nextTalk(),
			failed: (error) => this.errors.push(error),
		};
		this.talks = new Talks(port);
	}

	/** The newest leg. */
	get leg(): TalkLeg {
		const [leg] = this.talks.state.legs;
		if (leg === undefined) throw new Error(`${this.id} has no leg`);
		return leg;
	}
	get states(): string[] {
		return this.talks.state.legs.map(({ state }) => state);
	}
	get ended(): Fact[] {
		return this.facts.filter(({ act }) => act === "ended");
	}
}

/** A ward with bed-1 and station-a open: what most tests of talks begin with. */
export async function bedAndStation(): Promise<{
	ward: TalkingWard;
	bed: TalkingTerminal;
	station: TalkingTerminal;
}> {
	const ward = new TalkingWard();
	return { ward, bed: await ward.open("bed-1"), station: await ward.open("station-a") };
}

export class TalkingWard {
	readonly peers = new Map<string, FakePeers>();
	readonly terminals = new Map<string, TalkingTerminal>();
	readonly directory: Directory = emptyDirectory();
	readonly trace: string[] = [];
	rows: CallRow[] = [];
	time = 0;
	hubThere = true;
	private talk = 0;

	constructor() {
		this.directory.ward = { ...this.directory.ward, id: "w", talk_limit_ms: 120_000, video: false };
		this.directory.ward.recording = false;
		for (const id of Object.keys(PLACES)) this.enter(id);
		for (const [id, clear] of [
			["patient", "tender"],
			["station", "tender"],
			["bathroom", "strict"],
		] as const) {
			this.directory.call_types[id] = {
				id,
				zh: id,
				en: id,
				priority: "routine",
				tone: "low",
				light: "steady",
				clear,
				may_talk: id !== "bathroom",
				placed_by: ["bedside"],
			};
		}
	}

	/** Another bed, known to the directory. */
	enter(id: string): void {
		const { kind, room, bed } = PLACES[id] ?? { kind: "bedside" as const, room: "r3", bed: id };
		this.directory.terminals[id] = {
			id,
			kind,
			profile: kind,
			state: "active",
			supervised: true,
			...(room && { room }),
			...(bed && { bed }),
		};
	}

	async open(id: string, store?: FakeStore): Promise<TalkingTerminal> {
		const terminal = new TalkingTerminal(this, id, store);
		this.terminals.set(id, terminal);
		await rest();
		return terminal;
	}

	/** Its page is gone without a word. */
	kill(id: string): void {
		const terminal = this.terminals.get(id);
		if (terminal) terminal.peers.down = true;
		this.terminals.delete(id);
		this.peers.delete(id);
		for (const other of this.peers.values()) other.links.delete(id);
	}

	/** A press at a bed of room r1, or elsewhere. */
	press(source = "bed:b1", terminal = "bed-1", type = "patient"): CallRow {
		const call = (this.rows.length + 1).toString(16).padStart(32, "0");
		const row: CallRow = {
			id: call,
			calls: [call],
			terminals: [terminal],
			ward: "w",
			room: "r1",
			source,
			bed: source.startsWith("bed:") ? source.slice(4) : null,
			type,
			purpose: null,
			to: null,
			terminal,
			state: "waiting",
			class: 3,
			tone: "low",
			light: "steady",
			at: 1_000_000 + this.time,
			approx: false,
			orderAt: this.time,
			newestAt: 1_000_000 + this.time,
			count: 1,
			heardAt: null,
			verified: true,
			missed: false,
			ringing: true,
			level: 0,
			asked: [],
			declinedBy: [],
			received: null,
			taken: null,
			talking: null,
			attended: null,
			policy: "tender",
			restsOn: [],
			supported: false,
		};
		this.rows = [...this.rows, row];
		for (const { talks } of this.terminals.values()) talks.boardChanged();
		return row;
	}

	/** The station answers a press of the bed and both talk; returns the talk. */
	async talking(from = "station-a", to = "bed-1"): Promise<string> {
		const [station, bed] = [this.terminals.get(from), this.terminals.get(to)];
		if (!station || !bed) throw new Error(`${from} or ${to} is not open`);
		await station.talks.answer(this.press());
		await rest();
		const { talk, state } = station.leg;
		if (state !== "open" || bed.leg.state !== "open") throw new Error(`the talk is ${state}`);
		return talk;
	}

	/** Seconds go by, with their ticks and their sound. */
	async pass(seconds: number): Promise<void> {
		for (let second = 0; second < seconds; second += 1) {
			this.time += 1_000;
			for (const peers of this.peers.values()) {
				for (const link of peers.links.values()) link.flow(1_000);
			}
			for (const { ticker } of [...this.terminals.values()]) ticker.tick();
			await rest();
		}
	}

	nextTalk(): string {
		this.talk += 1;
		return this.talk.toString(16).padStart(16, "0");
	}
}
