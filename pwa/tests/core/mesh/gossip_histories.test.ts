/**
 * Whatever links, frames and disks do: once all are joined again, every terminal has the list that all facts together make
 * (rules NB5 to NB7). The same numbers make the same history.
 */
import { expect, it } from "vitest";
import { fold } from "../../../src/core/calls/fold";
import type { HeardFact } from "../../../src/core/calls/types";
import { eventually, type GossipWard, openWard } from "./gossip_ward";

const HISTORIES = 24;
const STEPS = 60;
const BEDS = ["bed-b01", "bed-b02", "bed-b03"];
const STAFF = ["station-main", "station-vice", "door-r01"];
const LINKS: [string, string][] = [
	["bed-b01", "door-r01"],
	["bed-b01", "station-main"],
	["bed-b02", "door-r01"],
	["bed-b02", "station-vice"],
	["bed-b03", "station-vice"],
	["door-r01", "station-main"],
	["door-r01", "corridor-1"],
	["station-main", "station-vice"],
	["station-vice", "corridor-1"],
];

/** Numbers from a seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
	let state = seed;
	return (below) => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
	};
}

async function act(ward: GossipWard, below: (bound: number) => number): Promise<void> {
	const id = STAFF[below(STAFF.length)] ?? "";
	const { rows } = ward.board(id);
	const row = rows[below(Math.max(1, rows.length))];
	if (!row?.room || (id === "door-r01" && row.room !== "r01")) return;
	const made = below(3);
	if (made === 0) await ward.make(ward.clearBody(id, row.calls, row.room));
	else {
		const name = id === "door-r01" ? "attended" : made === 1 ? "acknowledged" : "received";
		const able = id.startsWith("station") || name === "attended" ? name : "answered";
		await ward.make(ward.body(id, able, { calls: row.calls, room: row.room }));
	}
}

it.each(Array.from({ length: HISTORIES }, (_, seed) => seed))("history %i", async (seed) => {
	const below = numbers(seed);
	const ward = await openWard(...BEDS, ...STAFF, "corridor-1");
	let breaking = 0;
	// A channel is reliable while it lives: what is lost is lost with its link.
	ward.mesh.loses = ({ from, to }) => {
		const lost = breaking > 0 && below(4) === 0;
		if (lost) ward.mesh.cut(from, to);
		return lost;
	};
	for (let step = 0; step < STEPS; step++) {
		const [one, other] = LINKS[below(LINKS.length)] ?? ["", ""];
		switch (below(7)) {
			case 0:
			case 1:
				if (!ward.mesh.joined(one, other)) ward.mesh.join(one, other);
				break;
			case 2:
				ward.mesh.cut(one, other);
				break;
			case 3:
				await ward.press(BEDS[below(BEDS.length)] ?? "");
				break;
			case 4:
			case 5:
				await act(ward, below);
				break;
			case 6:
				breaking = below(2);
				await ward.advance(below(4));
				break;
		}
		ward.now += 1 + below(500);
	}
	ward.mesh.loses = () => false;
	for (const [one, other] of LINKS) {
		if (!ward.mesh.joined(one, other)) ward.mesh.join(one, other);
	}
	await ward.advance(40);
	const all = new Map<string, HeardFact>();
	for (const { facts } of ward.nodes.values())
		for (const fact of facts.every()) all.set(fact.id, fact);
	expect(all.size).toBeGreaterThan(2);
	await eventually(() => {
		for (const [id, { self }] of ward.nodes) {
			const rows = fold(all.values(), ward.directory, null, ward.now).rows.filter(
				(row) => self.room === null || row.room === self.room,
			);
			const seen = ward.board(id).rows.map(({ calls, state }) => [calls, state]);
			expect([id, seen]).toEqual([id, rows.map(({ calls, state }) => [calls, state])]);
		}
	});
	expect(ward.mesh.drops).toEqual([]);
});
