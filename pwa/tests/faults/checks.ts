/**
 * What must hold when all is whole again. Written against the facts themselves where that is possible: the fold is one of
 * the things that are tried here.
 */
import { fold } from "../../src/core/calls/fold";
import { KEPT_AFTER_CLOSE_MS } from "../../src/core/calls/retention";
import type { Board, CallRow, FactBody, HeardFact } from "../../src/core/calls/types";
import type { FactStore } from "../../src/core/facts/fact_store";
import type { HeldDocuments } from "../../src/core/held_documents";
import type { HubModel } from "./hub_model";
import type { Journal, Press } from "./journal";
import { latencies } from "./latencies";
import type { Machine } from "./machine";
import { mayKnow } from "./ward_plan";
import type { World } from "./world";

export const KINDS = [
	"lost",
	"resurrected",
	"unseen",
	"unequal",
	"early",
	"cameBack",
	"late",
] as const;

export interface Verdict {
	/** calls that were said or written to be kept and are missing somewhere, or over by nothing entitled */
	lost: string[];
	/** calls that are over at the hub and open at a terminal, or came back after the end */
	resurrected: string[];
	/** calls closed by an act whose maker had not seen them */
	unseen: string[];
	/** boards that differ from the hub's */
	unequal: string[];
	/** said to be kept before the disk had it */
	early: string[];
	/** calls that were over on a screen and came back before all was whole, though no hub and no disk refused their end */
	cameBack: string[];
	/** calls that a screen drew more than 5 s after the press, or never, with a living way and no fault on it (A2) */
	late: string[];
	/** calls that are over */
	over: Set<string>;
}

/** The parts of a terminal that a check looks into. */
interface Inside {
	running: { facts: FactStore } | null;
	held: HeldDocuments | null;
}

const TENDER = new Set(["patient", "dressing", "station"]);

/** The ward as it is now, against the hub's facts. */
export function judgeWorld(world: World): Verdict {
	const over = new Set<string>();
	const none = () => [] as string[];
	const verdict: Verdict = {
		lost: none(),
		resurrected: none(),
		unseen: none(),
		unequal: none(),
		early: none(),
		cameBack: none(),
		late: none(),
		over,
	};
	const { hub, hubDisk, journal } = world;
	if (hub === null) throw new Error("the hub is down");
	const board = fold(hubDisk.heard.values(), hub.directory, null, hub.now());
	for (const id of Object.keys(board.closed)) over.add(id);
	for (const press of journal.presses.values()) {
		if (press.early) verdict.early.push(press.id);
		if (press.durableAt !== null || press.saidAt !== null)
			judgePress(world, hub, press, board, verdict);
	}
	for (const machine of world.machines.values()) judgeBoard(world, machine, board, verdict);
	return verdict;
}

/** The ward as its people saw it before it was whole again: what the end alone no longer shows. */
export function judgeWay(world: World): Pick<Verdict, "cameBack" | "late"> {
	const { journal } = world;
	const cameBack = journal.cameBack
		.filter(({ forgot }) => !forgot)
		.filter(({ call, terminal, by }) => !mayComeBack(world, journal, terminal, call, by))
		.map(
			({ call, terminal, at, by }) => `${call} came back at ${terminal}, ${at} ms, over by ${by}`,
		);
	return { cameBack, late: latencies(journal).late };
}

/** The act that ended the call, or one it rests on, was refused by the hub; or this terminal has not verified it. */
function mayComeBack(
	{ hubDisk, machines }: World,
	journal: Journal,
	terminal: string,
	call: string,
	by: string,
): boolean {
	const act = journal.acts.get(by)?.body;
	const answers = [...journal.acts.values()]
		.filter(({ body }) => body.act === "answered" && body.calls.includes(call))
		.map(({ id }) => id);
	const needed = [by, ...(act?.rests_on ?? []), ...answers];
	if (needed.some((id) => hubDisk.refused.has(id))) return true;
	const machine = machines.get(terminal);
	const known = machine && insideOf(machine)?.running?.facts.get(by);
	return known?.verified === false;
}

function judgePress(
	world: World,
	hub: HubModel,
	press: Press,
	board: Board,
	verdict: Verdict,
): void {
	const { hubDisk, journal } = world;
	const { id } = press;
	if (!hubDisk.facts.has(id)) {
		verdict.lost.push(`${id} of ${press.terminal}: the hub has it not`);
		return;
	}
	const closed = board.closed[id];
	// Who was away when it left its document need never hear of it.
	const left = closed !== undefined && hub.now() - closed.by.at > KEPT_AFTER_CLOSE_MS;
	for (const machine of world.machines.values()) {
		if (left || !mayKnow(machine.self, press.document)) continue;
		if (insideOf(machine)?.running?.facts.get(id) == null) {
			verdict.lost.push(`${id} of ${press.terminal}: ${machine.id} has it not`);
		}
	}
	const open = board.rows.some((row) => row.calls.includes(id));
	if (open === (closed !== undefined)) verdict.lost.push(`${id}: neither open nor over`);
	if (closed === undefined) return;
	const closing = hubDisk.facts.get(closed.by.fact);
	if (!closing || !mayClose(closing.body, press, world)) {
		verdict.lost.push(`${id}: over by ${closed.by.fact}, which may not`);
		return;
	}
	const made = journal.acts.get(closing.id);
	if (!closing.body.calls.includes(id) || made?.unseen.includes(id) !== false) {
		verdict.unseen.push(`${id}: over by ${closing.id} of ${closing.body.terminal}`);
	}
}

/** Whether the fact may end the press: written without the fold. */
function mayClose(body: FactBody, press: Press, world: World): boolean {
	const kind = world.machine(body.terminal).self.kind;
	const own = body.terminal === press.terminal;
	const about = (id: string) => {
		const fact = world.hubDisk.facts.get(id)?.body;
		return fact?.calls.includes(press.id) ? fact.act : null;
	};
	switch (body.act) {
		case "cancelled":
			return own;
		case "cleared":
			if (own) return true;
			if (kind === "bedside" || kind === "corridor" || body.way === "source") return false;
			if (TENDER.has(press.type)) return true;
			return (body.rests_on ?? []).some((id) => ["attended", "ended"].includes(about(id) ?? ""));
		case "ended":
			return TENDER.has(press.type) && (body.talk_ms ?? 0) >= 2_000 && kind !== "corridor";
		default:
			return false;
	}
}

function judgeBoard(world: World, machine: Machine, board: Board, verdict: Verdict): void {
	const { id, self, state } = machine;
	const inside = insideOf(machine);
	const hub = world.hub;
	if (!state || !inside?.running || !inside.held || !hub) {
		verdict.unequal.push(`${id}: no board`);
		return;
	}
	const ward = board.rows.filter((row) => mayKnow(self, documentOf(row)));
	const mine = state.board.rows;
	for (const call of mine.flatMap((row) => row.calls)) {
		if (board.closed[call]) verdict.resurrected.push(`${call} at ${id}`);
	}
	const bedside = self.kind === "bedside";
	const listed = (rows: CallRow[]) => (bedside ? rows.map(plain).sort() : rows.map(plain));
	const difference = differs(listed(ward), listed(mine));
	if (difference !== null) verdict.unequal.push(`${id}: ${difference}`);
	// Its share of the directory names no other beds' classes and no groups: the order is its own.
	if (bedside) return;
	// Escalation too, at one time and without presence: the same facts make the same board.
	const facts: HeardFact[] = [...inside.running.facts.facts()];
	const folded = fold(facts, inside.held.directory, null, hub.now()).rows;
	const again = differs(ward.map(whole), folded.map(whole));
	if (again !== null) verdict.unequal.push(`${id} (folded): ${again}`);
}

function documentOf(row: CallRow): string {
	return row.room === null ? `ward/${row.ward}/calls` : `ward/${row.ward}/room/${row.room}/calls`;
}

/** What everyone must draw the same, whatever the second and whoever is connected. */
function plain(row: CallRow): string {
	const { asked, level, ringing, declinedBy, class: place, ...rest } = row;
	return JSON.stringify(rest);
}

const whole = (row: CallRow) => JSON.stringify(row);

function differs(one: string[], other: string[]): string | null {
	for (let at = 0; at < Math.max(one.length, other.length); at++) {
		if (one[at] !== other[at]) return `row ${at} is ${other[at]}, at the hub ${one[at]}`;
	}
	return null;
}

function insideOf(machine: Machine): Inside | null {
	return (machine.page?.terminal as unknown as Inside | undefined) ?? null;
}
