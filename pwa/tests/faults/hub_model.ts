/**
 * An honest hub: the frames, the order of log, fan-out and answer, and the judgement of facts are the real hub's
 * (ward_hub/calls/service.py). What it has appended outlives its process; all else goes with it.
 */

import {
	Awareness,
	applyAwarenessUpdate,
	encodeAwarenessUpdate,
	removeAwarenessStates,
} from "y-protocols/awareness";
import * as Y from "yjs";
import { lives } from "../../src/core/calls/call_life";
import { judge } from "../../src/core/calls/entitlement";
import { factId, fromWire } from "../../src/core/calls/facts";
import { leaving } from "../../src/core/calls/retention";
import type { Directory, FactBody, HeardFact } from "../../src/core/calls/types";
import { fillValues } from "../../src/core/documents/values";
import { decode, encode } from "../../src/core/protocol/codec";
import { HUB, type Message } from "../../src/core/protocol/messages";
import * as names from "../../src/core/protocol/names";
import { allowed } from "../../src/core/signalling/allowed";
import { parseSignal } from "../../src/core/signalling/signals";
import { verify } from "../../src/core/signalling/verify";
import type { SelfInfo } from "../../src/core/terminal_types";
import type { HubSide, Listening } from "./cables";
import { BEGIN } from "./platform";
import type { Seeded } from "./seeded";
import type { VirtualTime } from "./virtual_time";
import { directoryOf, mayKnow, WARD, type WardPlan } from "./ward_plan";

/** A fact as the log has it. */
export interface Taken {
	id: string;
	wire: string;
	body: FactBody;
	heardAt: number;
	document: string;
}

/** What outlives the hub's process. */
export class HubDisk {
	readonly facts = new Map<string, Taken>();
	/** the same as a fold reads them */
	readonly heard = new Map<string, HeardFact>();
	/** call → facts that name it, its own press among them */
	readonly naming = new Map<string, Set<string>>();
	readonly idOf = new Map<string, string>();
	/** document → Yjs updates */
	readonly updates = new Map<string, Uint8Array[]>();
	readonly refused = new Map<string, string>();
	/** ms an append takes, typical */
	appendMs = 3;
	full = false;
	/** loses what it has appended: to show that the harness notices */
	forgetful = false;

	constructor(plan: WardPlan) {
		for (const [name, roots] of Object.entries(plan.documents)) {
			const doc = new Y.Doc();
			for (const [root, values] of Object.entries(roots)) {
				fillValues(doc, root, values as Record<string, unknown>);
			}
			this.updates.set(name, [Y.encodeStateAsUpdate(doc)]);
		}
	}

	keep(taken: Taken): void {
		const { id, body, heardAt, wire } = taken;
		this.facts.set(id, taken);
		this.idOf.set(wire, id);
		this.heard.set(id, { id, body, heardAt, seenAt: heardAt, verified: true, missed: false });
		for (const call of [id, ...body.calls]) {
			const naming = this.naming.get(call);
			if (naming) naming.add(id);
			else this.naming.set(call, new Set([id]));
		}
	}

	/** Facts about these calls. */
	about(calls: Iterable<string>): HeardFact[] {
		const ids = new Set([...calls].flatMap((call) => [...(this.naming.get(call) ?? [])]));
		return [...ids].flatMap((id) => this.heard.get(id) ?? []);
	}
}

interface Peer {
	end: HubSide;
	terminal: SelfInfo | null;
	joined: Set<string>;
	heardAt: number;
	toldAt: number;
	/** Yjs client ids it announces */
	clients: Set<number>;
	open: boolean;
}

const TOKEN_MS = 600_000;
const SILENT_MS = 10_000;
const PING_AFTER_MS = 1_500;
const PRUNE_EVERY_MS = 60_000;
const INSTALLATION = "i1";

export class HubModel implements Listening {
	dead = false;
	readonly peers = new Set<Peer>();
	/** Called between a durable append and its answer. */
	appended: () => void = () => {};
	private readonly disk: HubDisk;
	private readonly plan: WardPlan;
	private readonly time: VirtualTime;
	private readonly chance: Seeded;
	private readonly documents = new Map<string, Y.Doc>();
	private readonly presence: Awareness;
	/** frames of each calls document that wait for their turn */
	private readonly turns = new Map<string, (() => Promise<void>)[]>();
	readonly directory: Directory;

	constructor(plan: WardPlan, disk: HubDisk, time: VirtualTime, chance: Seeded) {
		this.plan = plan;
		this.disk = disk;
		this.time = time;
		this.chance = chance;
		const before = time.owner;
		time.owner = this;
		for (const [name, updates] of disk.updates) {
			disk.updates.set(name, [Y.mergeUpdates(updates)]);
			const doc = new Y.Doc();
			for (const update of updates) Y.applyUpdate(doc, update);
			this.documents.set(name, doc);
		}
		this.presence = new Awareness(new Y.Doc());
		this.presence.setLocalState(null);
		this.directory = directoryOf(plan);
		setInterval(() => this.beat(), 500);
		setInterval(() => this.prune(), PRUNE_EVERY_MS);
		time.owner = before;
	}

	now(): number {
		return BEGIN + Math.floor(this.time.now);
	}

	http(path: string, body: Record<string, string>): { status: number; body: object } {
		const terminal = this.selfOf(body.terminal ?? "");
		if (path === "/api/challenge") return { status: 200, body: { challenge: "c" } };
		if (path !== "/api/token" || terminal === null) {
			return { status: 404, body: { error: { code: "not_found", message: path } } };
		}
		const now = this.now();
		const expires_at = now + TOKEN_MS;
		const token = `${terminal.terminal} ${expires_at}`;
		const hub = { installation: INSTALLATION, generation: 1 };
		return { status: 200, body: { token, expires_at, now, ...hub, terminal, ice_servers: [] } };
	}

	accept(end: HubSide): void {
		const now = this.time.now;
		const peer: Peer = {
			end,
			terminal: null,
			joined: new Set(),
			heardAt: now,
			toldAt: now,
			clients: new Set(),
			open: true,
		};
		this.peers.add(peer);
		end.onframe = (frame) => {
			peer.heardAt = this.time.now;
			if (peer.open) this.receive(peer, decode(frame));
		};
		end.onclose = () => this.leave(peer);
		const hello = { t: "hello", installation: INSTALLATION, generation: 1, now: this.now() };
		this.tell(peer, HUB, { ...hello, version: "1" });
	}

	private selfOf(terminal: string): SelfInfo | null {
		return this.plan.terminals.find(({ self }) => self.terminal === terminal)?.self ?? null;
	}

	private receive(peer: Peer, message: Message): void {
		if (message.type === "ping") this.send(peer, { type: "pong" });
		if (message.type === "ping" || message.type === "pong") return;
		const { address } = message;
		if (address === HUB) {
			if (message.type !== "stateless") return;
			const { sent } = JSON.parse(message.payload) as { sent: number };
			const storage = this.disk.full ? "full" : "ok";
			this.tell(peer, HUB, { t: "time", sent, now: this.now(), storage });
			return;
		}
		if (message.type === "token") this.join(peer, address, message.token);
		else if (peer.joined.has(address)) this.receiveAt(peer, address, message);
	}

	private join(peer: Peer, address: string, token: string): void {
		const [terminal = "", expires = "0"] = token.split(" ");
		const self = this.selfOf(terminal);
		const fits = self !== null && Number(expires) > this.now() && mayRead(self, address);
		if (!fits) {
			peer.joined.delete(address);
			this.send(peer, { type: "denied", address, reason: "permission-denied" });
			return;
		}
		if (peer.terminal === null) {
			for (const other of [...this.peers]) {
				if (other !== peer && other.terminal?.terminal === terminal) this.drop(other, 4205);
			}
		}
		peer.terminal = self;
		const anew = !peer.joined.has(address);
		peer.joined.add(address);
		const scope = address === names.presence(WARD) ? "read-write" : "readonly";
		this.send(peer, { type: "authenticated", address, scope });
		if (anew && address === names.presence(WARD) && self.kind !== "bedside") {
			const present = [...this.presence.getStates().keys()];
			const payload = encodeAwarenessUpdate(this.presence, present);
			if (present.length > 0) this.send(peer, { type: "awareness", address, payload });
		}
	}

	private receiveAt(peer: Peer, address: string, message: Message): void {
		const doc = this.document(address);
		switch (message.type) {
			case "sync_step1": {
				const { stateVector } = message;
				this.send(peer, { type: "sync_step1", address, stateVector: Y.encodeStateVector(doc) });
				const update = Y.encodeStateAsUpdate(doc, stateVector);
				this.send(peer, { type: "sync_step2", address, update });
				break;
			}
			case "sync_step2":
			case "update": {
				// Terminals of this harness write no documents: there is never anything new.
				this.send(peer, { type: "sync_status", address, stored: message.type === "sync_step2" });
				break;
			}
			case "awareness":
				this.announce(peer, address, message.payload);
				break;
			case "stateless":
				this.stateless(peer, address, JSON.parse(message.payload) as Record<string, unknown>);
				break;
			case "close":
				peer.joined.delete(address);
				if (address === names.presence(WARD)) this.unannounce(peer);
				break;
		}
	}

	private stateless(peer: Peer, address: string, payload: Record<string, unknown>): void {
		if (names.isCallsDocument(address)) {
			if (payload.t === "facts") {
				this.inTurn(address, () => this.take(peer, address, payload.facts as string[]));
			} else if (payload.t === "open") {
				const facts = (payload.ids as string[]).flatMap((id) => this.closing(id));
				this.tell(peer, address, { t: "closing", facts });
			}
		} else if (address === names.presence(WARD) && payload.t === "signal") {
			for (const wire of payload.signals as string[]) void this.relay(peer, wire, payload.hops);
		}
	}

	/** A signal goes to whom it is for, verified (SG). */
	private async relay(peer: Peer, text: string, hops: unknown): Promise<void> {
		const address = names.presence(WARD);
		const { signal, signature, bytes } = parseSignal(text);
		const { from, to } = signal;
		const key = this.directory.terminals[from]?.key ?? "";
		const signed = await verify(key, signature, bytes);
		if (!signed || !allowed(from, to, this.directory)) {
			const reason = signed ? "not_allowed" : "bad_signature";
			this.tell(peer, address, { t: "signal_refused", reason, to });
			return;
		}
		const found = this.readers(address).filter((each) => each.terminal?.terminal === to);
		for (const each of found) this.tell(each, address, { t: "signal", hops, signals: [text] });
		if (found.length === 0) this.tell(peer, address, { t: "unreachable", to: [to] });
	}

	/** Frames at one calls document are served one after the other. */
	private inTurn(address: string, work: () => Promise<void>): void {
		const waiting = this.turns.get(address);
		if (waiting !== undefined) {
			waiting.push(work);
			return;
		}
		const queue: (() => Promise<void>)[] = [];
		this.turns.set(address, queue);
		const next = (): void => {
			const again = queue.shift();
			if (again === undefined) this.turns.delete(address);
			else void again().then(next);
		};
		void work().then(next);
	}

	/** Judged, on disk, told, answered: in this order, and a kill may come between any two. */
	private async take(peer: Peer, address: string, wires: string[]): Promise<void> {
		const heard: Record<string, number> = {};
		const refused: { id: string; index: number; reason: string }[] = [];
		const fresh = new Map<string, Taken>();
		const at = this.now();
		for (const [index, wire] of wires.entries()) {
			const { bytes, body, signature } = fromWire(wire);
			const id = await factId(bytes);
			const known = this.disk.facts.get(id);
			const before = this.disk.refused.get(id);
			if (known) heard[id] = known.heardAt;
			else if (before !== undefined) refused.push({ id, index, reason: before });
			else if (!fresh.has(id)) {
				const key = this.directory.terminals[body.terminal]?.key ?? "";
				const signed = await verify(key, signature, bytes);
				const placed = names.calls(body.ward, body.room ?? null) === address;
				const reason = !placed
					? "wrong_room"
					: signed
						? judge(body, this.directory, this.typesOf(body, fresh))
						: "bad_signature";
				if (reason === null) fresh.set(id, { id, wire, body, heardAt: at, document: address });
				else {
					if (signed && placed) this.disk.refused.set(id, reason);
					refused.push({ id, index, reason });
				}
			}
		}
		await this.wait(
			this.disk.appendMs * (0.5 + this.chance.next() * (this.chance.chance(0.03) ? 12 : 1)),
		);
		if (this.disk.full && fresh.size > 0) {
			this.tell(peer, address, { t: "unstored", ids: [...fresh.keys()], reason: "storage" });
			return;
		}
		if (fresh.size > 0) {
			const update = this.append(address, [...fresh.values()]);
			await this.wait(1);
			this.appended();
			await this.wait(1);
			for (const each of this.readers(address))
				this.send(each, { type: "update", address, update });
		}
		for (const each of fresh.values()) heard[each.id] = each.heardAt;
		if (Object.keys(heard).length > 0) this.tell(peer, address, { t: "stored", heard });
		if (refused.length === 0) return;
		this.tell(peer, address, { t: "refused", refused });
		// A copy that is signed badly says nothing about the fact.
		const lasting = refused.filter(({ reason }) => reason !== "bad_signature");
		for (const each of lasting.length > 0 ? this.readers(address) : []) {
			if (each !== peer) this.tell(each, address, { t: "refused", refused: lasting });
		}
	}

	private append(address: string, fresh: Taken[]): Uint8Array {
		const doc = this.document(address);
		const before = Y.encodeStateVector(doc);
		if (!this.disk.forgetful) for (const each of fresh) this.disk.keep(each);
		doc.getArray("facts").push(fresh.map(({ wire, heardAt }) => [wire, heardAt, 0]));
		return this.keep(address, doc, before);
	}

	private keep(address: string, doc: Y.Doc, before: Uint8Array): Uint8Array {
		const update = Y.encodeStateAsUpdate(doc, before);
		const updates = this.disk.updates.get(address) ?? [];
		this.disk.updates.set(address, [...updates, update]);
		return update;
	}

	private typesOf(body: FactBody, fresh: Map<string, Taken>): Record<string, string> {
		const types: Record<string, string> = {};
		for (const call of body.calls) {
			const known = this.disk.facts.get(call) ?? fresh.get(call);
			if (known?.body.type !== undefined) types[call] = known.body.type;
		}
		return types;
	}

	/** The facts that close a call that is over (CF44). */
	private closing(call: string): [string, number, number][] {
		const named = lives(this.disk.about([call]), this.directory, this.now());
		const life = named.find((each) => each.call.id === call);
		if (!life?.closing) return [];
		const restsOn = new Set(life.closing.body.rests_on ?? []);
		const needed = new Set([call, life.closing.id]);
		for (const { id } of life.supports) {
			if (!restsOn.has(id)) continue;
			needed.add(id);
			const answer = life.talks.get(id);
			if (answer) needed.add(answer.id);
		}
		if (life.talks.get(life.closing.id)) needed.add(life.talks.get(life.closing.id)?.id ?? "");
		return [...needed].sort().flatMap((id) => {
			const taken = this.disk.facts.get(id);
			return taken ? [[taken.wire, taken.heardAt, 0] as [string, number, number]] : [];
		});
	}

	/** CF43: what no reader needs any more leaves its document. */
	private prune(): void {
		for (const address of [...this.documents.keys()].filter(names.isCallsDocument)) {
			const doc = this.document(address);
			const list = doc.getArray<[string, number, number]>("facts");
			const here = list.toArray().map(([wire]) => this.disk.idOf.get(wire) ?? "");
			const heard = here.flatMap((id) => this.disk.heard.get(id) ?? []);
			const gone = leaving(heard, this.directory, this.now());
			if (gone.size === 0) continue;
			const before = Y.encodeStateVector(doc);
			for (let at = here.length - 1; at >= 0; at--) if (gone.has(here[at] ?? "")) list.delete(at);
			const update = this.keep(address, doc, before);
			for (const peer of this.readers(address))
				this.send(peer, { type: "update", address, update });
		}
	}

	private announce(peer: Peer, address: string, payload: Uint8Array): void {
		const listener = (change: { added: number[]; updated: number[]; removed: number[] }) => {
			const changed = [...change.added, ...change.updated, ...change.removed];
			for (const client of changed) peer.clients.add(client);
			const news = encodeAwarenessUpdate(this.presence, changed);
			this.fanPresence(address, news, peer);
		};
		this.presence.on("update", listener);
		applyAwarenessUpdate(this.presence, payload, peer);
		this.presence.off("update", listener);
	}

	private unannounce(peer: Peer): void {
		const gone = [...peer.clients].filter((client) => this.presence.getStates().has(client));
		peer.clients.clear();
		if (gone.length === 0) return;
		removeAwarenessStates(this.presence, gone, "gone");
		this.fanPresence(names.presence(WARD), encodeAwarenessUpdate(this.presence, gone), peer);
	}

	private fanPresence(address: string, payload: Uint8Array, but: Peer): void {
		for (const each of this.readers(address)) {
			if (each === but || each.terminal?.kind === "bedside") continue;
			this.send(each, { type: "awareness", address, payload });
		}
	}

	private beat(): void {
		for (const peer of [...this.peers]) {
			if (this.time.now - peer.heardAt > SILENT_MS) this.drop(peer, 4408);
			else if (this.time.now - peer.toldAt > PING_AFTER_MS) this.send(peer, { type: "ping" });
		}
	}

	private drop(peer: Peer, code: number): void {
		peer.end.close(code);
		this.leave(peer);
	}

	private leave(peer: Peer): void {
		peer.open = false;
		this.peers.delete(peer);
		this.unannounce(peer);
	}

	private readers(address: string): Peer[] {
		return [...this.peers].filter((peer) => peer.joined.has(address));
	}

	private document(name: string): Y.Doc {
		let doc = this.documents.get(name);
		if (doc === undefined) {
			doc = new Y.Doc();
			this.documents.set(name, doc);
		}
		return doc;
	}

	private tell(peer: Peer, address: string, payload: object): void {
		this.send(peer, { type: "stateless", address, payload: JSON.stringify(payload) });
	}

	private send(peer: Peer, message: Message): void {
		peer.toldAt = this.time.now;
		peer.end.send(encode(message));
	}

	private wait(ms: number): Promise<void> {
		return new Promise((resolve) => this.time.schedule(ms, () => resolve()));
	}
}

function mayRead(self: SelfInfo, document: string): boolean {
	if (document === names.presence(WARD) || document.endsWith("/settings")) return true;
	if (names.isCallsDocument(document)) return mayKnow(self, document);
	if (document === names.directory(WARD)) return self.kind !== "bedside";
	if (self.kind === "bedside" && self.bed !== null) {
		return document === names.bedDirectory(WARD, self.bed);
	}
	return true;
}
