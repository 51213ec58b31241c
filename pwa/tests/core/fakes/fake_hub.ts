/** A hub in a few lines, over links that never leave the process: Auth, sync, presence, stateless frames, and time. */
import * as Y from "yjs";
import { type Link, type LinkState, Listeners, type Ticker } from "../../../src/core/links/link";
import { decode, encode } from "../../../src/core/protocol/codec";
import type { Message } from "../../../src/core/protocol/messages";

export class FakeTicker implements Ticker {
	private readonly ticks = new Listeners<[]>();
	onTick(listener: () => void): () => void {
		return this.ticks.add(listener);
	}
	tick(): void {
		this.ticks.emit();
	}
}

export class FakeLink implements Link {
	state: LinkState = "closed";
	peer: Peer | null = null;
	private readonly messages = new Listeners<[Uint8Array]>();
	private readonly states = new Listeners<[LinkState, number | null]>();

	send(frame: Uint8Array): boolean {
		if (this.peer === null) return false;
		this.peer.receive(frame);
		return true;
	}
	onMessage(listener: (frame: Uint8Array) => void): () => void {
		return this.messages.add(listener);
	}
	onState(listener: (state: LinkState, code: number | null) => void): () => void {
		return this.states.add(listener);
	}
	reset(): void {
		this.peer?.hub.cut(this);
	}
	close(): void {
		this.reset();
	}
	become(state: LinkState, code: number | null = null): void {
		this.state = state;
		this.states.emit(state, code);
	}
	deliver(frame: Uint8Array): void {
		this.messages.emit(frame);
	}
}

interface Document {
	doc: Y.Doc;
	readers: Set<Peer>;
}

export class FakeHub {
	installation = "i1";
	generation = 1;
	now = 1_000_000;
	readonly peers = new Set<Peer>();
	/** Every frame terminals sent, as messages. */
	readonly heard: Message[] = [];
	scope: (document: string) => "read-write" | "readonly" | null = () => "read-write";
	/** Reason to refuse an update, or null. */
	judge: (document: string) => string | null = () => null;
	stateless: (document: string, payload: Record<string, unknown>) => object[] = () => [];
	private readonly documents = new Map<string, Document>();

	document(name: string): Document {
		let found = this.documents.get(name);
		if (!found) {
			found = { doc: new Y.Doc(), readers: new Set() };
			this.documents.set(name, found);
		}
		return found;
	}

	/** The hub's own write, fanned out. */
	edit(name: string, change: (doc: Y.Doc) => void): void {
		const { doc, readers } = this.document(name);
		const before = Y.encodeStateVector(doc);
		doc.transact(() => change(doc));
		const update = Y.encodeStateAsUpdate(doc, before);
		for (const peer of readers) peer.send({ type: "update", address: name, update });
	}

	/** Forgets a document, as a restore of an older copy does. */
	forget(name: string): void {
		this.documents.delete(name);
	}

	broadcast(name: string, payload: object): void {
		for (const peer of this.document(name).readers) {
			peer.send({ type: "stateless", address: name, payload: JSON.stringify(payload) });
		}
	}

	connect(link: FakeLink): void {
		const peer = new Peer(this, link);
		this.peers.add(peer);
		link.peer = peer;
		link.become("open");
		const { installation, generation, now } = this;
		peer.send({
			type: "stateless",
			address: "hub",
			payload: JSON.stringify({ t: "hello", installation, generation, now, version: "1" }),
		});
	}

	cut(link: FakeLink, code: number | null = null): void {
		const { peer } = link;
		if (!peer) return;
		link.peer = null;
		this.peers.delete(peer);
		for (const each of this.documents.values()) each.readers.delete(peer);
		link.become("closed", code);
	}
}

export class Peer {
	readonly hub: FakeHub;
	private readonly link: FakeLink;

	constructor(hub: FakeHub, link: FakeLink) {
		this.hub = hub;
		this.link = link;
	}

	/** Frames arrive in a later turn and in order, as from a socket. */
	send(message: Message): void {
		const frame = encode(message);
		queueMicrotask(() => {
			if (this.link.peer === this) this.link.deliver(frame);
		});
	}

	receive(frame: Uint8Array): void {
		const message = decode(frame);
		this.hub.heard.push(message);
		if (message.type === "ping" || message.type === "pong") return;
		const { address } = message;
		if (message.type === "token") {
			const scope = this.hub.scope(address);
			if (scope === null) this.send({ type: "denied", address, reason: "permission-denied" });
			else {
				this.hub.document(address).readers.add(this);
				this.send({ type: "authenticated", address, scope });
			}
			return;
		}
		if (address === "hub") {
			this.time(message);
			return;
		}
		const { doc, readers } = this.hub.document(address);
		if (!readers.has(this)) return;
		switch (message.type) {
			case "sync_step1":
				this.send({ type: "sync_step1", address, stateVector: Y.encodeStateVector(doc) });
				this.send({
					type: "sync_step2",
					address,
					update: Y.encodeStateAsUpdate(doc, message.stateVector),
				});
				break;
			case "sync_step2":
			case "update":
				this.update(address, message.update);
				break;
			case "awareness":
				for (const peer of readers) if (peer !== this) peer.send(message);
				break;
			case "stateless": {
				const payload = JSON.parse(message.payload) as Record<string, unknown>;
				for (const answer of this.hub.stateless(address, payload)) {
					this.send({ type: "stateless", address, payload: JSON.stringify(answer) });
				}
				break;
			}
			case "close":
				readers.delete(this);
				break;
		}
	}

	private time(message: Message): void {
		if (message.type !== "stateless") return;
		const { sent } = JSON.parse(message.payload) as { sent: number };
		const payload = JSON.stringify({ t: "time", sent, now: this.hub.now });
		this.send({ type: "stateless", address: "hub", payload });
	}

	private update(address: string, update: Uint8Array): void {
		const { doc, readers } = this.hub.document(address);
		const before = Y.encodeStateVector(doc);
		const known = Y.encodeStateAsUpdate(doc);
		const copy = new Y.Doc();
		Y.applyUpdate(copy, known);
		Y.applyUpdate(copy, update);
		const brings = Buffer.compare(Y.encodeStateAsUpdate(copy, before), Uint8Array.of(0, 0)) !== 0;
		const readonly = this.hub.scope(address) === "readonly" ? "readonly" : null;
		const reason = brings ? (readonly ?? this.hub.judge(address)) : null;
		if (reason !== null) {
			const payload = JSON.stringify({ t: "refused_update", reason });
			this.send({ type: "stateless", address, payload });
			this.send({ type: "sync_status", address, stored: false });
			return;
		}
		Y.applyUpdate(doc, update);
		this.send({ type: "sync_status", address, stored: true });
		for (const peer of readers) if (peer !== this) peer.send({ type: "update", address, update });
	}
}

/** Lets everything that is under way come to rest. */
export async function rest(turns = 12): Promise<void> {
	for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
