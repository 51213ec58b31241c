/**
 * Where each fact came from, who has it, and to whom it is still on its way (rules NB5, NB6). A table without I/O: times
 * are monotonic ms.
 */

/** Sent again after this, twice as long each time, until the neighbour says `held`. */
const RESEND_MIN_MS = 1_000;
const RESEND_MAX_MS = 15_000;
/** A fact this old is passed on only while a call it is about is open. */
export const YOUNG_MS = 600_000;

export interface Flow {
	id: string;
	document: string;
	/** neighbours that sent it, first one first: `held` goes back there */
	sources: string[];
	/** terminals that said they have it on disk */
	holders: Set<string>;
	/** neighbours it was sent to that have not said so */
	waiting: Map<string, { nextAt: number; waitMs: number }>;
	bornAt: number;
}

export class FactFlows {
	private readonly flows = new Map<string, Flow>();

	get(id: string): Flow | undefined {
		return this.flows.get(id);
	}

	/** The fact's flow, begun when there is none. */
	of(id: string, document: string, now: number): Flow {
		let flow = this.flows.get(id);
		if (!flow) {
			flow = { id, document, sources: [], holders: new Set(), waiting: new Map(), bornAt: now };
			this.flows.set(id, flow);
		}
		return flow;
	}

	drop(id: string): void {
		this.flows.delete(id);
	}

	/** Whether the neighbour need not be sent it: it has it, or it is on its way. */
	has(flow: Flow, terminal: string): boolean {
		return (
			flow.holders.has(terminal) || flow.sources.includes(terminal) || flow.waiting.has(terminal)
		);
	}

	sent(flow: Flow, terminal: string, now: number): void {
		const before = flow.waiting.get(terminal)?.waitMs;
		const waitMs = before === undefined ? RESEND_MIN_MS : Math.min(RESEND_MAX_MS, before * 2);
		flow.waiting.set(terminal, { nextAt: now + waitMs, waitMs });
	}

	/** The neighbour has it, by its own sending. It may not be on its disk yet. */
	cameFrom(flow: Flow, terminal: string, own: boolean): void {
		if (!flow.sources.includes(terminal)) flow.sources.push(terminal);
		// Whoever made it is waited for until it says `held`: that is what the bed shows.
		if (!own) flow.waiting.delete(terminal);
	}

	/** True when it was not known that the terminal holds it. */
	held(flow: Flow, by: string): boolean {
		flow.waiting.delete(by);
		if (flow.holders.has(by)) return false;
		flow.holders.add(by);
		return true;
	}

	/** Its link is gone: what was on the way is told by `open` once it is back. What it holds, it holds. */
	lost(terminal: string): void {
		for (const flow of this.flows.values()) {
			flow.waiting.delete(terminal);
		}
	}

	/** Flows to be sent again now, by neighbour. */
	due(now: number): Map<string, Flow[]> {
		const due = new Map<string, Flow[]>();
		for (const flow of this.flows.values()) {
			for (const [terminal, { nextAt }] of flow.waiting) {
				if (now < nextAt) continue;
				const flows = due.get(terminal);
				if (flows) flows.push(flow);
				else due.set(terminal, [flow]);
			}
		}
		return due;
	}

	/** Forgets flows past their time, but for those about a call that is open. */
	expire(now: number, isOpen: (id: string) => boolean): void {
		for (const flow of this.flows.values()) {
			if (now - flow.bornAt >= YOUNG_MS && !isOpen(flow.id)) this.flows.delete(flow.id);
		}
	}
}
