/**
 * Many documents over one link to a hub. Joins each with its token, answers the sync steps, counts what the hub has
 * stored, and opens nothing before the hub has said which installation it is.
 */
import {
	Awareness,
	applyAwarenessUpdate,
	encodeAwarenessUpdate,
	removeAwarenessStates,
} from "y-protocols/awareness";
import { Doc } from "yjs";
import type { HubClock } from "../clock";
import { type Link, Listeners, type Ticker } from "../links/link";
import { decode, encode } from "../protocol/codec";
import { HUB, type Message } from "../protocol/messages";
import { type PutAside, Replica } from "./replica";
import type { Shelf } from "./shelf";

/** The hub closes a socket that is silent for 10 s; a time frame every second beat is this terminal's sign of life. */
const BEATS_A_TIME_FRAME = 2;
/** Others forget a presence after 30 s; y-protocols renews at 15 s from a timer that background pages slow down. */
const RENEW_PRESENCE_MS = 12_000;
/** A document the hub closed or denied is asked for again after this. */
const REJOIN_MS = 5_000;

export interface Hello {
	installation: string;
	generation: number;
	now: number;
	version: string;
}

export interface ProviderOptions {
	link: Link;
	ticker: Ticker;
	clock: HubClock;
	monotonic: () => number;
	/** Sent as the provider's version. */
	version: string;
	shelf: (document: string) => Shelf;
	/** Judges a hello before any document is opened: resolves once replicas of another installation are gone. */
	greet: (hello: Hello) => Promise<void>;
	/** A token was refused, or is asked for. */
	tokenRefused: () => void;
	putAside: (aside: PutAside) => void;
	storageFailed: (error: unknown) => void;
}

type JoinState = "out" | "joining" | "joined" | "denied";

interface Open {
	replica: Replica;
	holders: number;
	join: JoinState;
	ready: boolean;
	awareness: Awareness | null;
	retryAt: number;
	/** Reason in a stateless frame ahead of a refusing SyncStatus. */
	reason: string | null;
}

export class Provider {
	readonly stateless = new Listeners<[document: string, payload: string]>();
	readonly joined = new Listeners<[document: string]>();
	/** The hub was heard, or is gone. */
	readonly contact = new Listeners<[connected: boolean]>();
	connected = false;
	/** The hub's log takes nothing, as its last time frame said. */
	hubFull = false;
	/** Hub time of the last frame, ms. */
	lastHeardAt: number | null = null;
	private readonly options: ProviderOptions;
	private readonly open_ = new Map<string, Open>();
	private token: string | null = null;
	/** Grows with each connection: what was begun under an older one is given up. */
	private connection = 0;
	private beats = 0;
	private sentTimes = new Map<number, number>();
	private readonly stops: (() => void)[];

	constructor(options: ProviderOptions) {
		this.options = options;
		this.stops = [
			options.link.onMessage((frame) => this.receive(frame)),
			options.link.onState((state) => {
				if (state !== "open") this.lost();
			}),
			options.ticker.onTick(() => this.beat()),
		];
	}

	/** Holds a document open; each call needs one release. */
	open(name: string, how: { presence?: boolean } = {}): Replica {
		const known = this.open_.get(name);
		if (known) {
			known.holders += 1;
			return known.replica;
		}
		const replica = new Replica(name, this.options.shelf(name), {
			edited: (_replica, update, seq) => this.sendEdit(entry, update, seq),
			putAside: this.options.putAside,
			storageFailed: this.options.storageFailed,
		});
		const entry: Open = {
			replica,
			holders: 1,
			join: "out",
			ready: false,
			awareness: how.presence ? this.presence(name, replica) : null,
			retryAt: 0,
			reason: null,
		};
		this.open_.set(name, entry);
		void replica.load().then(() => {
			entry.ready = true;
			this.join(entry);
		});
		return replica;
	}

	release(name: string): void {
		const entry = this.open_.get(name);
		if (!entry) return;
		entry.holders -= 1;
		if (entry.holders > 0) return;
		this.open_.delete(name);
		if (entry.join !== "out") this.send({ type: "close", address: name, reason: null });
		entry.awareness?.destroy();
		void entry.replica.settled().then(() => entry.replica.destroy());
	}

	/** Lets go of a document for all its holders, whatever they still hold. */
	evict(name: string): void {
		const entry = this.open_.get(name);
		if (!entry) return;
		entry.holders = 1;
		this.release(name);
	}

	replica(name: string): Replica | null {
		return this.open_.get(name)?.replica ?? null;
	}

	replicas(): Replica[] {
		return [...this.open_.values()].map((entry) => entry.replica);
	}

	awareness(name: string): Awareness | null {
		return this.open_.get(name)?.awareness ?? null;
	}

	isJoined(name: string): boolean {
		return this.open_.get(name)?.join === "joined";
	}

	/** A new token replaces the rights of every open document; null leaves the open ones as they are. */
	setToken(token: string | null): void {
		this.token = token;
		if (token === null) return;
		for (const entry of this.open_.values()) {
			if (entry.join === "joined") this.sendToken(entry);
			else {
				entry.retryAt = 0;
				if (entry.join === "denied") entry.join = "out";
				this.join(entry);
			}
		}
	}

	/** False when the document is not joined now. */
	sendStateless(document: string, payload: unknown): boolean {
		if (!this.isJoined(document)) return false;
		return this.send({ type: "stateless", address: document, payload: JSON.stringify(payload) });
	}

	/** Forgets a document here and on disk, and joins it anew if it is held. Its unstored edits are put aside. */
	async drop(name: string, reason: string): Promise<void> {
		const entry = this.open_.get(name);
		if (!entry) return this.options.shelf(name).clear();
		const aside = await entry.replica.drop(reason);
		if (aside.updates.length > 0) this.options.putAside(aside);
		this.rejoin(entry);
	}

	close(): void {
		for (const stop of this.stops) stop();
		for (const entry of this.open_.values()) {
			entry.awareness?.destroy();
			entry.replica.destroy();
		}
		this.open_.clear();
	}

	private send(message: Message): boolean {
		return this.options.link.send(encode(message));
	}

	private beat(): void {
		this.beats += 1;
		if (this.beats % BEATS_A_TIME_FRAME === 0 && this.options.link.state === "open") {
			// Sent even before the hello: it keeps the socket alive while tokens are fetched.
			const sent = Math.round(this.options.clock.now());
			this.sentTimes.set(sent, this.options.monotonic());
			if (this.sentTimes.size > 8) this.sentTimes.delete([...this.sentTimes.keys()][0] ?? 0);
			this.send({ type: "stateless", address: HUB, payload: JSON.stringify({ t: "time", sent }) });
		}
		for (const entry of this.open_.values()) {
			this.renewPresence(entry);
			if (entry.join === "denied" && this.options.monotonic() >= entry.retryAt) {
				entry.join = "out";
				this.join(entry);
			}
		}
	}

	private receive(frame: Uint8Array): void {
		this.lastHeardAt = this.options.clock.now();
		let message: Message;
		try {
			message = decode(frame);
		} catch {
			// A hub that sends nonsense: a new connection starts from the beginning.
			this.options.link.reset();
			return;
		}
		if (message.type === "ping") this.send({ type: "pong" });
		else if (message.type === "pong") return;
		else if (message.address === HUB) this.receiveHub(message);
		else {
			const entry = this.open_.get(message.address);
			if (entry) this.receiveAt(entry, message);
		}
	}

	private receiveHub(message: Message): void {
		if (message.type !== "stateless") return;
		const news = parseObject(message.payload);
		if (news?.t === "time" && typeof news.sent === "number" && typeof news.now === "number") {
			const sent = this.sentTimes.get(news.sent);
			this.sentTimes.delete(news.sent);
			if (sent !== undefined) this.options.clock.heard(sent, news.now);
			this.hubFull = news.storage === "full";
			return;
		}
		if (news?.t !== "hello" || this.connected) return;
		const { installation, generation, now, version } = news;
		if (
			typeof installation !== "string" ||
			typeof generation !== "number" ||
			typeof now !== "number"
		) {
			return;
		}
		this.options.clock.greeted(now);
		const connection = ++this.connection;
		const hello = { installation, generation, now, version: String(version) };
		void this.options.greet(hello).then(() => {
			if (connection !== this.connection) return;
			this.connected = true;
			this.contact.emit(true);
			for (const entry of this.open_.values()) this.join(entry);
		}, this.options.storageFailed);
	}

	private lost(): void {
		this.connection += 1;
		this.sentTimes.clear();
		for (const entry of this.open_.values()) {
			entry.join = "out";
			entry.replica.restart();
			const awareness = entry.awareness;
			if (awareness) {
				const others = [...awareness.states.keys()].filter((id) => id !== awareness.clientID);
				removeAwarenessStates(awareness, others, "lost");
				// Their clocks too: on joining again the hub tells the same state at the same clock.
				for (const id of others) awareness.meta.delete(id);
			}
			entry.replica.changes.emit();
		}
		if (!this.connected) return;
		this.connected = false;
		this.contact.emit(false);
	}

	private join(entry: Open): void {
		if (!this.connected || !entry.ready || entry.join !== "out" || this.token === null) return;
		entry.join = "joining";
		entry.reason = null;
		entry.replica.restart();
		this.sendToken(entry);
		const address = entry.replica.name;
		this.send({ type: "sync_step1", address, stateVector: entry.replica.stateVector() });
		// A new clock each time: the hub has told everyone that this client went.
		const presence = entry.awareness?.getLocalState() ?? null;
		if (presence !== null) entry.awareness?.setLocalState(presence);
	}

	private rejoin(entry: Open): void {
		if (entry.join === "joined" || entry.join === "joining") {
			this.send({ type: "close", address: entry.replica.name, reason: null });
		}
		entry.join = "out";
		this.join(entry);
	}

	private sendToken(entry: Open): void {
		if (this.token === null) return;
		const { version } = this.options;
		this.send({ type: "token", address: entry.replica.name, token: this.token, version });
	}

	private receiveAt(
		entry: Open,
		message: Exclude<Message, { type: "ping" } | { type: "pong" }>,
	): void {
		const { replica } = entry;
		// What still comes for an older joining of this document is not for this one.
		const early = message.type === "authenticated" || message.type === "denied";
		if (!early && entry.join !== "joined") return;
		switch (message.type) {
			case "authenticated":
				this.authenticated(entry, message.scope);
				break;
			case "denied":
				this.denied(entry, message.reason);
				break;
			case "sync_step1":
				this.answerStep1(entry, message.stateVector);
				break;
			case "sync_step2":
			case "update":
				try {
					replica.receive(message.update);
				} catch {
					// The copy here and the hub's do not fit together: take the hub's.
					void this.drop(replica.name, "unreadable");
					return;
				}
				if (message.type === "sync_step2") replica.synced(this.options.clock.now());
				else replica.syncedAt = this.options.clock.now();
				break;
			case "awareness":
				if (entry.awareness) applyAwarenessUpdate(entry.awareness, message.payload, "hub");
				break;
			case "query_awareness":
				this.sendPresence(entry);
				break;
			case "token_request":
				this.options.tokenRefused();
				this.sendToken(entry);
				break;
			case "sync_status":
				if (message.stored) replica.stored();
				else this.refused(entry);
				break;
			case "stateless": {
				const news = parseObject(message.payload);
				// Rule SY7: the reason goes before the refusing SyncStatus.
				if (news?.t === "refused_update") entry.reason = String(news.reason);
				this.stateless.emit(replica.name, message.payload);
				break;
			}
			case "close":
				this.denied(entry, message.reason ?? "closed");
				break;
		}
	}

	private authenticated(entry: Open, scope: "read-write" | "readonly"): void {
		const { replica } = entry;
		const first = entry.join === "joining";
		if (replica.scope === "readonly" && scope === "read-write" && replica.unsent > 0) {
			replica.scope = scope;
			this.rejoin(entry);
			return;
		}
		replica.scope = scope;
		replica.denied = null;
		entry.join = "joined";
		replica.changes.emit();
		if (first) this.joined.emit(replica.name);
	}

	private denied(entry: Open, reason: string): void {
		entry.join = "denied";
		entry.retryAt = this.options.monotonic() + REJOIN_MS;
		entry.replica.scope = null;
		entry.replica.denied = reason;
		entry.replica.changes.emit();
		this.options.tokenRefused();
	}

	private answerStep1(entry: Open, stateVector: Uint8Array): void {
		const { replica } = entry;
		// Written with a session that is no longer open: it waits for someone who may write here.
		if (replica.scope === "readonly" && replica.unsent > 0) return;
		if (replica.scope === "readonly" && replica.isAhead(stateVector)) {
			// After a restore the hub has less than this copy, and this terminal may not give it back.
			void this.drop(replica.name, "readonly");
			return;
		}
		const update = replica.missing(stateVector);
		this.send({ type: "sync_step2", address: replica.name, update });
	}

	private sendEdit(entry: Open, update: Uint8Array, seq: number | null): void {
		if (entry.join !== "joined") return;
		if (this.send({ type: "update", address: entry.replica.name, update })) entry.replica.sent(seq);
	}

	private refused(entry: Open): void {
		const reason = entry.reason ?? "refused";
		entry.join = "out";
		this.send({ type: "close", address: entry.replica.name, reason: null });
		void entry.replica.refuse(reason).then((aside) => {
			if (aside.updates.length > 0) this.options.putAside(aside);
			this.join(entry);
		});
	}

	private presence(name: string, replica: Replica): Awareness {
		const awareness = new Awareness(new Doc());
		awareness.setLocalState(null);
		awareness.on("update", (_change: unknown, origin: unknown) => {
			const entry = this.open_.get(name);
			if (origin === "local" && entry && entry.join !== "out") this.sendPresence(entry);
			replica.changes.emit();
		});
		return awareness;
	}

	private sendPresence(entry: Open): void {
		const { awareness } = entry;
		if (!awareness || awareness.getLocalState() === null) return;
		const payload = encodeAwarenessUpdate(awareness, [awareness.clientID]);
		this.send({ type: "awareness", address: entry.replica.name, payload });
	}

	private renewPresence({ awareness }: Open): void {
		const state = awareness?.getLocalState() ?? null;
		if (!awareness || state === null) return;
		const renewed = awareness.meta.get(awareness.clientID)?.lastUpdated ?? 0;
		if (Date.now() - renewed > RENEW_PRESENCE_MS) awareness.setLocalState(state);
	}
}

/** A stateless frame's object, or null: what a hub of another version sends is passed over. */
export function parseObject(payload: string): Record<string, unknown> | null {
	try {
		const value: unknown = JSON.parse(payload);
		return typeof value === "object" && value !== null && !Array.isArray(value)
			? (value as Record<string, unknown>)
			: null;
	} catch {
		return null;
	}
}
