/**
 * One document at this terminal: its Yjs replica, what of it is on disk, and which own edits the hub has stored.
 * Knows no socket: the provider asks it for frames' contents and tells it the hub's answers.
 */
import * as Y from "yjs";
import { Listeners } from "../links/link";
import type { Shelf } from "./shelf";

/** Updates on disk before they are merged into one. */
const COMPACT_ABOVE = 200;
/** Origins of transactions that are no edits of this terminal. */
const HUB = Symbol("hub");
const DISK = Symbol("disk");

export type Scope = "read-write" | "readonly";

/** Own edits that did not get through, for a person to see. */
export interface PutAside {
	document: string;
	updates: Uint8Array[];
	reason: string;
}

export interface ReplicaEvents {
	/** An own edit is on disk: to be sent. `seq` null when the disk refused it. */
	edited(replica: Replica, update: Uint8Array, seq: number | null): void;
	putAside(aside: PutAside): void;
	storageFailed(error: unknown): void;
}

export class Replica {
	readonly name: string;
	/** Replaced when the replica is built anew. */
	doc = new Y.Doc();
	/** Holds what the hub has, or a copy from disk. */
	loaded = false;
	/** Hub time, ms. */
	syncedAt: number | null = null;
	scope: Scope | null = null;
	/** Why the last own edits were refused; null again once one is stored. */
	refused: string | null = null;
	/** Why the hub did not open the document. */
	denied: string | null = null;
	readonly changes = new Listeners<[]>();
	private readonly shelf: Shelf;
	private readonly events: ReplicaEvents;
	/** Own updates the hub has not stored, by seq. */
	private readonly pending = new Map<number, Uint8Array>();
	private unkept = 0;
	/** The seqs in each frame sent and not answered, in order. */
	private inFlight: number[][] = [];
	private entries = 0;
	private read: Promise<void> = Promise.resolve();
	private lastOwn: Promise<void> = Promise.resolve();
	/** Everything done to the shelf, one after the other. */
	private tail: Promise<void> = Promise.resolve();

	constructor(name: string, shelf: Shelf, events: ReplicaEvents) {
		this.name = name;
		this.shelf = shelf;
		this.events = events;
		this.listen();
	}

	/** Own edits the hub has not stored. */
	get unsent(): number {
		return this.pending.size + this.unkept;
	}

	/** Reads the copy on disk. Never throws: a copy that cannot be read is reported, and the hub's is taken. */
	load(): Promise<void> {
		this.read = this.readShelf();
		return this.read;
	}

	private async readShelf(): Promise<void> {
		await this.inTurn(async () => {
			const kept = await this.shelf.load();
			this.apply(
				kept.map((each) => each.update),
				DISK,
			);
			for (const each of kept) if (each.own) this.pending.set(each.seq, each.update);
			this.entries = kept.length;
			if (kept.length > 0) this.loaded = true;
		});
		await this.compact();
		this.changes.emit();
	}

	/** An edit of this terminal, in one transaction. Resolves once it is on disk; rejects with StorageError. */
	async edit(change: (doc: Y.Doc) => void): Promise<void> {
		this.lastOwn = Promise.resolve();
		this.doc.transact(() => change(this.doc));
		await this.lastOwn;
	}

	/** Resolves once the copy on disk has been read. */
	ready(): Promise<void> {
		return this.read;
	}

	/** Resolves once everything so far is on disk. */
	settled(): Promise<void> {
		return this.tail;
	}

	stateVector(): Uint8Array {
		return Y.encodeStateVector(this.doc);
	}

	/** A connection begins: answers to frames of an older one will not come. */
	restart(): void {
		this.inFlight = [];
	}

	/** The answer to the hub's step 1, with all that is not stored there. */
	missing(hubStateVector: Uint8Array): Uint8Array {
		this.inFlight.push([...this.pending.keys()]);
		return Y.encodeStateAsUpdate(this.doc, hubStateVector);
	}

	/** An update frame was sent. */
	sent(seq: number | null): void {
		this.inFlight.push(seq === null ? [] : [seq]);
	}

	/** Whether this replica holds what the hub does not: after a restore, or with own edits. */
	isAhead(hubStateVector: Uint8Array): boolean {
		const hub = Y.decodeStateVector(hubStateVector);
		return [...Y.decodeStateVector(this.stateVector())].some(
			([client, clock]) => clock > (hub.get(client) ?? 0),
		);
	}

	/** Step 2 or an update of the hub. Throws when it is no update. */
	receive(update: Uint8Array): void {
		this.apply([update], HUB);
	}

	/** The hub has given all it has. */
	synced(now: number): void {
		this.loaded = true;
		this.syncedAt = now;
		this.changes.emit();
	}

	/** The hub stored the oldest unanswered frame. */
	stored(): void {
		const seqs = (this.inFlight.shift() ?? []).filter((seq) => this.pending.has(seq));
		if (seqs.length === 0) return;
		const updates = seqs.map((seq) => this.pending.get(seq)).filter((each) => each !== undefined);
		for (const seq of seqs) this.pending.delete(seq);
		this.refused = null;
		this.changes.emit();
		void this.inTurn(async () => {
			await this.shelf.replace(seqs, [{ update: Y.mergeUpdates(updates), own: false }]);
			this.entries -= seqs.length - 1;
		});
	}

	/**
	 * The hub refused an edit. Builds the replica anew, under a new client id, without the own edits it had not stored,
	 * and returns those: the hub would refuse all that follows from the old client id.
	 */
	async refuse(reason: string): Promise<PutAside> {
		let updates: Uint8Array[] = [];
		await this.inTurn(async () => {
			const kept = await this.shelf.load();
			const own = kept.filter((each) => each.own).map((each) => each.seq);
			await this.shelf.replace(own, []);
			this.entries = kept.length - own.length;
			updates = [...this.pending.values()];
			this.renew(kept.filter((each) => !each.own).map((each) => each.update));
		});
		this.refused = reason;
		this.changes.emit();
		return { document: this.name, updates, reason };
	}

	/** Drops the replica, on disk too; returns the own edits that were in it and not stored. */
	async drop(reason: string): Promise<PutAside> {
		const updates = [...this.pending.values()];
		this.loaded = false;
		this.syncedAt = null;
		this.renew([]);
		await this.inTurn(async () => {
			await this.shelf.clear();
			this.entries = 0;
		});
		this.changes.emit();
		return { document: this.name, updates, reason };
	}

	destroy(): void {
		this.doc.destroy();
	}

	private listen(): void {
		this.doc.on("update", (update: Uint8Array, origin: unknown) => {
			if (origin === HUB) this.keep(update);
			else if (origin !== DISK) this.keepOwn(update);
			this.changes.emit();
		});
	}

	private apply(updates: readonly Uint8Array[], origin: symbol): void {
		this.doc.transact(() => {
			for (const update of updates) Y.applyUpdate(this.doc, update, origin);
		}, origin);
	}

	private renew(updates: readonly Uint8Array[]): void {
		this.doc.destroy();
		this.doc = new Y.Doc();
		this.pending.clear();
		this.inFlight = [];
		this.listen();
		this.apply(updates, DISK);
	}

	private keep(update: Uint8Array): void {
		void this.inTurn(async () => {
			await this.shelf.add(update, false);
			this.entries += 1;
		}).then(() => (this.entries > COMPACT_ABOVE ? this.compact() : undefined));
	}

	private keepOwn(update: Uint8Array): void {
		this.unkept += 1;
		const { doc, scope } = this;
		const written = this.tail.then(async () => {
			if (doc !== this.doc) {
				// Made while the replica was being built anew: it stands on what is gone.
				this.unkept -= 1;
				this.events.putAside({ document: this.name, updates: [update], reason: "rebuilt" });
				return;
			}
			let seq: number | null = null;
			try {
				seq = await this.shelf.add(update, true);
				this.entries += 1;
				this.pending.set(seq, update);
			} finally {
				this.unkept -= 1;
				// The right to write went while the disk was at work: it waits for someone who may, and is not refused.
				const lostRight = scope !== "readonly" && this.scope === "readonly";
				if (!lostRight) this.events.edited(this, update, seq);
				this.changes.emit();
			}
		});
		this.lastOwn = written;
		void this.inTurn(() => written);
	}

	/** Merges what the hub has stored into one update; own edits stay by themselves until they are stored. */
	private async compact(): Promise<void> {
		if (this.entries <= COMPACT_ABOVE) return;
		await this.inTurn(async () => {
			const kept = (await this.shelf.load()).filter((each) => !each.own);
			if (kept.length < 2) return;
			const merged = new Y.Doc();
			for (const each of kept) Y.applyUpdate(merged, each.update);
			const snapshot = { update: Y.encodeStateAsUpdate(merged), own: false };
			merged.destroy();
			const drop = kept.map((each) => each.seq);
			await this.shelf.replace(drop, [snapshot]);
			this.entries -= drop.length - 1;
		});
	}

	private inTurn(work: () => Promise<void>): Promise<void> {
		this.tail = this.tail.then(work).catch((error: unknown) => this.events.storageFailed(error));
		return this.tail;
	}
}
