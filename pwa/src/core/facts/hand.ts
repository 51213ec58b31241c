/** Turns what a hand does into fact bodies: which source, which room, which calls, and what the clearer held to apply. Pure. */
import { own } from "../calls/directory";
import { sourceOf } from "../calls/facts";
import type { Act, CallRow, ClockKind, Directory, FactBody, Way } from "../calls/types";
import type { SelfInfo } from "../terminal_types";
import { nonce } from "./signing";

export interface PressOptions {
	purpose?: string;
	source?: string;
	room?: string;
	to?: string;
}

export interface Stamp {
	at: number;
	clock: ClockKind;
	/** staff signed in here, or null */
	staff: string | null;
}

/** Where a press is made: as told, or the terminal's own place. */
export function sourceFor(self: SelfInfo, type: string, options: PressOptions): string {
	if (options.source !== undefined) return options.source;
	if (options.room !== undefined) return `room:${options.room}`;
	if (self.kind === "bedside" && self.bed !== null) return `bed:${self.bed}`;
	if (self.kind === "door" || self.kind === "call_point") {
		return type === "bathroom" ? `bathroom:${self.room}` : `room:${self.room}`;
	}
	return `terminal:${self.terminal}`;
}

/** The room a source lies in; null for a ward call. */
export function roomFor(
	self: SelfInfo,
	directory: Directory,
	source: string,
	options: PressOptions,
): string | null {
	if (options.room !== undefined) return options.room;
	const [kind, name] = sourceOf(source);
	if (kind === "room" || kind === "bathroom") return name;
	if (kind === "bed") return own(directory.beds, name)?.room ?? self.room;
	return null;
}

export function placedBody(
	self: SelfInfo,
	type: string,
	source: string,
	room: string | null,
	options: PressOptions,
	stamp: Stamp,
): FactBody {
	return {
		...common(
			self,
			"placed",
			[],
			room,
			self.kind === "bedside" ? { ...stamp, staff: null } : stamp,
		),
		source,
		type,
		...(options.purpose !== undefined && { purpose: options.purpose }),
		...(options.to !== undefined && type === "station" && { to: options.to }),
	};
}

/** The body of an act on calls of a row (sorted, at most 64). */
export function actBody(
	self: SelfInfo,
	act: Exclude<Act, "placed">,
	row: CallRow,
	calls: readonly string[],
	options: { way?: Way; talkMs?: number },
	stamp: Stamp,
): FactBody {
	const body = common(self, act, [...calls].sort(), row.room, stamp);
	if (act === "ended") {
		return { ...body, policy: row.policy, talk_ms: Math.max(0, Math.round(options.talkMs ?? 0)) };
	}
	if (act !== "cleared") return body;
	return {
		...body,
		policy: row.policy,
		way: options.way ?? wayOf(self, row),
		...(row.restsOn.length > 0 && { rests_on: [...row.restsOn] }),
	};
}

/** How a terminal of this kind deals with a call when it does not say. */
function wayOf(self: SelfInfo, row: CallRow): Way {
	if (row.terminals.every((terminal) => terminal === self.terminal)) return "source";
	if (self.kind === "door") return "door";
	return self.kind === "pda" ? "bed" : "remote";
}

function common(
	self: SelfInfo,
	act: Act,
	calls: string[],
	room: string | null,
	stamp: Stamp,
): FactBody {
	return {
		act,
		at: stamp.at,
		calls,
		clock: stamp.clock,
		nonce: nonce(),
		terminal: self.terminal,
		ward: self.ward,
		...(room !== null && { room }),
		...(stamp.staff !== null && { staff: stamp.staff }),
	};
}
