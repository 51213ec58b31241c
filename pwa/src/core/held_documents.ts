/** The documents this terminal holds always, and what it reads from them for itself: directory, settings, stays. */
import type * as Y from "yjs";
import { emptyDirectory, readDirectory } from "./calls/directory";
import type { Directory } from "./calls/types";
import { memoMonths, monthOf } from "./documents/memo_months";
import { valuesOf } from "./documents/values";
import { alwaysHeld, directoryOf, isPersonal, settingsOf } from "./joining";
import * as names from "./protocol/names";
import { ofOtherStays } from "./replica/greeting";
import type { Provider } from "./replica/provider";
import type { Replica } from "./replica/replica";
import type { Store } from "./store/store";
import type { SelfInfo } from "./terminal_types";

/** Roots of a directory document; a bedside's share has the same. */
const ROOTS = ["ward", "rooms", "beds", "terminals", "groups", "staff", "duty", "hosting"];

export interface HeldPort {
	/** Something this terminal reads for itself has changed. */
	changed(): void;
	/** Entries `[wire, heard_at, missed]` of a calls document, new ones only. */
	heard(entries: unknown[]): void;
	/** hub time, ms */
	now(): number;
	/** Calls documents that facts are still on their way to. */
	outgoing(): string[];
	/** What the hospital's settings say of where the hubs are. */
	hubs(addresses: unknown): void;
	failed(error: unknown): void;
}

export class HeldDocuments {
	directory: Directory = emptyDirectory();
	night: { from: string; to: string } | null = null;
	private readonly provider: Provider;
	private readonly store: Store;
	readonly self: SelfInfo;
	private readonly port: HeldPort;
	private readonly held = new Map<string, { replica: Replica; stop: () => void }>();
	/** Calls documents' entries already handed on: Yjs keeps the identity of a list's values. */
	private readonly given = new WeakSet<object>();
	/** Documents said to have own edits, until their disk has been read and they can tell themselves. */
	private readonly unsentOnDisk = new Set<string>();
	private stays: string[] = [];
	private ownStay: string | null = null;
	private signedIn = false;
	private outOfService = false;
	private unread = true;
	private months: readonly string[] = [];

	constructor(provider: Provider, store: Store, self: SelfInfo, port: HeldPort) {
		this.provider = provider;
		this.store = store;
		this.self = self;
		this.port = port;
	}

	/** Whether patient documents of a PDA may be held: someone is signed in and her key is here. */
	setSignedIn(signedIn: boolean): void {
		if (!signedIn && this.self.kind === "pda") {
			for (const name of this.held.keys()) if (isPersonal("pda", name)) this.let(name);
			this.stays = [];
		}
		this.signedIn = signedIn;
		this.hold();
	}

	/** Opens what is to be held and lets go of the rest. `more`: documents with something still to be sent. */
	hold(more: readonly string[] = []): void {
		const { stays, ownStay, signedIn } = this;
		this.months = memoMonths(this.port.now());
		const rooms = Object.keys(this.directory.rooms).sort();
		const wanted = new Set([
			...alwaysHeld(this.self, { rooms, stays, ownStay, signedIn, months: this.months }),
			...this.port.outgoing(),
			...this.unsentOnDisk,
			...more,
		]);
		if (this.outOfService) {
			for (const name of wanted) if (names.tellsOfPatients(name)) wanted.delete(name);
		}
		for (const name of wanted) if (!this.held.has(name)) this.take(name);
		for (const name of more) this.keepUntilRead(name);
		for (const name of this.held.keys()) {
			// What still has edits to deliver is held until it has.
			const unsent = this.provider.replica(name)?.unsent ?? 0;
			if (!wanted.has(name) && unsent === 0) this.let(name);
		}
	}

	/**
	 * The hub has taken the terminal's key away, or given it back. A device out of service keeps nothing of patients but what
	 * people wrote on it and the hub has not taken.
	 */
	async setOutOfService(out: boolean): Promise<void> {
		if (out === this.outOfService) return;
		this.outOfService = out;
		this.hold();
		if (!out) return;
		for (const { name, unsent } of this.provider.replicas()) {
			if (names.tellsOfPatients(name) && unsent === 0) this.provider.evict(name);
		}
		const own = new Set(await this.store.documentsWithOwn());
		const kept = (await this.store.documents()).filter((name) => {
			const [, open = name] = /^sealed\/[^/]+\/(.*)$/.exec(name) ?? [];
			return names.tellsOfPatients(open) && !own.has(name);
		});
		if (kept.length > 0) await this.store.deleteDocuments(kept);
	}

	/** Once a second: a new month has memos of its own. */
	tick(): void {
		if (!this.months.includes(monthOf(this.port.now()))) this.hold();
	}

	/** Lets go of everything: the terminal was given another place. */
	close(): void {
		for (const name of [...this.held.keys()]) this.let(name);
	}

	/** Reads directory and settings anew if they changed; called before each fold. */
	read(): void {
		if (!this.unread) return;
		this.unread = false;
		const [hospital, ward] = settingsOf(this.self);
		const directory = this.roots(directoryOf(this.self));
		const own = directory("self");
		this.directory = readDirectory({
			...Object.fromEntries(ROOTS.map((root) => [root, directory(root)])),
			call_types: { ...this.roots(hospital)("call_types"), ...this.roots(ward)("call_types") },
		});
		const hub = this.roots(hospital)("hub");
		// Before the settings have come nothing is said of hubs, and what the disk says holds.
		if (this.provider.replica(hospital)?.loaded && "addresses" in hub)
			this.port.hubs(hub.addresses);
		this.night = readNight({
			...this.roots(hospital)("settings"),
			...this.roots(ward)("settings"),
		});
		const stays = Object.values(this.roots(names.beds(this.self.ward))("beds"));
		this.stays = stays.filter((stay): stay is string => typeof stay === "string").sort();
		const before = this.ownStay;
		this.ownStay = typeof own.stay === "string" ? own.stay : null;
		this.hold();
		if (this.self.kind === "bedside" && this.known() && before !== this.ownStay) {
			void this.forgetOtherStays().catch(this.port.failed);
		}
	}

	/** Whether the directory has been read at all: an empty one says nothing about who left. */
	private known(): boolean {
		return this.provider.replica(directoryOf(this.self))?.loaded ?? false;
	}

	/** The patient who left must not be drawn again, nor lie on this disk (design 4). */
	private async forgetOtherStays(): Promise<void> {
		const open = this.provider.replicas().map((replica) => replica.name);
		for (const name of ofOtherStays(open, this.ownStay)) {
			this.let(name);
			this.provider.evict(name);
		}
		const left = ofOtherStays(await this.store.documents(), this.ownStay);
		if (left.length > 0) await this.store.deleteDocuments(left);
	}

	private take(name: string): void {
		const replica = this.provider.open(name, { presence: name === names.presence(this.self.ward) });
		const calls = names.isCallsDocument(name);
		const stop = replica.changes.add(() => (calls ? this.hear(replica) : this.changed(replica)));
		this.held.set(name, { replica, stop });
	}

	private keepUntilRead(name: string): void {
		const replica = this.held.get(name)?.replica;
		if (replica === undefined) return;
		this.unsentOnDisk.add(name);
		void replica.ready().then(() => this.unsentOnDisk.delete(name));
	}

	private let(name: string): void {
		const held = this.held.get(name);
		if (!held) return;
		held.stop();
		this.held.delete(name);
		if (this.provider.replica(name) === held.replica) this.provider.release(name);
	}

	private changed(replica: Replica): void {
		// Cards, memos and the like are the screens' matter.
		const { name } = replica;
		const mine = [...settingsOf(this.self), directoryOf(this.self), names.beds(this.self.ward)];
		if (mine.includes(name)) this.unread = true;
		this.port.changed();
	}

	private hear(replica: Replica): void {
		const entries = replica.doc.getArray<unknown>("facts").toArray();
		const news = entries.filter((each) => {
			if (typeof each !== "object" || each === null || this.given.has(each)) return false;
			this.given.add(each);
			return true;
		});
		if (news.length > 0) this.port.heard(news);
		else this.port.changed();
	}

	/** Plain values of a document's roots; empty ones where it is not held. */
	private roots(name: string): (root: string) => Record<string, unknown> {
		const doc: Y.Doc | undefined = this.held.get(name)?.replica.doc;
		return (root) => (doc ? valuesOf(doc, root) : {});
	}
}

function readNight(settings: Record<string, unknown>): { from: string; to: string } | null {
	const { from, to } = (settings.night ?? {}) as { from?: unknown; to?: unknown };
	return typeof from === "string" && typeof to === "string" ? { from, to } : null;
}

/** Whether local time `now` lies in the night `from` … `to` (HH:MM, over midnight when `to` is earlier). */
export function isNight(night: { from: string; to: string } | null, now: number): boolean {
	if (night === null) return false;
	const date = new Date(now);
	const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
	return night.from <= night.to
		? night.from <= time && time < night.to
		: night.from <= time || time < night.to;
}

const two = (value: number): string => String(value).padStart(2, "0");
