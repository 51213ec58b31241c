/**
 * Own facts on their way: on disk and on the wire in the same moment, sent again until the hub names each in `stored` or
 * `refused`. A press is never given up and never sent as two.
 */
import type { FactBody } from "../calls/types";
import { Listeners } from "../links/link";
import { parseObject } from "../replica/provider";
import type { KeptOutgoing, Store } from "../store/store";
import type { FactStore } from "./fact_store";
import type { SignedFact } from "./signing";

/** Facts in one frame (contract of the wire). */
const FACTS_A_FRAME = 32;
/** Sent and not answered for this long: sent again. The hub answers within a disk's flush. */
const RESEND_MS = 3_000;
/** After `unstored`: twice as long each time. */
const FULL_RETRY_MIN_MS = 2_000;
const FULL_RETRY_MAX_MS = 30_000;

export interface RefusedFact {
	id: string;
	reason: string;
	at: number;
	wire: string;
	document: string;
	/** null when the hub had taken it before: it counts on */
	body: FactBody | null;
}

export interface OutboxPort {
	/** False when the document is not joined now. */
	send(document: string, payload: unknown): boolean;
	/** Hub time, ms. */
	now(): number;
	monotonic(): number;
	failed(error: unknown): void;
}

interface Outgoing extends KeptOutgoing {
	/** on this disk, or being written */
	kept: boolean;
	/** the hub said that its disk is full: not again before the back-off is over */
	unstored: boolean;
	/** monotonic ms; null while not sent on this connection */
	sentAt: number | null;
}

export class Outbox {
	readonly changes = new Listeners<[]>();
	readonly refusals = new Listeners<[RefusedFact]>();
	/** The hub's disk takes nothing now. */
	hubFull = false;
	private readonly store: Store;
	private readonly facts: FactStore;
	private readonly port: OutboxPort;
	private readonly waiting = new Map<string, Outgoing>();
	private hubWasFull = false;
	private retryAt = 0;
	private retryMs = FULL_RETRY_MIN_MS;

	constructor(store: Store, facts: FactStore, port: OutboxPort) {
		this.store = store;
		this.facts = facts;
		this.port = port;
	}

	/** Facts the hub has not answered for. */
	get unsent(): number {
		return this.waiting.size;
	}

	has(id: string): boolean {
		return this.waiting.has(id);
	}

	/** Documents that have something to send: to be joined though nobody looks at them. */
	documents(): string[] {
		return [...new Set([...this.waiting.values()].map((each) => each.document))];
	}

	async load(): Promise<void> {
		const kept = (await this.store.outbox()).sort((one, other) => one.keptAt - other.keptAt);
		for (const each of kept) {
			this.waiting.set(each.id, { ...each, kept: true, unstored: false, sentAt: null });
		}
	}

	/**
	 * Takes a signed fact: it counts here at once, goes out at once, and is written strictly. Resolves once on disk;
	 * throws StorageError when the disk refuses, and still keeps trying to deliver it.
	 */
	async put(fact: SignedFact, document: string): Promise<void> {
		const now = this.port.now();
		const outgoing: KeptOutgoing = { id: fact.id, wire: fact.wire, document, keptAt: now };
		const entry = { ...outgoing, kept: true, unstored: false, sentAt: null };
		this.waiting.set(fact.id, entry);
		const kept = this.facts.addOwn(fact.id, fact.wire, fact.body, now);
		const written = this.store.putOwn(kept, outgoing);
		this.flush(document);
		try {
			await written;
		} catch (error) {
			entry.kept = false;
			throw error;
		}
		this.facts.markKept([fact.id]);
		// The answer may have come before the disk was done: then its entry must not come back.
		if (!this.waiting.has(fact.id)) await this.forget([fact.id]);
	}

	/** Sends a fact again that a hub had: another one, or one restored from a copy, may lack it. */
	again(fact: SignedFact, document: string): void {
		if (this.waiting.has(fact.id)) return;
		const { id, wire } = fact;
		const keptAt = this.port.now();
		const outgoing = { id, wire, document, keptAt, kept: true, unstored: false, sentAt: null };
		this.waiting.set(id, outgoing);
	}

	/** A document was joined: everything for it goes out again. */
	joined(document: string): void {
		for (const each of this.waiting.values()) if (each.document === document) each.sentAt = null;
		this.flush(document);
	}

	/** Own facts the disk refused go to it again, with their way to the hub. */
	async keepAgain(): Promise<void> {
		const due = [...this.waiting.values()].filter((each) => !each.kept);
		for (const each of due) {
			const { id, wire, document, keptAt } = each;
			const fact = this.facts.get(id);
			if (fact === null) continue;
			const { heardAt, seenAt, verified, missed } = fact;
			const kept = { id, wire, heardAt, seenAt, verified, missed };
			each.kept = true;
			try {
				await this.store.putOwn(kept, { id, wire, document, keptAt });
				this.facts.markKept([id]);
			} catch {
				// Told already, when it was refused first.
				each.kept = false;
			}
		}
	}

	/** Once a second. `hubFull`: what the hub says of its disk. */
	tick(hubFull: boolean): void {
		// It has room again: what waits need not wait for the end of its back-off.
		if (this.hubWasFull && !hubFull) this.retryAt = 0;
		this.hubWasFull = hubFull;
		for (const document of this.documents()) this.flush(document);
	}

	/** A stateless frame at a calls document. */
	receive(document: string, payload: string): void {
		const frame = parseObject(payload);
		switch (frame?.t) {
			case "stored":
				this.stored(frame.heard);
				break;
			case "refused":
				if (Array.isArray(frame.refused)) this.refused(document, frame.refused);
				break;
			case "unstored":
				if (frame.reason === "storage") this.unstored();
				break;
			case "closing":
				if (Array.isArray(frame.facts)) void this.facts.hear(frame.facts, this.port.now());
				break;
		}
	}

	private flush(document: string): void {
		const now = this.port.monotonic();
		const full = this.hubFull && now < this.retryAt;
		const due = [...this.waiting.values()].filter(
			(each) =>
				each.document === document &&
				!(full && each.unstored) &&
				(each.sentAt === null || now - each.sentAt >= RESEND_MS),
		);
		for (let from = 0; from < due.length; from += FACTS_A_FRAME) {
			const batch = due.slice(from, from + FACTS_A_FRAME);
			const frame = { t: "facts", facts: batch.map((each) => each.wire) };
			if (!this.port.send(document, frame)) return;
			for (const each of batch) each.sentAt = now;
		}
	}

	private stored(heard: unknown): void {
		if (typeof heard !== "object" || heard === null) return;
		const times: Record<string, number> = {};
		for (const [id, at] of Object.entries(heard)) {
			if (typeof at === "number") times[id] = Math.round(at);
		}
		const ids = Object.keys(times).filter((id) => this.waiting.delete(id));
		this.hubFull = false;
		this.retryMs = FULL_RETRY_MIN_MS;
		const changed = this.facts.heardAt(times);
		void this.store.settle(changed, ids).catch((error: unknown) => this.port.failed(error));
		this.changes.emit();
	}

	private refused(document: string, refused: unknown[]): void {
		for (const each of refused) {
			const { id, reason } = (each ?? {}) as { id?: unknown; reason?: unknown };
			if (typeof id !== "string") continue;
			const own = this.waiting.get(id);
			this.waiting.delete(id);
			const body = this.facts.refuse(id)?.body ?? null;
			if (!own) continue;
			const { wire } = own;
			const at = this.port.now();
			this.refusals.emit({ id, reason: String(reason), at, wire, document, body });
			void this.forget([id]).catch((error: unknown) => this.port.failed(error));
		}
		this.changes.emit();
	}

	private unstored(): void {
		this.hubFull = true;
		this.retryAt = this.port.monotonic() + this.retryMs;
		this.retryMs = Math.min(FULL_RETRY_MAX_MS, this.retryMs * 2);
		for (const each of this.waiting.values()) {
			// Those never tried yet still go out: the disk may have room for them by now.
			each.unstored ||= each.sentAt !== null;
			each.sentAt = null;
		}
		this.changes.emit();
	}

	private forget(ids: readonly string[]): Promise<void> {
		return this.store.settle([], ids);
	}
}
