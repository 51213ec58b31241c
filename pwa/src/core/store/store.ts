/**
 * Everything a terminal keeps, in one database a slot: replicas, facts, outbox, and single values by name.
 * Facts and the outbox are written strictly (on the disk, not in its cache); replicas of what the hub has need not be.
 */
import { openDatabase, result, type StoreName, transact } from "./database";

/** One Yjs update of a document. `own`: an edit of this terminal the hub has not stored yet. */
export interface KeptUpdate {
	doc: string;
	seq: number;
	update: Uint8Array;
	own: boolean;
}

/** A fact on disk: `wire` as on the wire; the rest as HeardFact has it. */
export interface KeptFact {
	id: string;
	wire: string;
	heardAt: number | null;
	seenAt: number;
	verified: boolean;
	missed: boolean;
	/** absent on disks of before: false */
	staffUnverified?: boolean;
}

export interface KeptOutgoing {
	id: string;
	wire: string;
	document: string;
	keptAt: number;
}

export class Store {
	private readonly database: IDBDatabase;
	private nextSeq = 0;

	private constructor(database: IDBDatabase) {
		this.database = database;
	}

	/** Opens the slot's database. Throws StorageError. */
	static async open(slot: string, factory: IDBFactory = indexedDB): Promise<Store> {
		const store = new Store(await openDatabase(`wardline:${slot}`, factory));
		// One counter for all documents: seq only has to grow within each.
		for (const { seq } of await store.all<KeptUpdate>("updates")) {
			store.nextSeq = Math.max(store.nextSeq, seq + 1);
		}
		return store;
	}

	close(): void {
		this.database.close();
	}

	/** Updates of a document, oldest first. */
	updates(doc: string): Promise<KeptUpdate[]> {
		return transact(this.database, ["updates"], "readonly", "default", (store) =>
			result(store("updates").getAll(range(doc)) as IDBRequest<KeptUpdate[]>),
		);
	}

	/** Keeps one update; own edits strictly. Returns its seq. */
	async addUpdate(doc: string, update: Uint8Array, own: boolean): Promise<number> {
		const seq = this.nextSeq++;
		await this.write(["updates"], own, (store) => store("updates").put({ doc, seq, update, own }));
		return seq;
	}

	/** Takes these updates of a document away and puts others in their place, all or nothing. */
	async replaceUpdates(
		doc: string,
		drop: readonly number[],
		put: readonly { update: Uint8Array; own: boolean }[],
	): Promise<number[]> {
		const kept = put.map((each) => ({ doc, seq: this.nextSeq++, ...each }));
		await this.write(["updates"], true, (store) => {
			for (const seq of drop) store("updates").delete([doc, seq]);
			for (const each of kept) store("updates").put(each);
		});
		return kept.map((each) => each.seq);
	}

	async documents(): Promise<string[]> {
		const names = new Set<string>();
		for (const each of await this.all<KeptUpdate>("updates")) names.add(each.doc);
		return [...names].sort();
	}

	/** Documents with own edits the hub has not stored. */
	async documentsWithOwn(): Promise<string[]> {
		const own = (await this.all<KeptUpdate>("updates")).filter((each) => each.own);
		return [...new Set(own.map((each) => each.doc))].sort();
	}

	/** Deletes whole documents, strictly: what a stay left behind must not come back. */
	deleteDocuments(docs: readonly string[]): Promise<void> {
		return this.write(["updates"], true, (store) => {
			for (const doc of docs) store("updates").delete(range(doc));
		});
	}

	facts(): Promise<KeptFact[]> {
		return this.all<KeptFact>("facts");
	}

	outbox(): Promise<KeptOutgoing[]> {
		return this.all<KeptOutgoing>("outbox");
	}

	/** Facts of others, or news of known ones. */
	putFacts(facts: readonly KeptFact[]): Promise<void> {
		return this.write(["facts"], true, (store) => {
			for (const fact of facts) store("facts").put(fact);
		});
	}

	/** An own new fact: both as known and as outgoing, or not at all. */
	putOwn(fact: KeptFact, outgoing: KeptOutgoing): Promise<void> {
		return this.write(["facts", "outbox"], true, (store) => {
			store("facts").put(fact);
			store("outbox").put(outgoing);
		});
	}

	/** The hub answered: news of the facts, and nothing outgoing any more. */
	settle(facts: readonly KeptFact[], answered: readonly string[]): Promise<void> {
		return this.write(["facts", "outbox"], true, (store) => {
			for (const fact of facts) store("facts").put(fact);
			for (const id of answered) store("outbox").delete(id);
		});
	}

	dropFacts(ids: readonly string[]): Promise<void> {
		return this.write(["facts"], false, (store) => {
			for (const id of ids) store("facts").delete(id);
		});
	}

	async meta<T>(key: string): Promise<T | null> {
		const row = await transact(this.database, ["meta"], "readonly", "default", (store) =>
			result(store("meta").get(key) as IDBRequest<{ value: T } | undefined>),
		);
		return row?.value ?? null;
	}

	/** Values whose key begins with `prefix`, in order of their keys. */
	metas<T>(prefix: string): Promise<{ key: string; value: T }[]> {
		const keys = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
		return transact(this.database, ["meta"], "readonly", "default", (store) =>
			result(store("meta").getAll(keys) as IDBRequest<{ key: string; value: T }[]>),
		);
	}

	putMeta(key: string, value: unknown, strict = true): Promise<void> {
		return this.write(["meta"], strict, (store) => store("meta").put({ key, value }));
	}

	dropMeta(key: string): Promise<void> {
		return this.write(["meta"], true, (store) => store("meta").delete(key));
	}

	private all<T>(name: StoreName): Promise<T[]> {
		return transact(this.database, [name], "readonly", "default", (store) =>
			result(store(name).getAll() as IDBRequest<T[]>),
		);
	}

	private write(
		names: StoreName[],
		strict: boolean,
		work: (store: (name: StoreName) => IDBObjectStore) => unknown,
	): Promise<void> {
		return transact(this.database, names, "readwrite", strict ? "strict" : "relaxed", (store) => {
			work(store);
		});
	}
}

/** All keys of one document: an array sorts above every number. */
function range(doc: string): IDBKeyRange {
	return IDBKeyRange.bound([doc, 0], [doc, []]);
}
