/**
 * Facts learned from neighbours that no hub has named: handed to it by whoever is joined, again until it says `stored` or
 * `refused` (rule NB8). What the hub says reaches the facts by the outbox, which hears every answer.
 */
import type { FactStore, KnownFact } from "../facts/fact_store";
import type { SelfInfo } from "../terminal_types";
import { factFrames } from "./fact_frames";
import { documentOf } from "./open_calls";

const AGAIN_MS = 3_000;
/** Who made it mostly sends it to the hub itself, and the hub tells all within this: a ward need not send it ten times. */
const GRACE_MS = 500;
/** Refusals remembered: more than a ward has neighbours that could still bring one. */
const MAX_REFUSED = 1_024;

export interface HubPort {
	readonly connected: boolean;
	/** False when the document is not joined now. */
	send(document: string, payload: unknown): boolean;
}

export class HubHandover {
	private readonly self: SelfInfo;
	private readonly facts: FactStore;
	private readonly hub: HubPort;
	private readonly monotonic: () => number;
	/** id → when it is to be sent (again), monotonic ms */
	private readonly waiting = new Map<string, number>();
	/** Wire facts: another copy of the same words may be signed as it must be. */
	private readonly refusedWires = new Set<string>();

	constructor(self: SelfInfo, facts: FactStore, hub: HubPort, monotonic: () => number) {
		this.self = self;
		this.facts = facts;
		this.hub = hub;
		this.monotonic = monotonic;
		// What an earlier start learned and could not hand over.
		this.learned(facts.every(), false);
	}

	/** `atOnce`: who brought them is without the hub. */
	learned(facts: Iterable<KnownFact>, atOnce: boolean): void {
		// A corridor screen makes no facts, so the hub takes none from it; its neighbours hand over the same.
		if (this.self.kind === "corridor") return;
		const due = this.monotonic() + (atOnce ? 0 : GRACE_MS);
		for (const { id, heardAt, body } of facts) {
			// Own ones are the outbox's.
			if (heardAt === null && body.terminal !== this.self.terminal) this.waiting.set(id, due);
		}
		if (atOnce) this.tick();
	}

	refused({ id, wire }: KnownFact): void {
		this.waiting.delete(id);
		const { refusedWires } = this;
		refusedWires.add(wire);
		const [oldest] = refusedWires;
		if (refusedWires.size > MAX_REFUSED && oldest !== undefined) refusedWires.delete(oldest);
	}

	isRefused(wire: string): boolean {
		return this.refusedWires.has(wire);
	}

	tick(): void {
		const now = this.monotonic();
		if (!this.hub.connected) {
			for (const id of this.waiting.keys()) this.waiting.set(id, now);
			return;
		}
		const due = new Map<string, KnownFact[]>();
		for (const [id, dueAt] of this.waiting) {
			const fact = this.facts.get(id);
			if (fact === null || fact.heardAt !== null) this.waiting.delete(id);
			else if (now >= dueAt) {
				const document = documentOf(fact.body);
				const facts = due.get(document);
				if (facts) facts.push(fact);
				else due.set(document, [fact]);
			}
		}
		for (const [document, facts] of due) {
			const sent = factFrames(facts.map(({ wire }) => wire)).every((frame) =>
				this.hub.send(document, frame),
			);
			if (sent) for (const { id } of facts) this.waiting.set(id, now + AGAIN_MS);
		}
	}
}
