/** The PIN beside the password: five tries, and what is left afterwards. */
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it } from "vitest";
import { Store } from "../../../src/core/store/store";
import { PIN_TRIES, Vault, WrongPassword, WrongPin } from "../../../src/core/store/vault";

const STAFF = { id: "n01", name: "王芳", role: "nurse" };
const QUICK = 1_000;
const PIN = "274951";
const TEXT = Uint8Array.of(1, 2, 3);
let factory: IDBFactory;
let store: Store;
let vault: Vault;
let sealed: Uint8Array;

beforeEach(async () => {
	factory = new IDBFactory();
	store = await Store.open("pda-01", factory);
	vault = await Vault.create(store, "1001", "secret", STAFF, QUICK);
	sealed = await vault.seal(TEXT);
});

const byPin = (pin: string) => Vault.unlockByPin(store, "1001", pin);
async function wrong(): Promise<number> {
	try {
		await byPin("000000");
	} catch (error) {
		if (error instanceof WrongPin) return error.left;
		throw error;
	}
	throw new Error("it opened");
}

describe("a vault", () => {
	it("opens by PIN once it was typed, and by password as before", async () => {
		expect(await byPin(PIN)).toBeNull();
		expect(await Vault.pinTriesLeft(store, "1001")).toBe(0);
		await vault.setPin(store, PIN, QUICK);
		const again = await byPin(PIN);
		expect(await again?.open(sealed)).toEqual(TEXT);
		expect(again?.staff).toEqual(STAFF);
		expect(await (await Vault.unlock(store, "1001", "secret"))?.open(sealed)).toEqual(TEXT);
		expect(await Vault.unlockByPin(store, "1002", PIN)).toBeNull();
	});

	it("five wrong PINs destroy the PIN's wrap, a right one in between counts anew", async () => {
		await vault.setPin(store, PIN, QUICK);
		expect([await wrong(), await wrong(), await wrong(), await wrong()]).toEqual([4, 3, 2, 1]);
		expect(await byPin(PIN)).not.toBeNull();
		expect(await Vault.pinTriesLeft(store, "1001")).toBe(PIN_TRIES);
		for (let left = PIN_TRIES - 1; left >= 0; left--) expect(await wrong()).toBe(left);
		expect(await byPin(PIN)).toBeNull();
		expect(JSON.stringify(await store.meta("vault:1001"))).not.toContain("tried");
		const open = await Vault.unlock(store, "1001", "secret");
		expect(await open?.open(sealed)).toEqual(TEXT);
		await open?.setPin(store, PIN, QUICK);
		expect(await byPin(PIN)).not.toBeNull();
	});

	it("counts tries of one moment, and those of a page that was closed before the answer", async () => {
		await vault.setPin(store, PIN, QUICK);
		const tries = await Promise.allSettled(Array.from({ length: 8 }, () => byPin("111112")));
		const left = tries.map((each) => (each.status === "rejected" ? each.reason.left : null));
		expect(left).toEqual([4, 3, 2, 1, 0, null, null, null]);
		await vault.setPin(store, PIN, QUICK);
		const seen: (number | undefined)[] = [];
		const put = store.putMeta.bind(store);
		store.putMeta = async (key, value, strict) => {
			await put(key, value, strict);
			seen.push((value as { pin?: { tried: number } }).pin?.tried);
		};
		await byPin(PIN);
		expect(seen).toEqual([1, 0]);
	});

	it("takes a new password over without losing what is sealed", async () => {
		await vault.setPin(store, PIN, QUICK);
		await (await byPin(PIN))?.setPassword(store, "new secret", QUICK);
		await expect(Vault.unlock(store, "1001", "secret")).rejects.toBeInstanceOf(WrongPassword);
		expect(await (await Vault.unlock(store, "1001", "new secret"))?.open(sealed)).toEqual(TEXT);
		expect(await (await byPin(PIN))?.open(sealed)).toEqual(TEXT);
	});

	it("nothing on disk opens without the device's key", async () => {
		await vault.setPin(store, PIN, QUICK);
		const kept = await store.meta("vault:1001");
		const other = await Store.open("pda-02", new IDBFactory());
		await other.putMeta("vault:1001", kept);
		await expect(Vault.unlockByPin(other, "1001", PIN)).rejects.toBeInstanceOf(WrongPin);
	});
});
