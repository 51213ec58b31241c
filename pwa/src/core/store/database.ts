/** IndexedDB as promises that always settle: complete resolves; error, abort and a blocked open reject. */

/** The disk would not keep it. */
export class StorageError extends Error {
	override name = "StorageError";
}

/** The object stores of one terminal slot and their keys. */
const STORES = {
	/** [doc, seq] → one Yjs update */
	updates: ["doc", "seq"],
	/** fact id → fact */
	facts: "id",
	/** fact id → own fact the hub has not answered for */
	outbox: "id",
	/** name → value */
	meta: "key",
} as const satisfies Record<string, string | readonly string[]>;
export type StoreName = keyof typeof STORES;

export function openDatabase(name: string, factory: IDBFactory): Promise<IDBDatabase> {
	return new Promise((resolve, reject) => {
		const request = factory.open(name, 1);
		request.onupgradeneeded = () => {
			for (const [store, keyPath] of Object.entries(STORES)) {
				request.result.createObjectStore(store, { keyPath: keyPath as string | string[] });
			}
		};
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(new StorageError(`cannot open ${name}: ${request.error}`));
		request.onblocked = () => reject(new StorageError(`${name} is held by another page`));
	});
}

/** Resolves with the value of a request; for use inside a transaction only. */
export function result<T>(request: IDBRequest<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(new StorageError(String(request.error)));
	});
}

/**
 * Runs `work` in one transaction. Resolves once it is complete (with `strict`: flushed to the disk), rejects with
 * StorageError on error and on abort: a full disk shows only at commit, as an abort. `work` must not wait for anything
 * but its own requests, or the transaction ends under it.
 */
export function transact<T>(
	database: IDBDatabase,
	stores: StoreName[],
	mode: IDBTransactionMode,
	durability: IDBTransactionDurability,
	work: (store: (name: StoreName) => IDBObjectStore) => T | Promise<T>,
): Promise<T> {
	return new Promise((resolve, reject) => {
		let transaction: IDBTransaction;
		try {
			transaction = database.transaction(stores, mode, { durability });
		} catch (error) {
			reject(new StorageError(String(error)));
			return;
		}
		let value: Promise<T>;
		transaction.oncomplete = () => {
			value.then(resolve, reject);
		};
		const failed = () => reject(new StorageError(`not kept: ${transaction.error ?? "aborted"}`));
		transaction.onerror = failed;
		transaction.onabort = failed;
		try {
			value = Promise.resolve(work((name) => transaction.objectStore(name)));
		} catch (error) {
			transaction.abort();
			reject(error);
			return;
		}
		value.catch((error: unknown) => {
			reject(error);
			try {
				transaction.abort();
			} catch {
				// Already over.
			}
		});
	});
}
