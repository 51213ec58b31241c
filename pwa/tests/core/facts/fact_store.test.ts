/** Facts from neighbours beside those of the hub (CF15, NB4). */
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { FactBody } from "../../../src/core/calls/types";
import { FactStore, type ToldFact } from "../../../src/core/facts/fact_store";
import { nonce, signFact, signWith } from "../../../src/core/facts/signing";
import { Store } from "../../../src/core/store/store";

const NOW = 1_000;
let factory: IDBFactory;
let store: Store;
let facts: FactStore;
const failures: unknown[] = [];

beforeEach(async () => {
	factory = new IDBFactory();
	store = await Store.open("door-r01", factory);
	facts = new FactStore(store, (error) => failures.push(error));
	failures.length = 0;
});

async function told(verified = true, body: Partial<FactBody> = {}): Promise<ToldFact> {
	const how = { name: "ECDSA", namedCurve: "P-256" };
	const pair = await crypto.subtle.generateKey(how, false, ["sign"]);
	const press: FactBody = {
		act: "placed",
		at: 1,
		calls: [],
		clock: "hub",
		nonce: nonce(),
		room: "r01",
		source: "bed:b01",
		terminal: "bed-b01",
		type: "patient",
		ward: "w",
		...body,
	};
	return { ...(await signFact(press, signWith(pair.privateKey))), verified };
}

async function onDisk() {
	const again = new FactStore(await Store.open("door-r01", factory), () => {});
	await again.load(NOW);
	return [...again.every()];
}

describe("facts of neighbours", () => {
	it("count at once, are on disk when said so, and are told to nobody as new of the hub's", async () => {
		const fact = await told();
		const added = vi.fn();
		facts.added.add(added);
		const kept = facts.hearFrom([fact], NOW);
		expect([...facts.facts()]).toMatchObject([{ id: fact.id, heardAt: null, verified: true }]);
		expect(await kept).toEqual([fact.id]);
		expect(await onDisk()).toMatchObject([{ id: fact.id, heardAt: null, seenAt: NOW }]);
		expect(added).not.toHaveBeenCalled();
	});

	it("keep their first sight when the hub has them too, and the hub's hearing when they come again", async () => {
		const fact = await told(false);
		await facts.hearFrom([fact], NOW);
		await facts.hear([[fact.wire, 900, 0]], NOW + 5);
		expect(await facts.hearFrom([fact], NOW + 9)).toEqual([fact.id]);
		expect(await onDisk()).toMatchObject([{ heardAt: 900, seenAt: NOW, verified: true }]);
	});

	it("an unverified copy gives way to a verified one, and never the other way", async () => {
		const unverified = await told(false);
		const { wire } = await told(true);
		await facts.hearFrom([unverified], NOW);
		await facts.hearFrom([{ ...unverified, wire, verified: true }], NOW);
		await facts.hearFrom([unverified], NOW);
		expect(facts.get(unverified.id)).toMatchObject({ wire, verified: true, kept: true });
	});

	it("two copies at once are one write, and both are answered after it", async () => {
		const fact = await told();
		const put = vi.spyOn(store, "putFacts");
		const [one, two] = await Promise.all([
			facts.hearFrom([fact], NOW),
			facts.hearFrom([fact], NOW),
		]);
		expect([one, two]).toEqual([[fact.id], [fact.id]]);
		expect(put).toHaveBeenCalledTimes(1);
	});

	it("a write that fails is no write, and the next copy tries again", async () => {
		const fact = await told();
		vi.spyOn(store, "putFacts").mockRejectedValueOnce(new Error("full"));
		expect(await facts.hearFrom([fact], NOW)).toEqual([]);
		expect(failures).toHaveLength(1);
		expect(await facts.hearFrom([fact], NOW)).toEqual([fact.id]);
	});

	it("a refused one is gone, from the call it named too", async () => {
		const press = await told();
		const clear = await told(true, {
			act: "cleared",
			calls: [press.id],
			policy: "tender",
			way: "remote",
			source: undefined,
			type: undefined,
		});
		await facts.hearFrom([press, clear], NOW);
		expect(facts.about(press.id).map(({ id }) => id)).toEqual([press.id, clear.id]);
		const dropped = vi.fn();
		facts.dropped.add(dropped);
		facts.refuse(clear.id);
		expect(dropped.mock.calls[0]?.[0]).toMatchObject({ id: clear.id, wire: clear.wire });
		expect(facts.about(press.id).map(({ id }) => id)).toEqual([press.id]);
	});

	it("what the hub tells anew, and what the own hand makes, is told of once", async () => {
		const [hubs, own] = [await told(), await told()];
		const added: [string, string][] = [];
		facts.added.add((fact, from) => added.push([fact.id, from]));
		await facts.hear([[hubs.wire, 900, 0]], NOW);
		await facts.hear([[hubs.wire, 800, 0]], NOW);
		facts.addOwn(own.id, own.wire, own.body, NOW);
		expect(added).toEqual([
			[hubs.id, "hub"],
			[own.id, "hand"],
		]);
	});
});

describe("the hub's word on whose name stands under an act", () => {
	it("comes with the item, also when the fact is known, and stays on disk (CF45)", async () => {
		const act = await told(true, {
			act: "acknowledged",
			calls: ["0".repeat(32)],
			staff: "n01",
			source: undefined,
			type: undefined,
		});
		await facts.hear([[act.wire, 900, 0]], NOW);
		expect(facts.get(act.id)?.staffUnverified).toBe(false);
		await facts.hear([[act.wire, 900, 0, 1]], NOW);
		expect(facts.get(act.id)?.staffUnverified).toBe(true);
		expect(await onDisk()).toMatchObject([{ id: act.id, staffUnverified: true, verified: true }]);
	});
});
