import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { openDatabase, StorageError, transact } from "../../../src/core/store/database";
import { type KeptFact, Store } from "../../../src/core/store/store";
import { Vault, WrongPassword } from "../../../src/core/store/vault";

const fact = (id: string): KeptFact => ({
	id,
	wire: "AA==",
	heardAt: null,
	seenAt: 1,
	verified: true,
	missed: false,
});

let factory: IDBFactory;
let store: Store;
beforeEach(async () => {
	factory = new IDBFactory();
	store = await Store.open("bed-b01", factory);
});

describe("the store", () => {
	it("keeps updates in order and apart by document over a new start", async () => {
		await store.addUpdate("a", Uint8Array.of(1), false);
		await store.addUpdate("ab", Uint8Array.of(2), false);
		await store.addUpdate("a", Uint8Array.of(3), true);
		store.close();
		const again = await Store.open("bed-b01", factory);
		await again.addUpdate("a", Uint8Array.of(4), false);
		const kept = await again.updates("a");
		expect(kept.map((each) => [each.update[0], each.own])).toEqual([
			[1, false],
			[3, true],
			[4, false],
		]);
		expect(await again.documents()).toEqual(["a", "ab"]);
	});

	it("deletes a document by name and leaves its neighbours", async () => {
		for (const name of ["stay/s1/card", "stay/s1/notes", "stay/s10/card"]) {
			await store.addUpdate(name, Uint8Array.of(1), false);
		}
		await store.deleteDocuments(["stay/s1/card", "stay/s1/notes"]);
		expect(await store.documents()).toEqual(["stay/s10/card"]);
	});

	it("writes facts and the outbox strictly, in one transaction", async () => {
		const opened = vi.spyOn(IDBDatabase.prototype, "transaction");
		await store.putOwn(fact("f1"), { id: "f1", wire: "AA==", document: "d", keptAt: 1 });
		expect(opened).toHaveBeenCalledWith(["facts", "outbox"], "readwrite", { durability: "strict" });
		opened.mockRestore();
		expect((await store.outbox()).map((each) => each.id)).toEqual(["f1"]);
		await store.settle([{ ...fact("f1"), heardAt: 5 }], ["f1"]);
		expect(await store.outbox()).toEqual([]);
		expect((await store.facts())[0]?.heardAt).toBe(5);
	});

	it("rejects when a transaction aborts at commit, and keeps nothing of it", async () => {
		const database = await openDatabase("wardline:other", factory);
		const kept = transact(database, ["meta"], "readwrite", "strict", (open) => {
			const request = open("meta").put({ key: "a", value: 1 });
			request.onsuccess = () => request.transaction?.abort();
		});
		await expect(kept).rejects.toBeInstanceOf(StorageError);
		const other = await Store.open("other", factory);
		expect(await other.meta("a")).toBeNull();
	});

	it("rejects when the database is gone", async () => {
		store.close();
		await expect(store.putFacts([fact("f1")])).rejects.toBeInstanceOf(StorageError);
	});
});

describe("the vault of a PDA", () => {
	it("opens with the password of its nurse alone", async () => {
		const staff = { id: "s1", name: "王芳", role: "nurse" };
		const vault = await Vault.create(store, "1001", "secret", staff, 1_000);
		const sealed = await vault.seal(Uint8Array.of(1, 2, 3));
		expect(sealed.length).toBe(12 + 3 + 16);
		const again = await Vault.unlock(store, "1001", "secret");
		expect(await again?.open(sealed)).toEqual(Uint8Array.of(1, 2, 3));
		expect(again?.staff).toEqual(staff);
		await expect(Vault.unlock(store, "1001", "guess")).rejects.toBeInstanceOf(WrongPassword);
		expect(await Vault.unlock(store, "1002", "secret")).toBeNull();
	});
});
