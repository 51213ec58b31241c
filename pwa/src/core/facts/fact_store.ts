/**
 * The facts this terminal knows, from the hub's documents, from its own hand, and from neighbours. A set that only
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

/** `wire` as it was signed; `kept`: on this disk. */
export interface KnownFact extends HeardFact {
	wire: string;
	kept: boolean;
}

/** A fact a neighbour sent, as far as it could be judged here. */
export interface ToldFact {
	id: string;
	wire: string;
	body: FactBody;
	verified: boolean;
}

export class FactStore {
	readonly changes = new Listeners<[]>();
	/** Facts that were not known before, of this terminal's hand or from the hub, in the moment they begin to count. */
	readonly added = new Listeners<[fact: KnownFact, from: "hand" | "hub"]>();
	/** The hub refused it. */
	readonly dropped = new Listeners<[fact: KnownFact]>();
	private readonly store: Store;
	private readonly failed: (error: unknown) => void;
	private readonly known = new Map<string, KnownFact>();
	/** Call → ids of the acts that name it. */
	private readonly naming = new Map<string, Set<string>>();
	/** Wire facts already read, so that a document of hundreds is not hashed again for each new one. */
	private readonly idOf = new Map<string, string>();
	/** Writes under way, by fact; none of them rejects. */
	private readonly writing = new Map<string, Promise<void>>();
	/** Facts that are not on this disk. */
	private readonly unkept = new Set<string>();
	private readonly settledCalls = new Set<string>();
	/** Facts the fold is given: all but those of settled calls. */
	private readonly live = new Map<string, KnownFact>();

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

	/** Everything known, settled calls too. */
	every(): Iterable<KnownFact> {
		return this.known.values();
	}

	/** A call's `placed` and every act that names it, as far as known. */
	about(call: string): KnownFact[] {
		return [call, ...(this.naming.get(call) ?? [])].flatMap((id) => this.known.get(id) ?? []);
	}

	/** Own facts since `from`, as they were signed. */
	ownSince(terminal: string, from: number): SignedFact[] {
		return [...this.known.values()].filter(
			(fact) => fact.body.terminal === terminal && fact.seenAt >= from,
		);
	}

	get(id: string): KnownFact | null {
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
		const changed: KnownFact[] = [];
		const unknown: KnownFact[] = [];
		for (const each of news) {
			if (each === null) continue;
			const { id, wire, body, heardAt, missed, staffUnverified } = each;
			const known = this.known.get(id);
			const old = known?.verified && known.heardAt !== null && known.heardAt <= heardAt;
			if (old && (known.staffUnverified ?? false) === staffUnverified) continue;
			const first = Math.min(heardAt, known?.heardAt ?? heardAt);
			const seenAt = known?.seenAt ?? now;
			const told = { heardAt: first, seenAt, verified: true, missed, staffUnverified };
			const fact = { id, wire, body, ...told, kept: false };
			this.add(fact);
			changed.push(fact);
			if (!known) unknown.push(fact);
		}
		for (const fact of unknown) this.added.emit(fact, "hub");
		await this.keep(changed);
	}

	/**
	 * Facts a neighbour sent, judged by the caller. They count at once, a verified copy in place of an unverified one; no
	 * hub has heard them. Returns the ids of those that are on disk now; never throws.
	 */
	async hearFrom(told: readonly ToldFact[], now: number): Promise<string[]> {
		const unwritten: KnownFact[] = [];
		const writing = new Set<Promise<void>>();
		for (const { id, wire, body, verified } of told) {
			const known = this.known.get(id);
			if (known && (known.verified || !verified)) {
				const write = this.writing.get(id);
				if (write) writing.add(write);
				// Its write failed: `held` may be said after one that has not.
				else if (!known.kept) unwritten.push(known);
				continue;
			}
			const { heardAt = null, seenAt = now, missed = false } = known ?? {};
			const fact = { id, wire, body, heardAt, seenAt, verified, missed, kept: false };
			this.add(fact);
			unwritten.push(fact);
		}
		await Promise.all([this.keep(unwritten), ...writing]);
		return told.map(({ id }) => id).filter((id) => this.isKept(id));
	}

	/** An own fact, in the fold at once. Who calls this puts it on disk. */
	addOwn(id: string, wire: string, body: FactBody, now: number): KeptFact {
		const fact: KnownFact = {
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
		this.added.emit(fact, "hand");
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

	/** Writes again what the disk refused: a page that starts anew must know what closed a call. */
	async again(): Promise<void> {
		const due = [...this.unkept].filter((id) => !this.writing.has(id));
		await this.keep(due.flatMap((id) => this.known.get(id) ?? []));
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
		this.unkept.delete(id);
		this.live.delete(id);
		this.idOf.delete(known.wire);
		for (const call of known.body.calls) this.naming.get(call)?.delete(id);
		void this.store.dropFacts([id]).catch(this.failed);
		this.dropped.emit(known);
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

	private add(fact: KnownFact): void {
		this.known.set(fact.id, fact);
		for (const call of fact.body.calls) {
			const acts = this.naming.get(call);
			if (acts) acts.add(fact.id);
			else this.naming.set(call, new Set([fact.id]));
		}
		this.idOf.set(fact.wire, fact.id);
		if (fact.kept) this.unkept.delete(fact.id);
		else this.unkept.add(fact.id);
		if (this.isSettled(fact)) this.live.delete(fact.id);
		else this.live.set(fact.id, fact);
	}

	private async keep(changed: readonly KnownFact[]): Promise<void> {
		if (changed.length === 0) return;
		const write = this.write(changed);
		for (const { id } of changed) this.writing.set(id, write);
		this.changes.emit();
		await write;
		for (const { id } of changed) if (this.writing.get(id) === write) this.writing.delete(id);
	}

	private async write(changed: readonly KnownFact[]): Promise<void> {
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
		staffUnverified: boolean;
	} | null> {
		if (!Array.isArray(entry)) return null;
		const [wire, at, flag, mark] = entry as unknown[];
		if (typeof wire !== "string" || typeof at !== "number") return null;
		// pycrdt hands integers over as floats; Yjs may hold 1 or true.
		const heardAt = Math.round(at);
		const missed = flag === 1 || flag === true;
		const told = { wire, heardAt, missed, staffUnverified: mark === 1 || mark === true };
		const known = this.known.get(this.idOf.get(wire) ?? "");
		if (known) return { id: known.id, body: known.body, ...told };
		try {
			const { bytes, body } = fromWire(wire);
			return { id: await factId(bytes), body, ...told };
		} catch {
			return null;
		}
	}
}

function toKept(fact: KnownFact): KeptFact {
	const { id, wire, heardAt, seenAt, verified, missed, staffUnverified = false } = fact;
	return { id, wire, heardAt, seenAt, verified, missed, staffUnverified };
}
