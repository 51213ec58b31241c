import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HubClock } from "../../../src/core/clock";
import { Greeting } from "../../../src/core/replica/greeting";
import { Provider } from "../../../src/core/replica/provider";
import type { PutAside } from "../../../src/core/replica/replica";
import { diskShelf } from "../../../src/core/replica/shelf";
import { Store } from "../../../src/core/store/store";
import { FakeHub, FakeLink, FakeTicker, rest } from "../fakes/fake_hub";

const MEMOS = "ward/thoracic/memos";
let factory: IDBFactory;
let hub: FakeHub;
const closing: (() => void)[] = [];

interface Machine {
	link: FakeLink;
	store: Store;
	provider: Provider;
	ticker: FakeTicker;
	aside: PutAside[];
	clock: HubClock;
}

/** A terminal's replicas on the disk that outlives them. */
async function machine(slot = "station-main"): Promise<Machine> {
	const link = new FakeLink();
	const ticker = new FakeTicker();
	const store = await Store.open(slot, factory);
	const clock = new HubClock(
		() => 500,
		() => 0,
		null,
	);
	const aside: PutAside[] = [];
	const greeting = await Greeting.load(store, (error) => {
		throw error;
	});
	const provider: Provider = new Provider({
		link,
		ticker,
		clock,
		monotonic: () => 0,
		version: "0",
		shelf: (name) => diskShelf(store, name),
		greet: async (hello) => {
			await greeting.judge(hello, provider, (each) => aside.push(each));
		},
		tokenRefused: () => {},
		putAside: (each) => aside.push(each),
		storageFailed: (error) => {
			throw error;
		},
	});
	provider.setToken("secret");
	closing.push(() => provider.close());
	return { link, store, provider, ticker, aside, clock };
}

const text = (on: Machine, name = MEMOS) => on.provider.replica(name)?.doc.getText("t").toString();

beforeEach(() => {
	factory = new IDBFactory();
	hub = new FakeHub();
});
afterEach(() => {
	for (const close of closing.splice(0)) close();
});

describe("replicas over one link", () => {
	it("opens no document before the hub has said who it is", async () => {
		const on = await machine();
		on.provider.open(MEMOS);
		await rest();
		on.link.peer = null;
		on.link.become("open");
		await rest();
		expect(hub.heard).toEqual([]);
		hub.connect(on.link);
		await rest();
		expect(hub.heard.map((each) => each.type).slice(0, 2)).toEqual(["token", "sync_step1"]);
	});

	it("brings many documents in step and takes the hub's edits", async () => {
		hub.edit("a", (doc) => doc.getText("t").insert(0, "甲"));
		const on = await machine();
		for (const name of ["a", "b"]) on.provider.open(name);
		hub.connect(on.link);
		await rest();
		hub.edit("b", (doc) => doc.getText("t").insert(0, "乙"));
		await rest();
		expect([text(on, "a"), text(on, "b")]).toEqual(["甲", "乙"]);
		expect(on.provider.replica("a")).toMatchObject({ loaded: true, syncedAt: expect.any(Number) });
	});

	it("counts an edit as unsent until the hub has stored it", async () => {
		const on = await machine();
		const replica = on.provider.open(MEMOS);
		hub.connect(on.link);
		await rest();
		replica.doc.getText("t").insert(0, "x");
		expect(replica.unsent).toBe(1);
		await rest();
		expect(replica.unsent).toBe(0);
		expect(hub.document(MEMOS).doc.getText("t").toString()).toBe("x");
		expect((await on.store.updates(MEMOS)).some((each) => each.own)).toBe(false);
	});

	it("keeps an edit made offline over a new start and delivers it on joining", async () => {
		const before = await machine();
		hub.connect(before.link);
		const replica = before.provider.open(MEMOS);
		await rest();
		hub.cut(before.link);
		replica.doc.getText("t").insert(0, "离线");
		await rest();
		before.provider.close();
		const after = await machine();
		const again = after.provider.open(MEMOS);
		await rest();
		expect(again).toMatchObject({ loaded: true, unsent: 1 });
		hub.connect(after.link);
		await rest();
		expect(again.unsent).toBe(0);
		expect(hub.document(MEMOS).doc.getText("t").toString()).toBe("离线");
	});

	it("keeps an edit whose session is over until someone may write again", async () => {
		const on = await machine();
		const replica = on.provider.open(MEMOS);
		hub.connect(on.link);
		await rest();
		hub.cut(on.link);
		replica.doc.getText("t").insert(0, "离线");
		hub.scope = () => "readonly";
		hub.connect(on.link);
		await rest();
		expect(replica.unsent).toBe(1);
		expect(text(on)).toBe("离线");
		expect(hub.document(MEMOS).doc.getText("t").toString()).toBe("");
		hub.scope = () => "read-write";
		on.provider.setToken("signed in");
		await rest();
		expect(replica.unsent).toBe(0);
		expect(hub.document(MEMOS).doc.getText("t").toString()).toBe("离线");
		expect(on.aside).toEqual([]);
	});

	it("merges what two machines wrote on both sides of a cut", async () => {
		const one = await machine("station-main");
		const two = await machine("station-vice");
		for (const on of [one, two]) on.provider.open(MEMOS);
		hub.connect(two.link);
		await rest();
		one.provider.replica(MEMOS)?.doc.getMap("m").set("one", 1);
		two.provider.replica(MEMOS)?.doc.getMap("m").set("two", 2);
		hub.connect(one.link);
		await rest();
		for (const on of [one, two]) {
			expect(on.provider.replica(MEMOS)?.doc.getMap("m").toJSON()).toEqual({ one: 1, two: 2 });
		}
	});

	it("keeps a refused edit for a person and goes on under a new client id", async () => {
		const on = await machine();
		const replica = on.provider.open(MEMOS);
		hub.connect(on.link);
		await rest();
		replica.doc.getText("t").insert(0, "good ");
		await rest();
		const client = replica.doc.clientID;
		hub.judge = () => "too_large";
		replica.doc.getText("t").insert(0, "bad ");
		await rest();
		expect(on.aside).toMatchObject([{ document: MEMOS, reason: "too_large" }]);
		expect(on.aside[0]?.updates).toHaveLength(1);
		expect(replica.doc.clientID).not.toBe(client);
		expect(replica).toMatchObject({ refused: "too_large", unsent: 0 });
		expect(text(on)).toBe("good ");
		hub.judge = () => null;
		replica.doc.getText("t").insert(0, "new ");
		await rest();
		expect(hub.document(MEMOS).doc.getText("t").toString()).toBe("new good ");
		expect(replica.refused).toBeNull();
	});

	it("drops the replicas of another installation and keeps its own edits aside", async () => {
		const on = await machine();
		const replica = on.provider.open(MEMOS);
		hub.connect(on.link);
		await rest();
		hub.edit(MEMOS, (doc) => doc.getText("t").insert(0, "old patient"));
		await rest();
		hub.cut(on.link);
		replica.doc.getMap("m").set("mine", 1);
		await on.store.addUpdate("stay/s1/card", Uint8Array.of(0, 0), false);
		await rest();
		const other = new FakeHub();
		other.installation = "i2";
		other.connect(on.link);
		await rest();
		expect(on.aside).toMatchObject([{ document: MEMOS, reason: "other_installation" }]);
		expect(replica.doc.getText("t").toString()).toBe("");
		expect(other.document(MEMOS).doc.getText("t").toString()).toBe("");
		expect(await on.store.documents()).not.toContain("stay/s1/card");
	});

	it("drops a copy it may not write when a restored hub has less", async () => {
		hub.scope = () => "readonly";
		hub.edit(MEMOS, (doc) => doc.getText("t").insert(0, "after the backup"));
		const on = await machine();
		const replica = on.provider.open(MEMOS);
		hub.connect(on.link);
		await rest();
		expect(text(on)).toBe("after the backup");
		hub.cut(on.link);
		hub.forget(MEMOS);
		hub.generation = 2;
		hub.edit(MEMOS, (doc) => doc.getText("t").insert(0, "backup"));
		hub.connect(on.link);
		await rest();
		expect(replica.doc.getText("t").toString()).toBe("backup");
		expect(on.aside).toEqual([]);
	});

	it("asks again for a document it was denied, and others go on", async () => {
		hub.scope = (name) => (name === "a" ? null : "read-write");
		const on = await machine();
		const denied = on.provider.open("a");
		const other = on.provider.open("b");
		hub.connect(on.link);
		await rest();
		expect(denied).toMatchObject({ denied: "permission-denied", loaded: false });
		expect(other.loaded).toBe(true);
		hub.scope = () => "readonly";
		on.provider.setToken("better");
		await rest();
		expect(denied).toMatchObject({ denied: null, loaded: true, scope: "readonly" });
	});

	it("tells presence anew on each connection and forgets others with the link", async () => {
		const one = await machine("bed-b01");
		const two = await machine("station-main");
		for (const on of [one, two]) {
			on.provider.open("p", { presence: true });
			hub.connect(on.link);
		}
		await rest();
		one.provider.awareness("p")?.setLocalState({ terminal: "bed-b01" });
		await rest();
		const seen = () => [...(two.provider.awareness("p")?.states.values() ?? [])];
		expect(seen()).toEqual([{ terminal: "bed-b01" }]);
		hub.cut(two.link);
		expect(seen()).toEqual([]);
		hub.cut(one.link);
		hub.connect(two.link);
		await rest();
		hub.connect(one.link);
		await rest();
		expect(seen()).toEqual([{ terminal: "bed-b01" }]);
	});

	it("merges the copy on disk when it has grown past 200 updates", async () => {
		const on = await machine();
		const replica = on.provider.open(MEMOS);
		hub.connect(on.link);
		await rest();
		for (let each = 0; each < 230; each++) {
			hub.edit(MEMOS, (doc) => doc.getMap("m").set("k", each));
			if (each % 50 === 0) await rest();
		}
		await rest();
		await replica.settled();
		await rest();
		await replica.settled();
		expect((await on.store.updates(MEMOS)).length).toBeLessThan(100);
		replica.destroy();
		const again = await machine();
		const copy = again.provider.open(MEMOS);
		await rest();
		expect(copy.doc.getMap("m").get("k")).toBe(229);
	});

	it("sends a time frame every second beat and takes the hub's time", async () => {
		const on = await machine();
		hub.connect(on.link);
		await rest();
		for (let beat = 0; beat < 4; beat++) on.ticker.tick();
		await rest();
		expect(hub.heard.filter((each) => each.type === "stateless")).toHaveLength(2);
		expect(on.clock.now()).toBe(hub.now);
	});
});
