/** Where a replica's updates lie: on disk, on disk under a nurse's key, or (what the hub gives anew each time) nowhere. */
import type { Store } from "../store/store";
import type { Vault } from "../store/vault";

export interface ShelfEntry {
	seq: number;
	update: Uint8Array;
	/** an edit of this terminal the hub has not stored yet */
	own: boolean;
}

export interface Shelf {
	load(): Promise<ShelfEntry[]>;
	/** Keeps one update and returns its seq. Throws StorageError. */
	add(update: Uint8Array, own: boolean): Promise<number>;
	/** Puts updates in the place of others, all or nothing; returns the new ones' seqs. */
	replace(
		drop: readonly number[],
		put: readonly { update: Uint8Array; own: boolean }[],
	): Promise<number[]>;
	/** Forgets the document. */
	clear(): Promise<void>;
}

export function diskShelf(store: Store, name: string): Shelf {
	return {
		load: () => store.updates(name),
		add: (update, own) => store.addUpdate(name, update, own),
		replace: (drop, put) => store.replaceUpdates(name, drop, put),
		clear: () => store.deleteDocuments([name]),
	};
}

/** Name on disk of a document that is sealed for one staff number. */
export function sealedName(number: string, name: string): string {
	return `sealed/${number}/${name}`;
}

/** Sealed on disk, so that nothing of it can be read when nobody is signed in. Seals before the transaction opens. */
export function vaultShelf(store: Store, vault: Vault, number: string, name: string): Shelf {
	const disk = diskShelf(store, sealedName(number, name));
	return {
		load: async () => {
			const kept = await disk.load();
			return Promise.all(
				kept.map(async (each) => ({ ...each, update: await vault.open(each.update) })),
			);
		},
		add: async (update, own) => disk.add(await vault.seal(update), own),
		replace: async (drop, put) => {
			const sealed = await Promise.all(
				put.map(async (each) => ({ own: each.own, update: await vault.seal(each.update) })),
			);
			return disk.replace(drop, sealed);
		},
		clear: () => disk.clear(),
	};
}

/** For documents that only the hub writes and that are read anew on each start. */
export function memoryShelf(): Shelf {
	let seq = 0;
	return {
		load: async () => [],
		add: async () => seq++,
		replace: async (_drop, put) => put.map(() => seq++),
		clear: async () => {},
	};
}
