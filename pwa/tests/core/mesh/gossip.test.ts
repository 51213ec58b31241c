/** Facts among neighbours, as they should be: rules NB4 to NB9 of sync/SPEC.md. */
import { describe, expect, it, vi } from "vitest";
import { emptyDirectory } from "../../../src/core/calls/directory";
import { BED, CORRIDOR, DOOR, eventually, openWard, R01, room, STATION } from "./gossip_ward";

describe("a press without the hub", () => {
	it("reaches door and station, and through the door the corridor; the bed learns who holds it (NB5, NB6)", async () => {
		const ward = await room();
		const press = await ward.press(BED);
		await eventually(() => {
			for (const id of [DOOR, STATION, CORRIDOR]) {
				expect(ward.knows(id, press)).toBe(true);
				expect(ward.board(id).rows).toMatchObject([
					{ calls: [press.id], verified: true, count: 1 },
				]);
			}
			expect(ward.holders(BED, press)).toEqual([CORRIDOR, DOOR, STATION]);
		});
		expect(ward.mesh.drops).toEqual([]);
	});

	it("is stored once, and goes over no link twice (NB5)", async () => {
		const ward = await room();
		const writes = [DOOR, STATION, CORRIDOR].map((id) => vi.spyOn(ward.node(id).store, "putFacts"));
		const press = await ward.press(BED);
		await eventually(() => expect(ward.holders(BED, press)).toHaveLength(3));
		await ward.advance(30);
		for (const id of [DOOR, STATION, CORRIDOR]) {
			expect((await ward.node(id).store.facts()).map((each) => each.id)).toEqual([press.id]);
		}
		for (const write of writes) expect(write).toHaveBeenCalledTimes(1);
		const ways = ward.mesh.sent.filter((each) => each.frame.t === "facts");
		const over = ways.map(({ from, to }) => `${from} ${to}`);
		expect(new Set(over).size).toBe(over.length);
		expect(over).not.toContain(`${CORRIDOR} ${DOOR}`);
	});

	it("leaves before the disk is done, and nobody says held before theirs is (NB4, NB6)", async () => {
		const ward = await openWard(BED, DOOR);
		ward.join([BED, DOOR]);
		const { store } = ward.node(DOOR);
		let written = () => {};
		const disk = new Promise<void>((resolve) => {
			written = resolve;
		});
		const put = store.putFacts.bind(store);
		vi.spyOn(store, "putFacts").mockImplementation((facts) => disk.then(() => put(facts)));
		vi.spyOn(ward.node(BED).store, "putOwn").mockReturnValue(new Promise(() => {}));
		const press = await ward.sign(ward.pressBody(BED));
		void ward.node(BED).outbox.put(press, R01);
		await eventually(() => expect(ward.board(DOOR).rows).toHaveLength(1));
		const cancel = await ward.sign(ward.body(BED, "cancelled", { calls: [press.id] }));
		void ward.node(BED).outbox.put(cancel, R01);
		await eventually(() => expect(ward.board(DOOR).rows).toEqual([]));
		await ward.advance(3);
		expect(ward.holders(BED, press)).toEqual([]);
		written();
		await eventually(() => expect(ward.holders(BED, press)).toEqual([DOOR]));
	});

	it("is answered and cleared by whoever may, at every neighbour", async () => {
		const ward = await room();
		const press = await ward.press(BED);
		await eventually(() => expect(ward.knows(STATION, press)).toBe(true));
		await ward.make(ward.clearBody(STATION, [press.id]));
		await eventually(() => {
			for (const id of [BED, DOOR, STATION, CORRIDOR]) expect(ward.board(id).rows).toEqual([]);
		});
	});
});

describe("links that fail", () => {
	it("a frame lost is sent again, later each time (NB5)", async () => {
		const ward = await openWard(BED, DOOR);
		ward.join([BED, DOOR]);
		ward.mesh.loses = ({ frame }) => frame.t === "facts";
		const press = await ward.press(BED);
		await ward.advance(40);
		// At 0, 1, 3, 7, 15, 30 s.
		expect(ward.mesh.count("facts", BED, DOOR)).toBe(6);
		ward.mesh.loses = () => false;
		await ward.advance(6);
		await eventually(() => expect(ward.holders(BED, press)).toEqual([DOOR]));
		const sent = ward.mesh.count("facts", BED, DOOR);
		await ward.advance(60);
		expect(ward.mesh.count("facts", BED, DOOR)).toBe(sent);
	});

	it("a neighbour that never answers is given up after ten minutes, unless the call is open (NB5)", async () => {
		const ward = await openWard(BED, DOOR);
		ward.join([BED, DOOR]);
		ward.mesh.loses = ({ frame }) => frame.t === "facts";
		const press = await ward.press(BED);
		await ward.advance(700);
		const late = ward.mesh.count("facts", BED, DOOR);
		await ward.advance(60);
		expect(ward.mesh.count("facts", BED, DOOR)).toBeGreaterThan(late);
		await ward.make(ward.body(BED, "cancelled", { calls: [press.id] }));
		await ward.advance(700);
		const last = ward.mesh.count("facts", BED, DOOR);
		await ward.advance(60);
		expect(ward.mesh.count("facts", BED, DOOR)).toBe(last);
	});

	it("what one link loses comes by another", async () => {
		const ward = await room();
		ward.mesh.loses = ({ from, to }) => from === BED && to === DOOR;
		const press = await ward.press(BED);
		await eventually(() => expect(ward.holders(BED, press)).toEqual([CORRIDOR, DOOR, STATION]));
		ward.mesh.cut(BED, DOOR);
		const clear = await ward.make(ward.clearBody(STATION, [press.id]));
		await eventually(() => {
			for (const id of [BED, DOOR, CORRIDOR]) expect(ward.knows(id, clear)).toBe(true);
		});
	});

	it("what was on the way when the link broke is told once it is back (NB7)", async () => {
		const ward = await openWard(BED, DOOR, CORRIDOR);
		ward.join([BED, DOOR], [DOOR, CORRIDOR]);
		ward.mesh.loses = ({ from }) => from === BED;
		const press = await ward.press(BED);
		ward.mesh.cut(BED, DOOR);
		ward.mesh.loses = () => false;
		await ward.advance(5);
		expect(ward.knows(DOOR, press)).toBe(false);
		ward.mesh.join(BED, DOOR);
		await eventually(() => expect(ward.holders(BED, press)).toEqual([CORRIDOR, DOOR]));
	});

	it("a link that is there before the directory is made up for (NB7)", async () => {
		const ward = await openWard(BED, DOOR);
		const press = await ward.press(BED);
		const { directory } = ward;
		ward.directory = emptyDirectory();
		ward.join([BED, DOOR]);
		await ward.advance(2);
		expect(ward.mesh.sent).toEqual([]);
		ward.directory = directory;
		await ward.advance(2);
		await eventually(() => expect(ward.holders(BED, press)).toEqual([DOOR]));
	});

	it("what became of a press on the other side of a cut is told to who brings it late (NB7)", async () => {
		const ward = await openWard(BED, DOOR, STATION);
		ward.join([BED, STATION]);
		const press = await ward.press(BED);
		await eventually(() => expect(ward.holders(BED, press)).toEqual([STATION]));
		ward.mesh.cut(BED, STATION);
		const clear = await ward.make(ward.clearBody(STATION, [press.id]));
		ward.join([DOOR, STATION], [BED, DOOR]);
		await eventually(() => {
			for (const id of [BED, DOOR]) expect(ward.knows(id, clear)).toBe(true);
		});
	});

	it("a receipt that the break swallowed is told by open (NB6, NB7)", async () => {
		const ward = await openWard(BED, DOOR, CORRIDOR);
		ward.join([BED, DOOR], [DOOR, CORRIDOR]);
		ward.mesh.loses = ({ to, frame }) => to === BED && frame.t === "held";
		const press = await ward.press(BED);
		await eventually(() => expect(ward.holders(DOOR, press)).toEqual([CORRIDOR]));
		expect(ward.holders(BED, press)).toEqual([]);
		ward.mesh.cut(BED, DOOR);
		ward.mesh.loses = () => false;
		ward.mesh.join(BED, DOOR);
		await eventually(() => expect(ward.holders(BED, press)).toEqual([CORRIDOR, DOOR]));
	});

	it("who still holds a call open that is over gets what closed it, a talk with its answer (NB7, CF44)", async () => {
		const ward = await openWard(BED, DOOR, STATION);
		ward.join([BED, DOOR], [BED, STATION]);
		const press = await ward.press(BED);
		await eventually(() => expect(ward.holders(BED, press)).toHaveLength(2));
		ward.mesh.cut(BED, DOOR);
		const calls = [press.id];
		await ward.make(ward.body(STATION, "answered", { calls, room: "r01" }));
		ward.now += 20_000;
		const talk = { calls, room: "r01", policy: "tender" as const, talk_ms: 15_000 };
		const ended = await ward.make(ward.body(STATION, "ended", talk));
		await eventually(() => expect(ward.board(BED).closed).toHaveProperty(press.id));
		ward.node(BED).facts.settle(ward.board(BED), ward.now + 3_600_000);
		ward.mesh.join(BED, DOOR);
		await eventually(() => {
			expect(ward.board(DOOR).closed[press.id]).toMatchObject({
				act: "ended",
				by: { fact: ended.id },
			});
		});
	});
});

describe("with the hub", () => {
	it("what neighbours told is handed over again and again until the hub has it (NB8)", async () => {
		const ward = await room();
		const press = await ward.press(BED);
		await eventually(() => expect(ward.holders(BED, press)).toHaveLength(3));
		expect(ward.node(STATION).facts.get(press.id)?.heardAt).toBeNull();
		ward.setHub(true, STATION);
		await ward.advance(1);
		await eventually(() => expect(ward.hubFacts.has(press.id)).toBe(true));
		await eventually(() => expect(ward.node(STATION).facts.get(press.id)?.heardAt).not.toBeNull());
		const handed = vi.spyOn(ward.node(STATION).outbox, "receive");
		await ward.advance(10);
		expect(handed).not.toHaveBeenCalled();
	});

	it("is told at once of a neighbour's press that has no hub, and by nobody of what it told itself (NB8)", async () => {
		const ward = await room();
		ward.setHub(true, STATION, DOOR);
		ward.node(STATION).withoutHub.add(BED);
		const press = await ward.press(BED);
		await eventually(() => {
			for (const id of [STATION, DOOR]) {
				expect(ward.node(id).facts.get(press.id)?.heardAt).toBe(ward.now);
			}
		});
		await ward.advance(10);
		expect(ward.handed.map(([from]) => from)).toEqual([STATION]);
	});

	it("a refusal replaces what was judged here, and is not undone by a neighbour (NB8)", async () => {
		const ward = await room();
		const press = await ward.press(BED);
		await eventually(() => expect(ward.holders(BED, press)).toHaveLength(3));
		ward.hubJudges = () => "revoked";
		ward.setHub(true, STATION, DOOR);
		await ward.advance(1);
		await eventually(() => {
			for (const id of [STATION, DOOR]) expect(ward.board(id).rows).toEqual([]);
		});
		ward.mesh.cut(BED, STATION);
		ward.mesh.join(BED, STATION);
		await ward.advance(20);
		expect(ward.board(STATION).rows).toEqual([]);
		expect(await ward.node(STATION).store.facts()).toEqual([]);
	});

	it("what the hub tells goes on to neighbours without it, and to no other (NB9)", async () => {
		const ward = await room();
		ward.setHub(true, STATION, CORRIDOR);
		ward.node(STATION).withoutHub.add(DOOR);
		const press = await ward.sign(ward.pressBody("bed-b01"));
		await ward.node(STATION).facts.hear([[press.wire, ward.now, 0]], ward.now);
		await eventually(() => expect(ward.knows(DOOR, press)).toBe(true));
		expect(ward.mesh.count("facts", STATION, BED)).toBe(0);
	});

	it("when the hub is lost, neighbours tell each other what is open (NB7)", async () => {
		const ward = await room();
		ward.setHub(true, STATION, DOOR);
		await ward.advance(1);
		const press = await ward.sign(ward.pressBody("bed-b01"));
		await ward.node(STATION).facts.hear([[press.wire, ward.now, 0]], ward.now);
		expect(ward.knows(DOOR, press)).toBe(false);
		ward.setHub(false, STATION, DOOR);
		await ward.advance(1);
		await eventually(() => expect(ward.knows(DOOR, press)).toBe(true));
	});
});
