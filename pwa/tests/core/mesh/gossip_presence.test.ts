/** Presence that neighbours tell each other (rules NB10, CF36), and the layer a terminal stands on. */
import { beforeEach, describe, expect, it } from "vitest";
import { readDirectory } from "../../../src/core/calls/directory";
import { troubles } from "../../../src/core/calls/supervision";
import type { TerminalKind } from "../../../src/core/calls/types";
import { layerOf } from "../../../src/core/mesh/layer";
import { NeighbourPresence } from "../../../src/core/mesh/neighbour_presence";
import type { SelfInfo } from "../../../src/core/terminal_types";
import { type Roots, readVectors } from "../calls/vectors";
import { End, Mesh } from "./gossip_ward";

const WARD = "thoracic";
const PRESENCE = `ward/${WARD}/presence`;
const STATION = "station-main";
const T0 = 1_000_000;
const directory = readDirectory(readVectors<{ roots: Roots }>("folds.json").roots);

let mesh: Mesh;
let now: number;
beforeEach(() => {
	mesh = new Mesh();
	now = T0;
});

function self(terminal: string): SelfInfo {
	const entry = directory.terminals[terminal];
	if (!entry) throw new Error(`no ${terminal}`);
	const { kind, profile, room = null, bed = null } = entry;
	return { terminal, kind, profile, ward: WARD, room, bed } as SelfInfo;
}

function open(terminal: string): NeighbourPresence {
	const neighbours = new End(mesh, terminal);
	return new NeighbourPresence({
		neighbours,
		self: self(terminal),
		directory: () => directory,
		now: () => now,
	});
}

const state = (terminal: string, more: object = {}) => ({
	terminal,
	kind: directory.terminals[terminal]?.kind,
	profile: "x",
	layer: 2,
	version: "1",
	sound: "ok",
	inputs: {},
	...more,
});
const arrived = () => Promise.resolve();

describe("presence out of neighbours", () => {
	it("tells state on meeting and on change; bedsides tell theirs and are told nobody's (NB10)", async () => {
		const [bed, door, station] = [open("bed-b01"), open("door-r01"), open(STATION)];
		bed.tell(state("bed-b01"));
		station.tell(state(STATION));
		mesh.join("bed-b01", STATION);
		mesh.join("door-r01", STATION);
		door.tell(state("door-r01", { inputs: { bathroom: "open" } }));
		station.tell(state(STATION, { sound: "blocked" }));
		station.tell(state(STATION, { sound: "blocked" }));
		await arrived();
		const told = mesh.sent.map(({ from, to }) => `${from} ${to}`);
		expect(told.sort()).toEqual([
			`bed-b01 ${STATION}`,
			`door-r01 ${STATION}`,
			`${STATION} door-r01`,
			`${STATION} door-r01`,
		]);
		expect(bed.read()).toBeNull();
		expect(door.read()).toMatchObject({
			scope: [STATION],
			terminals: { [STATION]: { connected: true, sound: "blocked", layer: 2 } },
		});
		expect(station.read()?.terminals).toMatchObject({
			"bed-b01": { connected: true, sound: "ok" },
			"door-r01": { connected: true, inputs: { bathroom: "open" } },
		});
	});

	it("counts absence from the loss of the hub, and of terminals it has met only (CF36)", async () => {
		const station = open(STATION);
		for (const id of ["bed-b01", "door-r01"]) open(id).tell(state(id));
		station.hub(true);
		mesh.join("bed-b01", STATION);
		mesh.join("door-r01", STATION);
		await arrived();
		now += 60_000;
		mesh.cut("bed-b01", STATION);
		now += 60_000;
		station.hub(false);
		const at = (ms: number) =>
			troubles(directory, station.read(), now + ms).map((trouble) => trouble.key);
		expect(station.read()).toMatchObject({ since: now, scope: ["bed-b01", "door-r01"] });
		expect(at(14_999)).toEqual([]);
		expect(at(15_000)).toEqual(["missing:bed-b01"]);
		mesh.join("bed-b01", STATION);
		expect(at(20_000)).toEqual([]);
	});

	it("knows which neighbour is without the hub", async () => {
		const station = open(STATION);
		const door = open("door-r01");
		mesh.join("door-r01", STATION);
		expect(station.withoutHub("door-r01")).toBe(false);
		door.tell(state("door-r01", { layer: 3 }));
		await arrived();
		expect(station.withoutHub("door-r01")).toBe(true);
		door.tell(state("door-r01", { layer: 1 }));
		await arrived();
		expect(station.withoutHub("door-r01")).toBe(false);
		expect(station.withoutHub("nobody")).toBe(false);
	});

	it.each([
		["another's state", { t: "present", state: state("bed-b01") }],
		["no state", { t: "present", state: null }],
		["a layer that is none", { t: "present", state: state("door-r01", { layer: 5 }) }],
		["a sound that is none", { t: "present", state: state("door-r01", { sound: 1 }) }],
		["a key too many", { t: "present", state: state("door-r01"), more: 1 }],
		["too large", { t: "present", state: state("door-r01", { version: "x".repeat(5_000) }) }],
	])("%s costs the link (NB10)", async (_name, frame) => {
		open(STATION);
		const door = new End(mesh, "door-r01");
		mesh.join("door-r01", STATION);
		door.send(STATION, { type: "stateless", address: PRESENCE, payload: JSON.stringify(frame) });
		await arrived();
		expect(mesh.drops).toEqual([[STATION, "door-r01", "malformed"]]);
	});

	it("leaves the other frames of the document to others", async () => {
		open(STATION);
		const door = new End(mesh, "door-r01");
		mesh.join("door-r01", STATION);
		for (const payload of ['{"t":"broadcast"}', "[]", "x"]) {
			door.send(STATION, { type: "stateless", address: PRESENCE, payload });
		}
		await arrived();
		expect(mesh.drops).toEqual([]);
	});
});

describe("the layer", () => {
	const cases: [string, string[], number][] = [
		["bed-b01", [STATION], 2],
		["bed-b01", ["door-r01", "station-vice"], 2],
		["bed-b01", ["door-r01"], 3],
		["bed-b01", [], 4],
		["door-r01", [STATION], 2],
		["door-r01", ["corridor-1"], 2],
		["door-r01", ["whiteboard", "bed-b01"], 2],
		["door-r01", ["bed-b01"], 3],
		["door-r01", [], 4],
		["corridor-1", ["whiteboard"], 2],
		["corridor-1", ["door-r01"], 4],
		["whiteboard", ["corridor-1"], 2],
		["pda-01", [STATION], 2],
		["pda-01", [], 4],
		[STATION, ["bed-b01"], 2],
		[STATION, [], 4],
		["bed-b01", ["nobody", "constructor"], 4],
	];
	it.each(cases)("%s with %j: %i", (id, alive, layer) => {
		expect(layerOf(self(id), directory, false, alive)).toBe(layer);
		expect(layerOf(self(id), directory, true, alive)).toBe(1);
	});

	it("is 1 with the hub for every kind, and 4 alone", () => {
		const kinds: TerminalKind[] = ["bedside", "door", "corridor", "station", "whiteboard", "pda"];
		for (const kind of kinds) {
			const { room, ...place } = self("bed-b01");
			expect(layerOf({ ...place, room, kind }, directory, true, [])).toBe(1);
			expect(layerOf({ ...place, room, kind }, directory, false, [])).toBe(4);
		}
	});
});
