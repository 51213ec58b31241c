/** What the hub refused, kept where a person can see it: facts, edits, and that there were recordings, for a week. */
import type { PutAside } from "./replica/replica";
import type { Store } from "./store/store";
import type { RefusedItem } from "./terminal_types";

const KEEP_MS = 7 * 86_400_000;

/** On disk an item also has what was refused. */
interface KeptRefusal extends RefusedItem {
	wire?: string;
	updates?: Uint8Array[];
}

export class RefusedList {
	items: RefusedItem[] = [];
	private readonly store: Store;
	private readonly failed: (error: unknown) => void;

	constructor(store: Store, failed: (error: unknown) => void) {
		this.store = store;
		this.failed = failed;
	}

	async load(now: number): Promise<void> {
		const kept = await this.store.metas<KeptRefusal>("refused:");
		for (const { key, value } of kept) {
			if (now - value.at > KEEP_MS) await this.store.dropMeta(key);
			else this.items = [...this.items, { id: value.id, reason: value.reason, at: value.at }];
		}
	}

	fact(id: string, reason: string, at: number, wire: string): void {
		this.add({ id, reason, at, wire }).catch(this.failed);
	}

	edits(aside: PutAside, at: number): void {
		this.add({ id: aside.document, reason: aside.reason, at, updates: aside.updates }).catch(
			this.failed,
		);
	}

	/** A recorded talk: the reason only, its sound is not kept. Resolves once it is on the disk. Throws StorageError. */
	recording(talk: string, reason: string, at: number): Promise<void> {
		return this.add({ id: `recording:${talk}`, reason, at });
	}

	private add(item: KeptRefusal): Promise<void> {
		const { id, reason, at } = item;
		this.items = [...this.items, { id, reason, at }];
		const key = `refused:${at}:${id}:${this.items.length}`;
		return this.store.putMeta(key, item);
	}
}
