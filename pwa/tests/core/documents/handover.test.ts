import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { baseKey, isKey, keyBetween } from "../../../src/core/documents/fractional_index";
import {
	editHandover,
	handoverText,
	levelShares,
	movePatient,
	ordered,
} from "../../../src/core/documents/handover";
import { shiftBy, shiftOf } from "../../../src/core/documents/shifts";

const PATIENTS = [
	{ stay: "s1", order: 0, careLevel: "second" },
	{ stay: "s2", order: 1, careLevel: undefined },
	{ stay: "s3", order: 2, careLevel: "special" },
	{ stay: "s4", order: 3, careLevel: "first" },
	{ stay: "s5", order: 4, careLevel: "second" },
];
const stays = (doc: Y.Doc, order: "level" | "bed" | "hand"): string =>
	ordered(doc, PATIENTS, order)
		.map((patient) => patient.stay)
		.join(" ");
const meet = (a: Y.Doc, b: Y.Doc): void => {
	const [fromA, fromB] = [Y.encodeStateAsUpdate(a), Y.encodeStateAsUpdate(b)];
	Y.applyUpdate(a, fromB);
	Y.applyUpdate(b, fromA);
};

describe("fractional index", () => {
	test("there is always a key between two, and it is one a document may hold", () => {
		let [low, high] = [baseKey(0), baseKey(1)];
		for (let step = 0; step < 200; step += 1) {
			const key = keyBetween(low, high);
			expect(low < key && key < high).toBe(true);
			if (step % 2 === 0) low = key;
			else high = key;
		}
		for (const [from, to] of [
			[null, null],
			[null, "1"],
			[null, "001"],
			["z", null],
			["1", "2"],
			["1z", "2"],
			["A", "A1"],
		] as const) {
			const key = keyBetween(from, to);
			expect(isKey(key) && (from ?? "") < key && (to === null || key < to)).toBe(true);
		}
		expect(() => keyBetween("B", "A")).toThrow(RangeError);
	});

	test("base keys stand in the order of the beds", () => {
		const keys = Array.from({ length: 100 }, (_, order) => baseKey(order));
		expect([...keys].sort()).toEqual(keys);
		expect(keys.every(isKey)).toBe(true);
	});
});

describe("order (HAND-06)", () => {
	test("by level, by bed, and by hand as the beds until someone moves one", () => {
		const doc = new Y.Doc();
		expect(stays(doc, "level")).toBe("s3 s4 s1 s5 s2");
		expect(stays(doc, "bed")).toBe("s1 s2 s3 s4 s5");
		expect(stays(doc, "hand")).toBe("s1 s2 s3 s4 s5");
		movePatient(doc, PATIENTS, "s5", 0);
		movePatient(doc, PATIENTS, "s1", 4);
		expect(stays(doc, "hand")).toBe("s5 s2 s3 s4 s1");
		expect(doc.getMap("order").size).toBe(2);
	});

	test("moves of two sides over a cut are both kept", () => {
		const [a, b] = [new Y.Doc(), new Y.Doc()];
		movePatient(a, PATIENTS, "s5", 0);
		movePatient(b, PATIENTS, "s1", 2);
		meet(a, b);
		expect(stays(a, "hand")).toBe("s5 s2 s3 s1 s4");
		expect(stays(b, "hand")).toBe(stays(a, "hand"));
	});

	test("two that were given the same place can still be parted", () => {
		const [a, b] = [new Y.Doc(), new Y.Doc()];
		movePatient(a, PATIENTS, "s4", 1);
		movePatient(b, PATIENTS, "s5", 1);
		meet(a, b);
		expect(stays(a, "hand")).toBe("s1 s4 s5 s2 s3");
		movePatient(a, PATIENTS, "s3", 2);
		expect(ordered(a, PATIENTS, "hand")).toHaveLength(5);
	});

	test("goes on when a key has grown too long", () => {
		const doc = new Y.Doc();
		for (let step = 0; step < 1000; step += 1) {
			movePatient(doc, PATIENTS, step % 2 === 0 ? "s5" : "s4", 1);
		}
		expect([...doc.getMap("order").values()].every(isKey)).toBe(true);
		expect(stays(doc, "hand")).toBe("s1 s4 s5 s2 s3");
	});
});

test("notes of two sides are both kept (A19)", () => {
	const [a, b] = [new Y.Doc(), new Y.Doc()];
	editHandover(a, "note", "s1", "", "夜间引流 200ml");
	editHandover(b, "note", "s1", "", "体温 38.2");
	editHandover(b, "advice", "s1", "", "复查血象");
	meet(a, b);
	expect(handoverText(a, "note", "s1")).toContain("夜间引流 200ml");
	expect(handoverText(a, "note", "s1")).toContain("体温 38.2");
	expect(handoverText(a, "note", "s1")).toBe(handoverText(b, "note", "s1"));
	expect(handoverText(a, "advice", "s1")).toBe("复查血象");
});

test("numbers and shares by care level (HAND-01)", () => {
	expect(levelShares(PATIENTS)).toEqual([
		{ level: "special", count: 1, percent: 20 },
		{ level: "first", count: 1, percent: 20 },
		{ level: "second", count: 2, percent: 40 },
		{ level: "third", count: 0, percent: 0 },
		{ level: "none", count: 1, percent: 20 },
	]);
	expect(levelShares([])).toHaveLength(4);
});

test("shifts: day 08-16, evening 16-24, night 00-08 by the ward's own clock", () => {
	const at = (hour: number, minute = 0) => new Date(2026, 10, 20, hour, minute).getTime();
	const name = (ms: number) => `${shiftOf(ms).date} ${shiftOf(ms).shift}`;
	expect(name(at(0))).toBe("2026-11-20 night");
	expect(name(at(7, 59))).toBe("2026-11-20 night");
	expect(name(at(8))).toBe("2026-11-20 day");
	expect(name(at(16))).toBe("2026-11-20 evening");
	expect(name(at(23, 59))).toBe("2026-11-20 evening");
	expect(shiftBy(shiftOf(at(3)), -1)).toMatchObject({ date: "2026-11-19", shift: "evening" });
	expect(shiftBy(shiftOf(at(20)), 1)).toMatchObject({ date: "2026-11-21", shift: "night" });
});
