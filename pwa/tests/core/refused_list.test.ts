/** What was refused stays in view for a week, over restarts; of a recording only that it was, and why. */
import { IDBFactory } from "fake-indexeddb";
import { expect, it } from "vitest";
import { RefusedList } from "../../src/core/refused_list";
import { Store } from "../../src/core/store/store";

const WEEK = 7 * 86_400_000;

it("a refused recording is listed with its reason, on the disk before that is said, for a week", async () => {
	const store = await Store.open("station-a", new IDBFactory());
	const list = new RefusedList(store, () => {});
	await list.recording("00000000000000aa", "recording_off", 1_000);
	const item = { id: "recording:00000000000000aa", reason: "recording_off", at: 1_000 };
	expect(list.items).toEqual([item]);
	expect((await store.metas("refused:")).map(({ value }) => value)).toEqual([item]);
	const later = new RefusedList(store, () => {});
	await later.load(1_000 + WEEK);
	expect(later.items).toEqual([item]);
	const muchLater = new RefusedList(store, () => {});
	await muchLater.load(1_001 + WEEK);
	expect([muchLater.items, await store.metas("refused:")]).toEqual([[], []]);
});

it("a disk that does not keep it is no reason to let the sound go", async () => {
	const store = await Store.open("station-a", new IDBFactory());
	store.putMeta = () => Promise.reject(new Error("full"));
	const errors: unknown[] = [];
	const list = new RefusedList(store, (error) => errors.push(error));
	await expect(list.recording("00000000000000aa", "no", 1)).rejects.toThrow("full");
	list.fact("f", "no", 1, "wire");
	await Promise.resolve();
	await Promise.resolve();
	expect(errors).toHaveLength(1);
});
