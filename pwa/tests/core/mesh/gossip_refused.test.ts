/** What a neighbour may not: forgeries, strangers, rooms that are not its own, frames over their limits (rules NB1 to NB4). */
import { describe, expect, it, vi } from "vitest";
import {
	BED,
	CORRIDOR,
	DOOR,
	eventually,
	type GossipWard,
	openWard,
	R01,
	R02,
	room,
	STATION,
} from "./gossip_ward";

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
