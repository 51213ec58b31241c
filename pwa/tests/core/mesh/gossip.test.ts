/** Facts among neighbours: rules NB1 to NB9 of sync/SPEC.md. */
import { describe, expect, it, vi } from "vitest";
import { emptyDirectory } from "../../../src/core/calls/directory";
import { eventually, type GossipWard, openWard, R01, R02 } from "./gossip_ward";

const BED = "bed-b01";
const DOOR = "door-r01";
const STATION = "station-main";
const CORRIDOR = "corridor-1";

/** The bed's room: bed with door and station, door with station and corridor. */
async function room(...more: string[]): Promise<GossipWard> {
	const ward = await openWard(BED, DOOR, STATION, CORRIDOR, ...more);
	ward.join([BED, DOOR], [BED, STATION], [DOOR, STATION], [DOOR, CORRIDOR]);
	return ward;
}

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

describe("what is forged", () => {
	const forgeries: Record<string, (ward: GossipWard, calls: string[]) => Promise<string>> = {
		"a clear under another terminal's key": async (ward, calls) =>
			(await ward.sign(ward.clearBody(STATION, calls), DOOR)).wire,
		"a clear of the right key from the wrong room": async (ward, calls) =>
			(await ward.sign({ ...ward.clearBody("door-r02", calls), room: "r01" })).wire,
		"a clear that belongs into another document": async (ward, calls) =>
			(await ward.sign(ward.clearBody(STATION, calls, "r02"))).wire,
		"an honest clear's body under another signature": async (ward, calls) => {
			const clear = await ward.sign(ward.clearBody(STATION, calls));
			const other = await ward.sign(ward.clearBody(STATION, ["0".repeat(32)]));
			return btoa(atob(other.wire).slice(0, 64) + atob(clear.wire).slice(64));
		},
		"an honest clear made to name this call": async (ward, calls) => {
			const clear = await ward.sign(ward.clearBody(STATION, ["0".repeat(32)]));
			const text = atob(clear.wire);
			return btoa(text.replace("0".repeat(32), calls[0] ?? ""));
		},
		"a clear of a kind that may not": async (ward, calls) =>
			(await ward.sign(ward.clearBody(CORRIDOR, calls))).wire,
		"a room-mate's clear": async (ward, calls) =>
			(await ward.sign(ward.clearBody("bed-b02", calls))).wire,
		"a clear of a revoked terminal": async (ward, calls) => {
			const { wire } = await ward.sign(ward.clearBody("pda-01", calls));
			await ward.revoke("pda-01");
			return wire;
		},
		"a press of a revoked terminal": async (ward) => {
			const body = { source: "room:r01", room: "r01", type: "staff_assist" };
			const { wire } = await ward.sign(ward.body("pda-01", "placed", body));
			await ward.revoke("pda-01");
			return wire;
		},
		"a press that its key did not sign": async (ward) =>
			(await ward.sign(ward.pressBody("bed-b02"), DOOR)).wire,
	};

	it.each(Object.entries(forgeries))(
		"%s: changes nothing anywhere, is neither held nor passed on (NB3)",
		async (_name, forge) => {
			const ward = await room("door-r02", "bed-b02", "pda-01");
			const press = await ward.press(BED);
			await eventually(() => expect(ward.holders(BED, press)).toHaveLength(3));
			const wire = await forge(ward, [press.id]);
			const before = ward.mesh.sent.length;
			for (const to of [BED, STATION, CORRIDOR]) {
				ward.inject(DOOR, to, R01, { t: "facts", facts: [wire] });
			}
			// Frames of a link are judged in order: once the honest one has come, the other was judged.
			const marker = await ward.make(ward.body(DOOR, "attended", { calls: [press.id] }));
			await eventually(() => {
				for (const id of [BED, DOOR, STATION, CORRIDOR]) expect(ward.knows(id, marker)).toBe(true);
				expect(ward.holders(DOOR, marker)).toEqual([BED, CORRIDOR, STATION]);
			});
			for (const id of [BED, DOOR, STATION, CORRIDOR]) {
				const board = ward.board(id);
				expect(board.closed).toEqual({});
				expect(board.rows).toMatchObject([{ calls: [press.id], state: "attended" }]);
				const wires = (await ward.node(id).store.facts()).map((each) => each.wire);
				expect(wires.sort()).toEqual([press.wire, marker.wire].sort());
			}
			const after = ward.mesh.sent.slice(before + 3);
			expect(after.filter((each) => each.frame.facts?.includes(wire))).toEqual([]);
			const held = after
				.filter((each) => each.frame.t === "held")
				.flatMap((each) => each.frame.ids);
			expect(new Set(held)).toEqual(new Set([marker.id]));
			// Who brings it may have been deceived itself.
			expect(ward.mesh.drops).toEqual([]);
		},
	);

	it("does not keep out the honest copy", async () => {
		const ward = await room();
		const press = await ward.sign(ward.pressBody(BED));
		const other = await ward.sign(ward.pressBody(BED));
		const forged = btoa(atob(other.wire).slice(0, 64) + atob(press.wire).slice(64));
		ward.inject(DOOR, STATION, R01, { t: "facts", facts: [forged] });
		await ward.node(BED).outbox.put(press, R01);
		await eventually(() => expect(ward.holders(BED, press)).toHaveLength(3));
		expect(ward.node(STATION).facts.get(press.id)?.wire).toBe(press.wire);
	});
});

describe("a press nobody can verify", () => {
	const strangers = async (ward: GossipWard, count: number) => {
		// Known to the hub already, and not yet to this ward's screens.
		ward.change("bed-b02", { key: undefined });
		const presses = [];
		for (let number = 0; number < count; number++) {
			ward.now += 1;
			presses.push(await ward.sign(ward.pressBody("bed-b02")));
		}
		return presses;
	};

	it("alarms, marked, at most three open ones a link (NB3)", async () => {
		const ward = await room("bed-b02");
		const presses = await strangers(ward, 5);
		ward.inject(BED, DOOR, R01, { t: "facts", facts: presses.map((each) => each.wire) });
		await eventually(() => {
			for (const id of [DOOR, STATION, CORRIDOR]) {
				expect(ward.board(id).rows).toMatchObject([{ count: 3, verified: false, ringing: true }]);
			}
		});
		await ward.make(
			ward.clearBody(
				STATION,
				presses
					.slice(0, 3)
					.map((each) => each.id)
					.sort(),
			),
		);
		await eventually(() => expect(ward.board(DOOR).rows).toEqual([]));
		ward.inject(BED, DOOR, R01, { t: "facts", facts: presses.map((each) => each.wire) });
		await eventually(() => expect(ward.board(DOOR).rows).toMatchObject([{ count: 2 }]));
	});

	it("is verified by who has the key, and a verified copy takes its place", async () => {
		const ward = await room("bed-b02");
		const [press] = await strangers(ward, 1);
		if (!press) throw new Error("no press");
		ward.inject(BED, DOOR, R01, { t: "facts", facts: [press.wire] });
		await eventually(() => expect(ward.board(DOOR).rows).toMatchObject([{ verified: false }]));
		const fresh = await openWard("bed-b02");
		ward.change("bed-b02", { key: fresh.directory.terminals["bed-b02"]?.key });
		const again = await fresh.sign(press.body);
		expect(again.id).toBe(press.id);
		ward.inject(BED, DOOR, R01, { t: "facts", facts: [again.wire] });
		await eventually(() => {
			expect(ward.board(CORRIDOR).rows).toMatchObject([{ verified: true, count: 1 }]);
			expect(ward.node(CORRIDOR).facts.get(press.id)?.wire).toBe(again.wire);
		});
	});

	it("an act that cannot be verified is not taken (NB3)", async () => {
		const ward = await room();
		const press = await ward.press(BED);
		await eventually(() => expect(ward.holders(BED, press)).toHaveLength(3));
		ward.change(STATION, { key: undefined });
		const clear = await ward.make(ward.clearBody(STATION, [press.id]));
		await ward.advance(20);
		expect(ward.mesh.count("facts", STATION, DOOR)).toBeGreaterThan(3);
		expect(ward.knows(DOOR, clear)).toBe(false);
		expect(ward.board(DOOR).rows).toHaveLength(1);
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

describe("what may not be", () => {
	it("a bedside never receives another room's facts (NB2)", async () => {
		const ward = await openWard(BED, "bed-b03", DOOR, "door-r02", STATION);
		ward.join([BED, STATION], ["bed-b03", STATION], [DOOR, STATION], ["door-r02", STATION]);
		const press = await ward.press("bed-b03");
		await eventually(() => expect(ward.holders("bed-b03", press)).toEqual(["door-r02", STATION]));
		await ward.make(ward.clearBody(STATION, [press.id], "r02"));
		ward.mesh.cut(BED, STATION);
		ward.mesh.join(BED, STATION);
		await ward.advance(10);
		for (const id of [BED, DOOR]) {
			const told = ward.mesh.sent.filter((each) => each.to === id);
			expect(new Set(told.map((each) => each.document))).toEqual(new Set([R01]));
			expect(await ward.node(id).store.facts()).toEqual([]);
		}
		// Nor for asking.
		ward.inject(BED, STATION, R02, { t: "open", ids: [] });
		await eventually(() => expect(ward.mesh.drops).toEqual([[STATION, BED, "not_allowed"]]));
	});

	const payloads: [string, object | string][] = [
		["too many facts", { t: "facts", facts: Array.from({ length: 33 }, () => "AA==") }],
		["no facts", { t: "facts", facts: [] }],
		["a fact that is no text", { t: "facts", facts: [1] }],
		[
			"too many held",
			{ t: "held", by: STATION, ids: Array.from({ length: 257 }, () => "0".repeat(32)) },
		],
		["held by nobody", { t: "held", by: "", ids: ["0".repeat(32)] }],
		["too many open", { t: "open", ids: Array.from({ length: 257 }, () => "0".repeat(32)) }],
		["an id that is none", { t: "open", ids: ["x"] }],
		["a key too many", { t: "open", ids: [], more: 1 }],
		["an unknown kind", { t: "stored", heard: {} }],
		["too large", { t: "facts", facts: ["A".repeat(66_000)] }],
		["a list", []],
		["no JSON", "x"],
	];

	it.each(payloads)("%s costs that link, and no other (NB1)", async (_name, payload) => {
		const ward = await room();
		ward.inject(DOOR, STATION, R01, payload);
		await eventually(() => expect(ward.mesh.drops).toEqual([[STATION, DOOR, "malformed"]]));
		const press = await ward.press(BED);
		await eventually(() => expect(ward.holders(BED, press)).toEqual([CORRIDOR, DOOR, STATION]));
	});

	it("a link that floods is dropped (NB1)", async () => {
		const ward = await room();
		const press = await ward.sign(ward.pressBody(BED));
		for (let number = 0; number < 70; number++) {
			ward.inject(DOOR, STATION, R01, { t: "facts", facts: [press.wire] });
		}
		await eventually(() => expect(ward.mesh.drops).toEqual([[STATION, DOOR, "too_many"]]));
		await eventually(() => expect(ward.knows(STATION, press)).toBe(true));
	});

	it("held counts of terminals only that may have the fact", async () => {
		const ward = await room("door-r02");
		const press = await ward.press(BED);
		await eventually(() => expect(ward.holders(BED, press)).toHaveLength(3));
		for (const by of ["door-r02", "nobody", "bed-b03", BED]) {
			ward.inject(DOOR, BED, R01, { t: "held", by, ids: [press.id] });
		}
		await ward.advance(2);
		expect(ward.holders(BED, press)).toEqual([CORRIDOR, DOOR, STATION]);
	});

	it("a disk that fails is no holder (NB4)", async () => {
		const ward = await openWard(BED, DOOR);
		ward.join([BED, DOOR]);
		const put = vi.spyOn(ward.node(DOOR).store, "putFacts").mockRejectedValue(new Error("full"));
		const press = await ward.press(BED);
		await ward.advance(4);
		expect(ward.holders(BED, press)).toEqual([]);
		expect(ward.board(DOOR).rows).toHaveLength(1);
		put.mockRestore();
		await ward.advance(10);
		await eventually(() => expect(ward.holders(BED, press)).toEqual([DOOR]));
		expect(ward.node(DOOR).failures.splice(0)).not.toEqual([]);
	});
});
