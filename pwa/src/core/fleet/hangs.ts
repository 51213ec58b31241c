/**
 * How often a slot's page hung, in a small database of its own: the page that hangs may hold the terminal's for good.
 * Written by the heartbeat worker, read by the page that comes after.
 */
import { result, transact } from "../store/database";

const KEY = "hung";

function open(slot: string, factory: IDBFactory): Promise<IDBDatabase> {
	return new Promise((resolve, reject) => {
		const request = factory.open(`wardline-hangs:${slot}`, 1);
		request.onupgradeneeded = () => {
			request.result.createObjectStore("meta", { keyPath: "key" });
		};
		request.onsuccess = () => resolve(request.result);
		request.onerror = () => reject(request.error);
	});
}

async function withCount<T>(
	slot: string,
	factory: IDBFactory,
	mode: IDBTransactionMode,
	work: (store: IDBObjectStore) => Promise<T>,
): Promise<T> {
	const database = await open(slot, factory);
	try {
		return await transact(database, ["meta"], mode, "strict", (store) => work(store("meta")));
	} finally {
		database.close();
	}
}

async function read(store: IDBObjectStore): Promise<number> {
	const row = await result(store.get(KEY) as IDBRequest<{ value: number } | undefined>);
	return row?.value ?? 0;
}

/** One more. */
export function countHang(slot: string, factory: IDBFactory = indexedDB): Promise<void> {
	return withCount(slot, factory, "readwrite", async (store) => {
		store.put({ key: KEY, value: (await read(store)) + 1 });
	});
}

/** How often so far; 0 where nothing can be read. */
export function hangs(slot: string, factory: IDBFactory = indexedDB): Promise<number> {
	return withCount(slot, factory, "readonly", read).catch(() => 0);
}
