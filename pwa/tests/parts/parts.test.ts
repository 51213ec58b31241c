/** Lamp, places, classes, palette, marks and times: what screens are made of. */
import { describe, expect, it } from "vitest";
import { busyRows, sampleRow } from "../../src/fixture/board";
import { NOW, sampleDirectory } from "../../src/fixture/ward";
import { classStyle, purposeName, shapeOf, typeName } from "../../src/parts/classes";
import { lampOf, RHYTHMS } from "../../src/parts/lamp";
import { inkOn, paletteStyle } from "../../src/parts/palette";
import { isolationKinds, orderedRisks, riskText } from "../../src/parts/patient";
import { placeOf, whoOf } from "../../src/parts/place";
import { dataAge, dayInHospital, waitBand, waitedText } from "../../src/text/times";

const directory = sampleDirectory();
const row = (source: string, type: string, more = {}) =>
	sampleRow(directory, source, type, 10, more);

describe("the lamp (A8)", () => {
	it("has the standard's rhythms within 10 %, at half duty and below 3 Hz", () => {
		const hertz = ([on, off]: [number, number]) => 1000 / (on + off);
		expect(hertz(RHYTHMS.urgent)).toBeCloseTo(0.5);
		expect(Math.abs(hertz(RHYTHMS.code) - 1.67)).toBeLessThan(0.167);
		expect(RHYTHMS.steady[1]).toBe(0);
		for (const [on, off] of [RHYTHMS.urgent, RHYTHMS.code]) expect(on).toBe(off);
	});

	it("shows the most urgent open call, green when all are attended, dark when there is none", () => {
		expect(lampOf([])).toBeNull();
		expect(lampOf([row("bed:b05", "patient")])).toEqual({ colour: "red", rhythm: [1000, 0] });
		expect(lampOf([row("bathroom:r03", "bathroom"), row("bed:b05", "patient")])).toEqual({
			colour: "white",
			rhythm: [1000, 1000],
		});
		expect(lampOf([row("room:r03", "code")])?.rhythm).toEqual([300, 300]);
		const attended = row("bathroom:r03", "bathroom", { state: "attended" });
		expect(lampOf([attended])).toEqual({ colour: "green", rhythm: [1000, 0] });
		expect(lampOf([attended, row("bed:b05", "patient")])?.colour).toBe("red");
	});
});

describe("where a call comes from", () => {
	it("has the bed number first, in both languages", () => {
		const place = placeOf(row("bed:b12", "patient"), directory, "zh");
		expect(place).toEqual({ main: "12", unit: "床", detail: "706室" });
		expect(placeOf(row("bathroom:r03", "bathroom"), directory, "en")).toEqual({
			main: "703",
			unit: "Bathroom",
			detail: "",
		});
		expect(placeOf(row("terminal:station-vice", "station"), directory, "zh").main).toBe(
			"护士站副机",
		);
	});

	it("shows ids of what the directory does not know", () => {
		const empty = { ...directory, beds: {}, rooms: {}, terminals: {}, staff: {} };
		expect(placeOf(row("bed:b99", "patient", { room: "r77" }), empty, "zh")).toMatchObject({
			main: "b99",
			detail: "r77室",
		});
		expect(whoOf({ terminal: "pda-77", staff: "n77" }, empty, "zh")).toBe("pda-77");
	});

	it("names the person, or the terminal when nobody is signed in", () => {
		expect(whoOf({ terminal: "pda-02", staff: "n02" }, directory, "zh")).toBe("陈晓琳");
		expect(whoOf({ terminal: "station-main", staff: null }, directory, "en")).toBe("Main station");
		const unverified = { terminal: "pda-02", staff: "n02", staffUnverified: true };
		expect(whoOf(unverified, directory, "zh")).toBe("陈晓琳（未核实）");
	});
});

describe("classes and types", () => {
	it("gives each class a shape of its own", () => {
		expect(new Set([0, 1, 2, 3, 4, 5].map(shapeOf)).size).toBe(6);
		expect(shapeOf(17)).toBe(shapeOf(5));
		expect(classStyle(1)).toContain("--class-1");
	});

	it("names types and purposes, unknown ones by their id", () => {
		const call = row("bed:b12", "patient", { purpose: "pain" });
		expect(typeName(call, directory, "zh")).toBe("呼叫");
		expect(purposeName(call, directory, "en")).toBe("Pain");
		expect(typeName(row("bed:b12", "massage"), directory, "zh")).toBe("massage");
	});
});

describe("patient marks", () => {
	it("stand in a fixed order without doubles", () => {
		expect(orderedRisks(["tube", "zzz", "fall", "vte", "fall"])).toEqual([
			"fall",
			"vte",
			"tube",
			"zzz",
		]);
		expect(isolationKinds(["contact", "airborne"])).toEqual(["airborne", "contact"]);
		expect(isolationKinds("droplet")).toEqual(["droplet"]);
		expect(isolationKinds(undefined)).toEqual([]);
		expect(riskText("own_mark", "zh")).toBe("own_mark");
	});
});

describe("a ward's own palette (CARD-07)", () => {
	it("takes colours, keeps them readable, and passes over anything else", () => {
		expect(paletteStyle({ first: "#fff59d", second: "#0d47a1" })).toBe(
			"--level-first:#fff59d;--level-first-ink:#000000;--level-second:#0d47a1;--level-second-ink:#ffffff;",
		);
		expect(paletteStyle({ first: "red;background:url(x)" })).toBe("");
		expect(paletteStyle("default")).toBe("");
		expect(inkOn("#000000")).toBe("#ffffff");
	});
});

describe("times", () => {
	it("counts waiting up, with bands at two and five minutes", () => {
		expect([0, 59_999, 61_000, 3_661_000, -5000].map(waitedText)).toEqual([
			"00:00",
			"00:59",
			"01:01",
			"61:01",
			"00:00",
		]);
		expect([0, 119_999, 120_000, 299_999, 300_000].map(waitBand)).toEqual([
			"fresh",
			"fresh",
			"long",
			"long",
			"late",
		]);
	});

	it("calls data stale after five minutes and old after thirty (A20)", () => {
		const minutes = (value: number) => dataAge(NOW, NOW - value * 60_000);
		expect([0, 5, 5.1, 30, 30.1].map(minutes)).toEqual(["fresh", "fresh", "stale", "stale", "old"]);
		expect(dataAge(NOW, null)).toBe("never");
	});

	it("counts days in hospital by the calendar, the first being 1", () => {
		const at = (text: string) => new Date(text).getTime();
		expect(dayInHospital(at("2026-11-20T23:50"), at("2026-11-20T23:59"))).toBe(1);
		expect(dayInHospital(at("2026-11-20T23:50"), at("2026-11-21T00:10"))).toBe(2);
		expect(dayInHospital(at("2026-11-22T08:00"), at("2026-11-20T08:00"))).toBe(1);
	});
});

describe("the sample ward", () => {
	it("is the standard ward: 46 beds in 26 rooms, every row's bed and type known", () => {
		expect(Object.keys(directory.beds)).toHaveLength(46);
		expect(Object.values(directory.rooms).map((one) => one.beds.length)).toEqual([
			...Array.from({ length: 20 }, () => 2),
			...Array.from({ length: 6 }, () => 1),
		]);
		for (const one of busyRows(directory)) {
			expect(directory.call_types[one.type]).toBeDefined();
			if (one.bed !== null) expect(directory.beds[one.bed]).toBeDefined();
		}
	});
});
