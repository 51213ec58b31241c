/** Terminals joined in one process by channels that can be cut, deaf or slow, with a small hub beside them. */
import { IDBFactory } from "fake-indexeddb";
import { afterEach, expect, vi } from "vitest";
import { readDirectory } from "../../../src/core/calls/directory";
import { fold } from "../../../src/core/calls/fold";
import type { Board, Directory, FactBody } from "../../../src/core/calls/types";
import { FactStore } from "../../../src/core/facts/fact_store";
import { Outbox } from "../../../src/core/facts/outbox";
import { nonce, type SignedFact, signFact, signWith } from "../../../src/core/facts/signing";
import { publicPoint } from "../../../src/core/identity/keys";
import { Listeners } from "../../../src/core/links/link";
import { Gossip } from "../../../src/core/mesh/gossip";
import type { Neighbours } from "../../../src/core/mesh/types";
import { decode, encode } from "../../../src/core/protocol/codec";
import type { Message } from "../../../src/core/protocol/messages";
import * as names from "../../../src/core/protocol/names";
import { parseObject } from "../../../src/core/replica/provider";
import { verify } from "../../../src/core/signalling/verify";
import { Store } from "../../../src/core/store/store";
import type { SelfInfo } from "../../../src/core/terminal_types";
import { type Roots, readVectors } from "../calls/vectors";
import { FakeTicker } from "../fakes/fake_hub";

export const WARD = "thoracic";
export const R01 = names.calls(WARD, "r01");
export const R02 = names.calls(WARD, "r02");
const T0 = 1_800_000_000_000;

export interface Sent {
	from: string;
	to: string;
	document: string;
	frame: { t: string; facts?: string[]; ids?: string[]; by?: string };
}

/** Channels between terminals. Frames go through the codec and arrive in a later turn, in order. */
export class Mesh {
	readonly ends = new Map<string, End>();
	readonly sent: Sent[] = [];
	readonly drops: [by: string, terminal: string, reason: string][] = [];
	/** True: the frame is lost, though the link seems to live. */
	loses: (sent: Sent) => boolean = () => false;
	private readonly links = new Set<string>();

	join(one: string, other: string): void {
		this.links.add(pair(one, other));
		this.ends.get(one)?.changes.emit(other, true);
		this.ends.get(other)?.changes.emit(one, true);
	}

	cut(one: string, other: string): void {
		if (!this.links.delete(pair(one, other))) return;
		this.ends.get(one)?.changes.emit(other, false);
		this.ends.get(other)?.changes.emit(one, false);
	}

	joined(one: string, other: string): boolean {
		return this.links.has(pair(one, other));
	}

	carry(from: string, to: string, message: Message): boolean {
		if (!this.joined(from, to)) return false;
		const bytes = encode(message);
		if (message.type === "stateless") {
			const frame = (parseObject(message.payload) ?? { t: "" }) as Sent["frame"];
			const sent = { from, to, document: message.address, frame };
			this.sent.push(sent);
			if (this.loses(sent)) return true;
		}
		queueMicrotask(() => {
			if (this.joined(from, to)) this.ends.get(to)?.received.emit(from, decode(bytes));
		});
		return true;
	}

	/** Frames of a kind from one to another so far. */
	count(t: string, from: string, to: string): number {
		return this.sent.filter((each) => each.frame.t === t && each.from === from && each.to === to)
			.length;
	}
}

export class End implements Neighbours {
	readonly received = new Listeners<[string, Message]>();
	readonly changes = new Listeners<[string, boolean]>();
	private readonly mesh: Mesh;
	private readonly id: string;

	constructor(mesh: Mesh, id: string) {
		this.mesh = mesh;
		this.id = id;
		mesh.ends.set(id, this);
	}
	alive(): string[] {
		return [...this.mesh.ends.keys()].filter((each) => this.mesh.joined(this.id, each)).sort();
	}
	planned(): string[] {
		return [...this.mesh.ends.keys()].filter((each) => each !== this.id).sort();
	}
	send(terminal: string, message: Message): boolean {
		return this.mesh.carry(this.id, terminal, message);
	}
	drop(terminal: string, reason: string): void {
		this.mesh.drops.push([this.id, terminal, reason]);
		this.mesh.cut(this.id, terminal);
	}
}

export interface Node {
	self: SelfInfo;
	neighbours: End;
	store: Store;
	facts: FactStore;
	outbox: Outbox;
	gossip: Gossip;
	ticker: FakeTicker;
	hub: { connected: boolean };
	key: CryptoKey;
	withoutHub: Set<string>;
	failures: unknown[];
}

export class GossipWard {
	readonly mesh = new Mesh();
	readonly nodes = new Map<string, Node>();
	now = T0;
	/** What the hub took: id → wire. */
	readonly hubFacts = new Map<string, { wire: string; heardAt: number }>();
	/** Facts frames the hub was sent. */
	readonly handed: [from: string, facts: string[]][] = [];
	/** Why the hub refuses a fact; null: it takes it. */
	hubJudges: (id: string) => string | null = () => null;
	private readonly roots: Roots;
	private readonly keys = new Map<string, CryptoKey>();
	directory: Directory;

	private constructor() {
		this.roots = structuredClone(readVectors<{ roots: Roots }>("folds.json").roots);
		this.directory = readDirectory(this.roots);
	}

	/** A ward of these terminals, each with its key in the directory, none joined to another. */
	static async open(...ids: string[]): Promise<GossipWard> {
		const ward = new GossipWard();
		for (const id of ids) await ward.enrol(id);
		for (const id of ids) await ward.start(id);
		return ward;
	}

	node(id: string): Node {
		const node = this.nodes.get(id);
		if (!node) throw new Error(`no terminal ${id}`);
		return node;
	}

	join(...pairs: [string, string][]): void {
		for (const [one, other] of pairs) this.mesh.join(one, other);
	}

	board(id: string): Board {
		return fold(this.node(id).facts.facts(), this.directory, null, this.now);
	}

	/** Seconds pass, one tick each. */
	async advance(seconds: number): Promise<void> {
		for (let second = 0; second < seconds; second++) {
			this.now += 1_000;
			for (const node of this.nodes.values()) node.ticker.tick();
			await turn();
		}
	}

	/** A body with the usual values, of a terminal's hand in its room. */
	body(id: string, act: FactBody["act"], keys: Partial<FactBody> = {}): FactBody {
		const { room } = this.node(id).self;
		return {
			act,
			at: this.now,
			calls: [],
			clock: "hub",
			nonce: nonce(),
			terminal: id,
			ward: WARD,
			...(room !== null && { room }),
			...keys,
		};
	}

	pressBody(id: string, keys: Partial<FactBody> = {}): FactBody {
		const source = `bed:${this.node(id).self.bed}`;
		return this.body(id, "placed", { source, type: "patient", ...keys });
	}

	clearBody(id: string, calls: string[], room = "r01"): FactBody {
		return this.body(id, "cleared", { calls, room, policy: "tender", way: "remote" });
	}

	sign(body: FactBody, by = body.terminal): Promise<SignedFact> {
		const key = this.keys.get(by);
		if (!key) throw new Error(`no key of ${by}`);
		return signFact(body, signWith(key));
	}

	/** A terminal makes a fact, as a hand does. Resolves when it is on its disk. */
	async make(body: FactBody): Promise<SignedFact> {
		const fact = await this.sign(body);
		await this.node(body.terminal).outbox.put(fact, names.calls(body.ward, body.room ?? null));
		return fact;
	}

	press(id: string): Promise<SignedFact> {
		return this.make(this.pressBody(id));
	}

	/** Sends a frame in a terminal's name, whatever its gossip would say to that. */
	inject(from: string, to: string, document: string, payload: object | string): void {
		const text = typeof payload === "string" ? payload : JSON.stringify(payload);
		this.mesh.carry(from, to, { type: "stateless", address: document, payload: text });
	}

	holders(id: string, fact: SignedFact): string[] {
		return this.node(id).gossip.heldBy(fact.id);
	}

	knows(id: string, fact: { id: string }): boolean {
		return this.node(id).facts.isKept(fact.id);
	}

	setHub(connected: boolean, ...ids: string[]): void {
		for (const id of ids) this.node(id).hub.connected = connected;
	}

	async revoke(id: string): Promise<void> {
		this.change(id, { state: "revoked", key: undefined });
	}

	change(id: string, values: object): void {
		const terminals = this.roots.terminals as Record<string, object>;
		terminals[id] = { ...terminals[id], ...values };
		this.directory = readDirectory(this.roots);
	}

	private async enrol(id: string): Promise<void> {
		const how = { name: "ECDSA", namedCurve: "P-256" };
		const pair = await crypto.subtle.generateKey(how, false, ["sign", "verify"]);
		this.keys.set(id, pair.privateKey);
		this.change(id, { key: await publicPoint(pair) });
	}

	private async start(id: string): Promise<void> {
		const entry = this.directory.terminals[id];
		const key = this.keys.get(id);
		if (!entry || !key) throw new Error(`${id} is not in the vectors' ward`);
		const { kind, profile, room = null, bed = null } = entry;
		const self = { terminal: id, kind, profile, ward: WARD, room, bed };
		const store = await Store.open(id, new IDBFactory());
		const failures: unknown[] = [];
		const failed = (error: unknown) => failures.push(error);
		const facts = new FactStore(store, failed);
		const hub = {
			connected: false,
			send: (document: string, payload: unknown) =>
				hub.connected && this.hubTakes(id, document, payload),
		};
		const clock = { now: () => this.now, monotonic: () => this.now - T0 };
		const outbox = new Outbox(store, facts, { send: hub.send, ...clock, failed });
		const ticker = new FakeTicker();
		const neighbours = new End(this.mesh, id);
		const withoutHub = new Set<string>();
		const gossip = new Gossip({
			neighbours,
			facts,
			self: self as SelfInfo,
			directory: () => this.directory,
			verify,
			hub,
			withoutHub: (terminal) => withoutHub.has(terminal),
			...clock,
			ticker,
			failed,
		});
		const node = {
			self: self as SelfInfo,
			neighbours,
			store,
			facts,
			outbox,
			gossip,
			ticker,
			hub,
			key,
		};
		this.nodes.set(id, { ...node, withoutHub, failures });
	}

	/** The hub answers the sender and tells all that are joined. */
	private hubTakes(from: string, document: string, payload: unknown): boolean {
		const { facts = [] } = payload as { facts?: string[] };
		this.handed.push([from, facts]);
		void Promise.all(
			facts.map(async (wire) => {
				const bytes = Uint8Array.from(atob(wire), (each) => each.charCodeAt(0)).slice(64);
				const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).slice(0, 16);
				const id = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
				const reason = this.hubJudges(id);
				const answer = reason
					? { t: "refused", refused: [{ id, index: 0, reason }] }
					: { t: "stored", heard: { [id]: this.now } };
				if (!reason) this.hubFacts.set(id, { wire, heardAt: this.now });
				for (const [name, node] of this.nodes) {
					if (!node.hub.connected) continue;
					if (reason || name === from) node.outbox.receive(document, JSON.stringify(answer));
					else if (node.self.room === null || document === names.calls(WARD, node.self.room)) {
						void node.facts.hear([[wire, this.now, 0]], this.now);
					}
				}
			}),
		);
		return true;
	}
}

function pair(one: string, other: string): string {
	return [one, other].sort().join("|");
}

async function turn(): Promise<void> {
	for (let round = 0; round < 6; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until `check` holds. */
export function eventually(check: () => void): Promise<void> {
	return vi.waitFor(check, { interval: 2, timeout: 4_000 });
}

const opened: GossipWard[] = [];

/** `GossipWard.open`, closed after the test; what failed inside fails it. */
export async function openWard(...ids: string[]): Promise<GossipWard> {
	const ward = await GossipWard.open(...ids);
	opened.push(ward);
	return ward;
}

afterEach(() => {
	for (const ward of opened.splice(0)) {
		for (const { gossip, failures, store } of ward.nodes.values()) {
			gossip.close();
			store.close();
			expect(failures).toEqual([]);
		}
	}
});

export const BED = "bed-b01";
export const DOOR = "door-r01";
export const STATION = "station-main";
export const CORRIDOR = "corridor-1";

/** The bed's room: bed with door and station, door with station and corridor. */
export async function room(...more: string[]): Promise<GossipWard> {
	const ward = await openWard(BED, DOOR, STATION, CORRIDOR, ...more);
	ward.join([BED, DOOR], [BED, STATION], [DOOR, STATION], [DOOR, CORRIDOR]);
	return ward;
}
