/** Whom a broadcast reaches: what was chosen, resolved by the directory (CALL-02); what can be looked at. */
import { describe, expect, it } from "vitest";
import { NOW, sampleDirectory, samplePresence } from "../../../src/fixture/ward";
import { awayOf, bedsidesOf, type Target, toggled } from "../../../src/screens/station/targets";
import { viewTargets } from "../../../src/screens/station/views";

const directory = sampleDirectory();
const target = (kind: Target["kind"], id: string): Target => ({ kind, id });
const reached = (...targets: Target[]) => bedsidesOf(targets, directory);

describe("targets", () => {
	it("become the ids of bedside terminals, sorted, each once", () => {
		expect(reached(target("bed", "b12"))).toEqual(["bed-b12"]);
		expect(reached(target("room", "r06"))).toEqual(["bed-b11", "bed-b12"]);
		expect(reached(target("bed", "b12"), target("room", "r06"), target("bed", "b02"))).toEqual([
			"bed-b02",
			"bed-b11",
			"bed-b12",
		]);
		expect(reached(target("ward", directory.ward.id))).toHaveLength(46);
		expect(reached()).toEqual([]);
		expect(reached(target("bed", "b99"), target("room", "r99"), target("group", "g9"))).toEqual([]);
	});

	it("of a group are its beds and the beds of its rooms", () => {
		const group = { ...directory.groups.g1, beds: ["b40"], rooms: ["r01"] };
		const given = { ...directory, groups: { g1: group } } as typeof directory;
		expect(bedsidesOf([target("group", "g1")], given)).toEqual(["bed-b01", "bed-b02", "bed-b40"]);
	});

	it("are active: neither planned nor revoked", () => {
		const given = structuredClone(directory);
		for (const [id, state] of [
			["bed-b11", "revoked"],
			["bed-b12", "planned"],
		] as const) {
			const entry = given.terminals[id];
			if (entry) entry.state = state;
		}
		expect(bedsidesOf([target("room", "r06"), target("bed", "b10")], given)).toEqual(["bed-b10"]);
	});

	it("add up, except the whole ward, which stands alone", () => {
		const bed = target("bed", "b12");
		const ward = target("ward", directory.ward.id);
		const two = toggled(toggled([], bed), target("room", "r01"));
		expect(two).toEqual([bed, target("room", "r01")]);
		expect(toggled(two, bed)).toEqual([target("room", "r01")]);
		expect(toggled(two, ward)).toEqual([ward]);
		expect(toggled([ward], bed)).toEqual([bed]);
	});

	it("that are away are told, as far as presence can tell (CF36)", () => {
		const ids = ["bed-b01", "bed-b02"];
		const presence = samplePresence(directory, NOW, ids);
		expect(awayOf(ids, presence)).toEqual(ids);
		expect(awayOf(ids, { ...presence, scope: ["bed-b02"] })).toEqual(["bed-b02"]);
		expect(awayOf(ids, null)).toEqual([]);
	});
});

it("what can be looked at are active beds and doors with a camera, beds first", () => {
	const given = structuredClone(directory);
	for (const id of ["door-r03", "bed-b12", "bed-b02", "pda-01", "bed-b05"]) {
		const entry = given.terminals[id];
		if (entry) entry.camera = true;
	}
	const revoked = given.terminals["bed-b05"];
	if (revoked) revoked.state = "revoked";
	expect(viewTargets(given)).toEqual(["bed-b02", "bed-b12", "door-r03"]);
	expect(viewTargets(directory)).toEqual([]);
});
