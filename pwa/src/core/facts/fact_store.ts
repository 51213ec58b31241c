/**
 * The facts this terminal knows, from the hub's documents, from its own hand, and later from neighbours. A set that only
 * grows: nothing the hub deletes from a document is forgotten here before its time. What they mean is the fold's matter.
 */
import { factId, fromWire } from "../calls/facts";
import type { Board, FactBody, HeardFact } from "../calls/types";
import { Listeners } from "../links/link";
import type { KeptFact, Store } from "../store/store";
import type { SignedFact } from "./signing";

const DAY_MS = 86_400_000;
/** Facts stay at terminals this long (design 3). */
export const KEEP_MS = 7 * DAY_MS;
/** A call over for this long is left out of the fold, which runs every second: nothing can open it again. */
const SETTLED_AFTER_MS = 10 * 60_000;

interface Known extends HeardFact {
	wire: string;
	/** on this disk */
	kept: boolean;
}

export class FactStore {
	readonly changes = new Listeners<[]>();
	private readonly store: Store;
	private readonly failed: (error: unknown) => void;
	private readonly known = new Map<string, Known>();
	/** Wire facts already read, so that a document of hundreds is not hashed again for each new one. */
	private readonly idOf = new Map<string, string>();
	private readonly settledCalls = new Set<string>();
	/** Facts the fold is given: all but those of settled calls. */
	private readonly live = new Map<string, Known>();

	constructor(store: Store, failed: (error: unknown) => void) {
		this.store = store;
		this.failed = failed;
	}

	/** Reads the disk; facts past their time are dropped, unless they still have to go out. Throws StorageError. */
	async load(now: number): Promise<void> {
		const outgoing = new Set((await this.store.outbox()).map((each) => each.id));
		const old: string[] = [];
		for (const kept of await this.store.facts()) {
			if (now - kept.seenAt > KEEP_MS && !outgoing.has(kept.id)) old.push(kept.id);
			else this.add({ ...kept, body: fromWire(kept.wire).body, kept: true });
		}
		if (old.length > 0) await this.store.dropFacts(old);
		this.changes.emit();
	}

	/** What the fold reads. */
	facts(): Iterable<HeardFact> {
		return this.live.values();
	}

	/** Own facts since `from`, as they were signed. */
	ownSince(terminal: string, from: number): SignedFact[] {
		return [...this.known.values()].filter(
			(fact) => fact.body.terminal === terminal && fact.seenAt >= from,
		);
	}

	get(id: string): HeardFact | null {
		return this.known.get(id) ?? null;
	}

	isKept(id: string): boolean {
		return this.known.get(id)?.kept ?? false;
	}

	/**
	 * Facts as the hub has them: `[wire, heard_at, missed]`. The hub judged them when it took them, so they count as
	 * verified. Shown at once, resolved when on disk; never throws. What is no fact is passed over.
	 */
	async hear(entries: readonly unknown[], now: number): Promise<void> {
		const news = await Promise.all(entries.map((entry) => this.read(entry)));
		const changed: Known[] = [];
		for (const each of news) {
			if (each === null) continue;
			const { id, wire, body, heardAt, missed } = each;
			const known = this.known.get(id);
			if (known?.verified && known.heardAt !== null && known.heardAt <= heardAt) continue;
			const first = Math.min(heardAt, known?.heardAt ?? heardAt);
			const seenAt = known?.seenAt ?? now;
			const fact = { id, wire, body, heardAt: first, seenAt, verified: true, missed, kept: false };
			this.add(fact);
			changed.push(fact);
		}
		await this.keep(changed);
	}

	/** An own fact, in the fold at once. Who calls this puts it on disk. */
	addOwn(id: string, wire: string, body: FactBody, now: number): KeptFact {
		const fact: Known = {
			id,
			wire,
			body,
			heardAt: null,
			seenAt: now,
			verified: true,
			missed: false,
			kept: false,
		};
		this.add(fact);
		this.changes.emit();
		return toKept(fact);
	}

	/** The hub named when it took these; returns what is to be written. */
	heardAt(heard: Readonly<Record<string, number>>): KeptFact[] {
		const changed: KeptFact[] = [];
		for (const [id, at] of Object.entries(heard)) {
			const known = this.known.get(id);
			if (!known || (known.heardAt !== null && known.heardAt <= at)) continue;
			const fact = { ...known, heardAt: at, verified: true };
			this.add(fact);
			changed.push(toKept(fact));
		}
		if (changed.length > 0) this.changes.emit();
		return changed;
	}

	/** On disk now. */
	markKept(ids: readonly string[]): void {
		for (const id of ids) {
			const known = this.known.get(id);
			if (known) this.add({ ...known, kept: true });
		}
		this.changes.emit();
	}

	/** The hub refused it: it does not count. What the hub took once is not taken back by a second copy's refusal. */
	refuse(id: string): HeardFact | null {
		const known = this.known.get(id);
		if (!known || known.heardAt !== null) return null;
		this.known.delete(id);
		this.live.delete(id);
		this.idOf.delete(known.wire);
		void this.store.dropFacts([id]).catch(this.failed);
		this.changes.emit();
		return known;
	}

	/** Leaves calls that have long been over out of the fold. */
	settle(board: Board, now: number): void {
		const before = this.settledCalls.size;
		for (const closed of Object.values(board.closed)) {
			if (now - closed.by.at > SETTLED_AFTER_MS) this.settledCalls.add(closed.id);
		}
		if (this.settledCalls.size === before) return;
		for (const fact of this.live.values()) if (this.isSettled(fact)) this.live.delete(fact.id);
	}

	private isSettled(fact: HeardFact): boolean {
		if (fact.body.act === "placed") return this.settledCalls.has(fact.id);
		return fact.body.calls.every((call) => this.settledCalls.has(call));
	}

	private add(fact: Known): void {
		this.known.set(fact.id, fact);
		this.idOf.set(fact.wire, fact.id);
		if (this.isSettled(fact)) this.live.delete(fact.id);
		else this.live.set(fact.id, fact);
	}

	private async keep(changed: readonly Known[]): Promise<void> {
		if (changed.length === 0) return;
		this.changes.emit();
		try {
			await this.store.putFacts(changed.map(toKept));
			this.markKept(changed.map((fact) => fact.id));
		} catch (error) {
			this.failed(error);
		}
	}

	private async read(entry: unknown): Promise<{
		id: string;
		wire: string;
		body: FactBody;
		heardAt: number;
		missed: boolean;
	} | null> {
		if (!Array.isArray(entry)) return null;
		const [wire, at, flag] = entry as unknown[];
		if (typeof wire !== "string" || typeof at !== "number") return null;
		// pycrdt hands integers over as floats; Yjs may hold 1 or true.
		const heardAt = Math.round(at);
		const missed = flag === 1 || flag === true;
		const known = this.known.get(this.idOf.get(wire) ?? "");
		if (known) return { id: known.id, wire, body: known.body, heardAt, missed };
		try {
			const { bytes, body } = fromWire(wire);
			return { id: await factId(bytes), wire, body, heardAt, missed };
		} catch {
			return null;
		}
	}
}

function toKept({ id, wire, heardAt, seenAt, verified, missed }: Known): KeptFact {
	return { id, wire, heardAt, seenAt, verified, missed };
}
