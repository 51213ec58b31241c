/**
 * Who may make which fact: one table (CF10 to CF13). The hub judges once; a terminal judges what reaches it
 * from a neighbour, and asks before it makes a fact. The same as ward_sync.entitlement.
 */
import { own, policyOf } from "./directory";
import { type Reason, sourceOf } from "./facts";
import type { Act, Directory, FactBody, TerminalKind } from "./types";

type Terminal = Directory["terminals"][string];

/** `placed` is not here: its call type says who places it. */
export const MAY_ACT: Readonly<Record<Exclude<Act, "placed">, readonly TerminalKind[]>> = {
	received: ["station"],
	acknowledged: ["station", "pda", "whiteboard"],
	declined: ["pda"],
	answered: ["station", "pda", "door"],
	ended: ["station", "pda", "door", "bedside", "whiteboard"],
	attended: ["door", "pda"],
	cleared: ["station", "pda", "door", "whiteboard"],
	cancelled: ["bedside", "door", "station", "pda", "call_point"],
};
/** Terminals of one room act on that room's calls only. */
export const ROOM_KINDS: readonly TerminalKind[] = ["bedside", "door", "call_point"];

/**
 * Why the fact is refused, or null when its terminal may make it; all but the signature.
 * `types`: call id → call type of the calls known so far (CF13).
 */
export function judge(
	body: FactBody,
	directory: Directory,
	types: Readonly<Record<string, string>> = {},
): Reason | null {
	if (body.ward !== directory.ward.id) return "wrong_ward";
	const terminal = own(directory.terminals, body.terminal);
	if (!terminal || terminal.state === "planned") return "unknown_terminal";
	if (terminal.state === "revoked") return "revoked";
	const reason =
		body.act === "placed"
			? judgePlaced(body, terminal, directory)
			: judgeAct(body.act, body.way, terminal);
	if (reason) return reason;
	if (ROOM_KINDS.includes(terminal.kind) && body.room !== terminal.room) return "wrong_room";
	if (body.policy === "tender") {
		const known = body.calls.map((call) => own(types, call)).filter((type) => type !== undefined);
		if (known.some((type) => policyOf(directory, type) === "strict")) return "policy";
	}
	return null;
}

function judgeAct(
	act: Exclude<Act, "placed">,
	way: FactBody["way"],
	terminal: Terminal,
): Reason | null {
	if (MAY_ACT[act].includes(terminal.kind)) return null;
	// The placing terminal may clear; that it is the one, the fold sees (CF24).
	const atSource = terminal.kind === "bedside" || terminal.kind === "call_point";
	return act === "cleared" && way === "source" && atSource ? null : "not_entitled";
}

function judgePlaced(body: FactBody, terminal: Terminal, directory: Directory): Reason | null {
	// A type that is not listed is no reason to lose an alarm (CF14): whoever has the source may place it.
	const type = own(directory.call_types, body.type ?? "");
	if (type && !type.placed_by.includes(terminal.kind)) return "not_entitled";
	if (terminal.kind === "bedside" && body.staff !== undefined) return "not_entitled";
	const [kind, name] = sourceOf(body.source ?? "");
	if ((kind === "bathroom" || kind === "room") && name !== body.room) return "wrong_room";
	if (kind === "bed") {
		const room = own(directory.beds, name)?.room;
		if (room && room !== body.room) return "wrong_room";
	}
	return ownSource(terminal, kind, name) ? null : "not_entitled";
}

/** Whether calls of the source may come from the terminal. */
function ownSource(terminal: Terminal, kind: string, name: string): boolean {
	switch (terminal.kind) {
		case "bedside":
			return kind === "bed" && name === terminal.bed;
		case "door":
			return kind === "bathroom" || kind === "room";
		case "call_point":
			// At a bed it speaks for that bed (drip, bed exit, monitor): a room alone would not say whose.
			return kind === "bathroom" || kind === "room" || (kind === "bed" && name === terminal.bed);
		case "station":
			return kind === "terminal" && name === terminal.id;
		case "pda":
			return kind === "room" || kind === "bed" || (kind === "terminal" && name === terminal.id);
		default:
			return false;
	}
}
