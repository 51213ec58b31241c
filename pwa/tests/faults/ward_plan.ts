/** The ward that is simulated: who is where, their keys, and the documents the hub projects from that. */
import { Buffer } from "node:buffer";
import { readDirectory } from "../../src/core/calls/directory";
import type { Directory, TerminalKind } from "../../src/core/calls/types";
import * as names from "../../src/core/protocol/names";
import type { SelfInfo } from "../../src/core/terminal_types";
import { pairOf } from "./subtle";

export const WARD = "w01";

export interface WardSize {
	rooms: number;
	beds: number;
	stations: number;
	pdas: number;
	corridors: number;
	whiteboards: number;
}

/** Sixteen terminals. */
export const SMALL: WardSize = {
	rooms: 4,
	beds: 6,
	stations: 2,
	pdas: 2,
	corridors: 1,
	whiteboards: 1,
};
export const LARGE: WardSize = {
	rooms: 12,
	beds: 24,
	stations: 3,
	pdas: 5,
	corridors: 2,
	whiteboards: 1,
};

export interface Planned {
	self: SelfInfo;
	keys: CryptoKeyPair;
	/** base64url of the public point */
	key: string;
}

export interface WardPlan {
	terminals: Planned[];
	rooms: string[];
	/** document → root map → key → value */
	documents: Record<string, Record<string, Record<string, unknown>>>;
}

type Roots = Record<string, Record<string, unknown>>;

/** Sample texts are not needed here; rules are as the hub ships them (call_types.toml). */
const CALL_TYPES: Record<string, readonly [string, string, string, boolean, TerminalKind[]]> = {
	patient: ["routine", "low", "tender", true, ["bedside"]],
	dressing: ["routine", "low", "tender", true, ["bedside"]],
	emergency: ["urgent", "medium", "strict", true, ["bedside"]],
	bathroom: ["urgent", "medium", "strict", false, ["door", "call_point"]],
	staff_assist: ["urgent", "medium", "strict", true, ["door", "pda"]],
	code: ["code", "high", "strict", false, ["door", "pda", "station"]],
	station: ["service", "low", "tender", true, ["station"]],
};

export function planWard(size: WardSize): WardPlan {
	const two = (value: number) => String(value).padStart(2, "0");
	const rooms = Array.from({ length: size.rooms }, (_, at) => `r${two(at + 1)}`);
	const roomOf = (bed: number) => rooms[bed % rooms.length] ?? "r01";
	const terminals: Planned[] = [];
	const add = (kind: TerminalKind, id: string, room: string | null, bed: string | null) => {
		const secret = new Uint8Array(32).fill(1);
		secret.set([terminals.length + 1], 31);
		const keys = pairOf(secret);
		const { point } = keys.publicKey as unknown as { point: Uint8Array };
		const self = { terminal: id, kind, profile: kind, name: id, ward: WARD, room, bed };
		terminals.push({ self, keys, key: Buffer.from(point).toString("base64url") });
	};
	for (let at = 0; at < size.stations; at++) add("station", `station-${at + 1}`, null, null);
	for (const room of rooms) add("door", `door-${room}`, room, null);
	for (let at = 0; at < size.beds; at++) {
		add("bedside", `bed-b${two(at + 1)}`, roomOf(at), `b${two(at + 1)}`);
	}
	for (let at = 0; at < size.corridors; at++) add("corridor", `corridor-${at + 1}`, null, null);
	for (let at = 0; at < size.whiteboards; at++) add("whiteboard", `wall-${at + 1}`, null, null);
	for (let at = 0; at < size.pdas; at++) add("pda", `pda-${at + 1}`, null, null);
	return { terminals, rooms, documents: documentsOf(terminals, rooms) };
}

function documentsOf(terminals: Planned[], rooms: string[]): WardPlan["documents"] {
	const beds = terminals.filter(({ self }) => self.kind === "bedside").map(({ self }) => self);
	const whole: Roots = {
		ward: { id: WARD, name: WARD, escalation_ms: [30_000, 60_000, 120_000] },
		rooms: Object.fromEntries(
			rooms.map((id, order) => {
				const own = beds.filter(({ room }) => room === id).map(({ bed }) => bed);
				return [id, { id, name: id, order, beds: own }];
			}),
		),
		beds: Object.fromEntries(
			beds.map(({ bed, room }, order) => {
				const priority = order % 4 === 0 ? "first" : "routine";
				return [bed, { id: bed, label: bed, room, order, priority }];
			}),
		),
		terminals: Object.fromEntries(terminals.map((each) => [each.self.terminal, entryOf(each)])),
		duty: Object.fromEntries(
			terminals
				.filter(({ self }) => self.kind === "pda")
				.map(({ self }, at, all) => {
					const own = beds.filter((_, order) => order % all.length === at).map(({ bed }) => bed);
					return [`n${at}`, { staff: `n${at}`, pda: self.terminal, beds: own, since: 0 }];
				}),
		),
	};
	const documents: WardPlan["documents"] = {
		[names.hospitalSettings()]: { call_types: callTypes() },
		[names.wardSettings(WARD)]: { settings: { night: { from: "21:00", to: "06:00" } } },
		[names.directory(WARD)]: whole,
	};
	for (const self of beds) {
		if (self.bed !== null && self.room !== null) {
			documents[names.bedDirectory(WARD, self.bed)] = shareOf(whole, terminals, self);
		}
	}
	return documents;
}

/** A bedside's share of the directory: its room, its bed, and who may act in its room. */
function shareOf(whole: Roots, terminals: Planned[], self: SelfInfo): Roots {
	const bed = self.bed ?? "";
	const room = self.room ?? "";
	const near = terminals.filter((each) => {
		const { kind } = each.self;
		if (kind === "station" || kind === "pda" || kind === "whiteboard") return true;
		return (kind === "door" || kind === "bedside") && each.self.room === room;
	});
	return {
		ward: whole.ward ?? {},
		rooms: { [room]: { ...(whole.rooms?.[room] as object), beds: [bed] } },
		beds: { [bed]: whole.beds?.[bed] },
		terminals: Object.fromEntries(near.map((each) => [each.self.terminal, entryOf(each)])),
		duty: {},
		self: { bed, stay: null },
	};
}

function entryOf({ self, key }: Planned): object {
	const { terminal: id, kind, profile, room, bed } = self;
	const place = { ...(room !== null && { room }), ...(bed !== null && { bed }) };
	return { id, kind, profile, state: "active", supervised: kind !== "pda", key, ...place };
}

function callTypes(): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(CALL_TYPES).map(([id, [priority, tone, clear, may_talk, placed_by]]) => {
			const light = priority === "code" ? "code" : priority === "urgent" ? "urgent" : "steady";
			return [id, { id, zh: id, en: id, priority, tone, light, clear, may_talk, placed_by }];
		}),
	);
}

/** The whole ward's directory, as its terminals read it. */
export function directoryOf(plan: WardPlan): Directory {
	return readDirectory({
		...plan.documents[names.directory(WARD)],
		call_types: plan.documents[names.hospitalSettings()]?.call_types,
	});
}

/** Whether a terminal gets the calls of this document. */
export function mayKnow(self: SelfInfo, document: string): boolean {
	const inRoom = self.kind === "bedside" || self.kind === "door" || self.kind === "call_point";
	return !inRoom || document === names.calls(WARD, self.room);
}
