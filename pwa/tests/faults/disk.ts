/**
 * A terminal's disk and the store on it: the methods of core's Store, transactions one after the other, and a flush that
 * takes time. A page that is killed loses what was not complete; a power cut also what was written relaxed and not yet
 * flushed by a strict write after it.
 */
import { fromWire } from "../../src/core/calls/facts";
import type { FactBody } from "../../src/core/calls/types";
import { StorageError } from "../../src/core/store/database";
import type { KeptFact, KeptOutgoing, KeptUpdate, Store } from "../../src/core/store/store";
import type { Seeded } from "./seeded";
import type { VirtualTime } from "./virtual_time";

type Table = "updates" | "facts" | "outbox" | "meta";
type Write = readonly [table: Table, key: string, value: object | null];

/** What outlives the page. */
export class Disk {
	readonly tables: Record<Table, Map<string, object>> = {
		updates: new Map(),
		facts: new Map(),
		outbox: new Map(),
		meta: new Map(),
	};
	/** ms a strict write takes, typical; faults make it slow */
	flushMs = 4;
	/** takes no writes */
	full = false;
	/** own facts as they are made, and as they become durable */
	made: (id: string, body: FactBody) => void = () => {};
	kept: (id: string, body: FactBody) => void = () => {};
	/** what a power cut would undo, oldest first */
	private undo: Write[] = [];

	commit(writes: readonly Write[], strict: boolean): void {
		for (const [table, key, value] of writes) {
			const map = this.tables[table];
			if (!strict) this.undo.push([table, key, map.get(key) ?? null]);
			if (value === null) map.delete(key);
			else map.set(key, value);
		}
		// The journal is flushed as one: what was relaxed before a strict write is on the disk with it.
		if (strict) this.undo = [];
	}

	losePower(): void {
		for (const [table, key, value] of this.undo.reverse()) {
			if (value === null) this.tables[table].delete(key);
			else this.tables[table].set(key, value);
		}
		this.undo = [];
	}
}

/** The store of one page on its disk. */
export class DiskStore implements Pick<Store, keyof Store> {
	private readonly disk: Disk;
	private readonly time: VirtualTime;
	private readonly chance: Seeded;
	private freeAt = 0;
	private nextSeq = 0;
	/** writes begun and not complete */
	private readonly begun = new Set<{ writes: readonly Write[]; strict: boolean }>();

	constructor(disk: Disk, time: VirtualTime, chance: Seeded) {
		this.disk = disk;
		this.time = time;
		this.chance = chance;
		for (const each of disk.tables.updates.values()) {
			this.nextSeq = Math.max(this.nextSeq, (each as KeptUpdate).seq + 1);
		}
	}

	asStore(): Store {
		return this as unknown as Store;
	}

	/** The page is gone: what was under way is on the disk, or not. */
	abandon(): void {
		for (const { writes, strict } of this.begun) {
			if (!this.chance.chance(0.5)) break;
			this.disk.commit(writes, strict);
		}
		this.begun.clear();
	}

	close(): void {}

	updates(doc: string): Promise<KeptUpdate[]> {
		return this.read(() => this.updatesOf(doc));
	}

	async addUpdate(doc: string, update: Uint8Array, own: boolean): Promise<number> {
		const seq = this.nextSeq++;
		await this.write([put({ doc, seq, update, own })], own);
		return seq;
	}

	async replaceUpdates(
		doc: string,
		drop: readonly number[],
		more: readonly { update: Uint8Array; own: boolean }[],
	): Promise<number[]> {
		const kept = more.map((each) => ({ doc, seq: this.nextSeq++, ...each }));
		const dropped = drop.map((seq): Write => ["updates", keyOf(doc, seq), null]);
		await this.write([...dropped, ...kept.map(put)], true);
		return kept.map(({ seq }) => seq);
	}

	documents(): Promise<string[]> {
		return this.read(() => [...new Set(this.allUpdates().map(({ doc }) => doc))].sort());
	}

	documentsWithOwn(): Promise<string[]> {
		return this.read(() => {
			const own = this.allUpdates().filter((each) => each.own);
			return [...new Set(own.map(({ doc }) => doc))].sort();
		});
	}

	deleteDocuments(docs: readonly string[]): Promise<void> {
		const gone = docs.flatMap((doc) => this.updatesOf(doc));
		return this.write(
			gone.map(({ doc, seq }): Write => ["updates", keyOf(doc, seq), null]),
			true,
		);
	}

	facts(): Promise<KeptFact[]> {
		return this.read(() => this.rows<KeptFact>("facts"));
	}

	outbox(): Promise<KeptOutgoing[]> {
		return this.read(() => this.rows<KeptOutgoing>("outbox"));
	}

	putFacts(facts: readonly KeptFact[]): Promise<void> {
		return this.write(facts.map(asFact), true);
	}

	async putOwn(fact: KeptFact, outgoing: KeptOutgoing): Promise<void> {
		const { body } = fromWire(fact.wire);
		this.disk.made(fact.id, body);
		await this.write([asFact(fact), ["outbox", outgoing.id, { ...outgoing }]], true);
		this.disk.kept(fact.id, body);
	}

	settle(facts: readonly KeptFact[], answered: readonly string[]): Promise<void> {
		const gone = answered.map((id): Write => ["outbox", id, null]);
		return this.write([...facts.map(asFact), ...gone], true);
	}

	dropFacts(ids: readonly string[]): Promise<void> {
		return this.write(
			ids.map((id): Write => ["facts", id, null]),
			false,
		);
	}

	meta<T>(key: string): Promise<T | null> {
		return this.read(() => {
			const row = this.disk.tables.meta.get(key) as { value: T } | undefined;
			return row?.value ?? null;
		});
	}

	metas<T>(prefix: string): Promise<{ key: string; value: T }[]> {
		return this.read(() =>
			this.rows<{ key: string; value: T }>("meta")
				.filter(({ key }) => key.startsWith(prefix))
				.sort((one, other) => (one.key < other.key ? -1 : 1)),
		);
	}

	putMeta(key: string, value: unknown, strict = true): Promise<void> {
		return this.write([["meta", key, { key, value }]], strict);
	}

	dropMeta(key: string): Promise<void> {
		return this.write([["meta", key, null]], true);
	}

	private rows<T>(table: Table): T[] {
		return [...this.disk.tables[table].values()].map((each) => ({ ...each }) as T);
	}

	private allUpdates(): KeptUpdate[] {
		return [...this.disk.tables.updates.values()] as KeptUpdate[];
	}

	private updatesOf(doc: string): KeptUpdate[] {
		return this.allUpdates()
			.filter((each) => each.doc === doc)
			.sort((one, other) => one.seq - other.seq);
	}

	private read<T>(look: () => T): Promise<T> {
		return new Promise((resolve) => this.inTurn(0, () => resolve(look())));
	}

	private write(writes: readonly Write[], strict: boolean): Promise<void> {
		return new Promise((resolve, reject) => {
			const entry = { writes, strict };
			this.begun.add(entry);
			const { flushMs } = this.disk;
			const took = strict
				? flushMs * (0.5 + this.chance.next() * (this.chance.chance(0.05) ? 9 : 1))
				: 1;
			this.inTurn(took, () => {
				this.begun.delete(entry);
				if (this.disk.full) {
					reject(new StorageError("not kept: QuotaExceededError"));
					return;
				}
				this.disk.commit(writes, strict);
				resolve();
			});
		});
	}

	/** Transactions run one after the other, as they were begun. */
	private inTurn(ms: number, work: () => void): void {
		this.freeAt = Math.max(this.freeAt, this.time.now) + ms;
		this.time.schedule(this.freeAt - this.time.now, work);
	}
}

const keyOf = (doc: string, seq: number) => `${doc} ${seq}`;
const put = (update: KeptUpdate): Write => ["updates", keyOf(update.doc, update.seq), update];
const asFact = (fact: KeptFact): Write => ["facts", fact.id, { ...fact }];
