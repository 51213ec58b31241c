/**
 * What happened in a run, as the people of the ward saw it: presses and whether they were said to be kept, acts and what
 * their makers had seen, when each screen first drew a call. Lines go into one hash: the same seed gives the same.
 */
import * as node from "node:crypto";
import type { Act, FactBody } from "../../src/core/calls/types";
import * as names from "../../src/core/protocol/names";
import type { TerminalState } from "../../src/core/terminal_types";

/** How a press could reach a terminal when it was made. */
export type Way = "hub" | "mesh" | "room" | "mixed" | "cut";

export interface Press {
	id: string;
	terminal: string;
	type: string;
	/** calls document */
	document: string;
	/** virtual ms */
	at: number;
	/** on the disk, and said on the screen to be kept there or elsewhere; null when not */
	durableAt: number | null;
	saidAt: number | null;
	/** said to be on the disk before it was */
	early: boolean;
	/** terminal → way it could be reached; only those that may know of the call */
	ways: Map<string, Way>;
	/** terminal → first drawn */
	drawn: Map<string, number>;
}

/** One act as a hand meant it. */
export interface Intent {
	terminal: string;
	act: Act;
	calls: ReadonlySet<string>;
}

export interface MadeAct {
	id: string;
	at: number;
	body: FactBody;
	/** calls it names that its terminal's screen had never shown, or its hand had not meant */
	unseen: string[];
}

interface Over {
	by: string;
	at: number;
	forgot: boolean;
}

/** The slowest disk has written a fact within this. */
const WRITING_MS = 2_000;
const SAID = new Set(["kept", "shown", "stored", "received", "taken", "attended"]);

export class Journal {
	readonly presses = new Map<string, Press>();
	readonly acts = new Map<string, MadeAct>();
	/** calls each screen has shown as open */
	readonly shown = new Map<string, Set<string>>();
	/** calls that were over on a screen, by the fact `by`, and open on it again; `forgot`: its disk could not have it */
	readonly cameBack: {
		terminal: string;
		call: string;
		at: number;
		by: string;
		forgot: boolean;
	}[] = [];
	readonly faults = new Map<string, number>();
	lines = 0;
	private readonly hash = node.createHash("sha256");
	private readonly intents: Intent[] = [];
	private readonly open = new Map<string, Set<string>>();
	/** terminal → call that is over on its screen → the fact that ended it, and since when */
	private readonly over = new Map<string, Map<string, Over>>();
	/** when something happened to a terminal or the hub */
	private readonly disturbed = new Map<string, number[]>();
	private readonly now: () => number;
	private readonly echo: ((line: string) => void) | null;

	constructor(now: () => number, echo: ((line: string) => void) | null) {
		this.now = now;
		this.echo = echo;
	}

	line(text: string): void {
		const line = `${Math.round(this.now())} ${text}`;
		this.lines += 1;
		this.hash.update(`${line}\n`);
		this.echo?.(line);
	}

	digest(): string {
		return this.hash.copy().digest("hex").slice(0, 16);
	}

	fault(kind: string, detail: string): void {
		this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
		this.line(`fault ${kind} ${detail}`);
	}

	/** Something changed for these: what is under way there is not measured. */
	disturb(...who: string[]): void {
		for (const each of who) {
			const times = this.disturbed.get(each);
			if (times) times.push(this.now());
			else this.disturbed.set(each, [this.now()]);
		}
	}

	disturbedBetween(from: number, until: number, ...who: string[]): boolean {
		return who.some((each) => this.disturbed.get(each)?.some((at) => at >= from && at <= until));
	}

	meant(terminal: string, act: Act, calls: readonly string[]): void {
		this.intents.push({ terminal, act, calls: new Set(calls) });
		if (this.intents.length > 400) this.intents.splice(0, 200);
	}

	made(id: string, body: FactBody, waysOf: (document: string) => Map<string, Way>): void {
		// A disk that refused it is asked again: it was made once.
		if (this.presses.has(id) || this.acts.has(id)) return;
		const at = this.now();
		this.line(`${body.act} ${body.terminal} ${id} ${body.calls.join(",")}`);
		const document = names.calls(body.ward, body.room ?? null);
		if (body.act === "placed") {
			const { terminal, type = "" } = body;
			const press = {
				id,
				terminal,
				type,
				document,
				at,
				durableAt: null,
				saidAt: null,
				early: false,
			};
			this.presses.set(id, { ...press, ways: waysOf(document), drawn: new Map() });
			return;
		}
		const shown = this.shown.get(body.terminal) ?? new Set();
		const meant = (call: string) =>
			body.act === "received" ||
			this.intents.some(
				({ terminal, act, calls }) =>
					terminal === body.terminal && act === body.act && calls.has(call),
			);
		const unseen = body.calls.filter((call) => !shown.has(call) || !meant(call));
		this.acts.set(id, { id, at, body, unseen });
	}

	durable(id: string): void {
		const press = this.presses.get(id);
		if (press) press.durableAt ??= this.now();
	}

	/** A page died. What its disk refused, or was still writing, it cannot know when it starts anew. */
	died(terminal: string, full: boolean, isOnDisk: (fact: string) => boolean): void {
		for (const was of this.over.get(terminal)?.values() ?? []) {
			const underWay = this.now() - was.at < WRITING_MS;
			if ((full || underWay) && !isOnDisk(was.by)) was.forgot = true;
		}
	}

	/** A screen as it is drawn. */
	drawn(terminal: string, state: TerminalState): void {
		const at = this.now();
		const shown = setOf(this.shown, terminal);
		const over = this.over.get(terminal) ?? new Map<string, Over>();
		this.over.set(terminal, over);
		const open = new Set<string>();
		for (const row of state.board.rows) {
			for (const call of row.calls) {
				open.add(call);
				if (!shown.has(call)) {
					shown.add(call);
					this.presses.get(call)?.drawn.set(terminal, at);
					this.line(`drawn ${terminal} ${call}`);
				}
				const was = over.get(call);
				if (was !== undefined) {
					over.delete(call);
					this.cameBack.push({ terminal, call, at, by: was.by, forgot: was.forgot });
					this.line(`back ${terminal} ${call}`);
				}
			}
		}
		for (const call of this.open.get(terminal) ?? []) {
			const closed = state.board.closed[call];
			if (!open.has(call) && closed) {
				over.set(call, { by: closed.by.fact, at, forgot: false });
				this.line(`over ${terminal} ${call}`);
			}
		}
		this.open.set(terminal, open);
		for (const own of state.ownPresses) {
			if (!SAID.has(own.progress) || own.refused !== null) continue;
			const press = this.presses.get(own.call);
			if (!press) continue;
			press.saidAt ??= at;
			if (own.progress === "kept" && press.durableAt === null) press.early = true;
		}
	}
}

function setOf(map: Map<string, Set<string>>, key: string): Set<string> {
	let set = map.get(key);
	if (set === undefined) {
		set = new Set();
		map.set(key, set);
	}
	return set;
}
