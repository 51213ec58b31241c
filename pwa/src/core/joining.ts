/** Which documents a terminal always holds, by its kind (design 4). */
import type { TerminalKind } from "./calls/types";
import * as names from "./protocol/names";
import type { SelfInfo } from "./terminal_types";

/** What a terminal knows that decides what it holds. */
export interface Holding {
	rooms: readonly string[];
	/** stays of the ward's beds; empty where they may not be read */
	stays: readonly string[];
	/** a bedside's own */
	ownStay: string | null;
	signedIn: boolean;
	/** months whose memos are on the screens (memo_months.ts) */
	months: readonly string[];
}

/** The directory document of a terminal: a bedside has its own share. */
export function directoryOf(self: SelfInfo): string {
	return self.kind === "bedside" && self.bed !== null
		? names.bedDirectory(self.ward, self.bed)
		: names.directory(self.ward);
}

export function settingsOf(self: SelfInfo): [hospital: string, ward: string] {
	return [names.hospitalSettings(), names.wardSettings(self.ward)];
}

/** Calls documents a terminal follows: its room's, or all of the ward. */
export function callsOf(self: SelfInfo, rooms: readonly string[]): string[] {
	const { ward, room } = self;
	if (isOfRoom(self.kind)) return room === null ? [] : [names.calls(ward, room)];
	return [names.calls(ward, null), ...rooms.map((each) => names.calls(ward, each))];
}

/** Names of all documents held always, the presence and calls among them. */
export function alwaysHeld(self: SelfInfo, holding: Holding): string[] {
	const { ward, kind, room, terminal } = self;
	const memos = holding.months.map((month) => names.memos(ward, month));
	const held = [...settingsOf(self), directoryOf(self), names.presence(ward)];
	held.push(names.device(ward, terminal));
	held.push(...callsOf(self, holding.rooms));
	switch (kind) {
		case "bedside":
			if (holding.ownStay !== null) held.push(names.card(holding.ownStay));
			break;
		case "door":
			if (room !== null) held.push(names.door(ward, room));
			break;
		case "station":
			held.push(names.beds(ward), ...holding.stays.map(names.card), ...memos);
			held.push(names.reach(ward));
			break;
		case "pda":
			held.push(names.reach(ward));
			if (holding.signedIn) {
				held.push(...memos, names.beds(ward), ...holding.stays.map(names.card));
			}
			break;
		case "whiteboard":
			held.push(names.board(ward), ...memos);
			break;
		case "corridor":
		case "call_point":
			break;
	}
	return held;
}

/**
 * What a PDA opens to its nurse alone and keeps under her key: patients, and what she writes for all. So her edits wait
 * for her, and never go out in the session of whoever has the PDA next.
 */
export function isPersonal(kind: TerminalKind, name: string): boolean {
	return kind === "pda" && (names.isPatientDocument(name) || names.isMemos(name));
}

/** Terminals of one room hear that room's calls only. */
export function isOfRoom(kind: TerminalKind): boolean {
	return kind === "bedside" || kind === "door" || kind === "call_point";
}

/** Whether an edit may be begun while the hub cannot be asked. The hub decides when it comes. */
export function mayEditOffline(kind: TerminalKind, name: string, signedIn: boolean): boolean {
	const edited = names.isMemos(name) || /\/handover\/|^stay\/[^/]+\/notes$/.test(name);
	if (!edited) return false;
	if (kind === "whiteboard") return names.isMemos(name);
	return (kind === "station" || kind === "pda") && signedIn;
}
