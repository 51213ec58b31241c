/** What a terminal consists of once its slot is held and its disk is open, wired to each other. */
import { HubClock, type KeptClock } from "./clock";
import { DocumentAges } from "./document_ages";
import { FactStore } from "./facts/fact_store";
import { FactMaker } from "./facts/maker";
import { Outbox } from "./facts/outbox";
import { Identity } from "./identity/identity";
import type { Link } from "./links/link";
import * as names from "./protocol/names";
import { RefusedList } from "./refused_list";
import { Greeting } from "./replica/greeting";
import { Provider } from "./replica/provider";
import type { Shelf } from "./replica/shelf";
import type { Store } from "./store/store";
import type { TerminalParts } from "./terminal_parts";

/** Own facts a hub may have lost by a restore are sent again from this far back. */
const SEND_AGAIN_MS = 86_400_000;

export interface Running {
	store: Store;
	link: Link;
	clock: HubClock;
	identity: Identity;
	provider: Provider;
	facts: FactStore;
	outbox: Outbox;
	maker: FactMaker;
	refused: RefusedList;
	ages: DocumentAges;
	/** the page's DTLS certificate; null where the browser has no peer connections */
	certificate: RTCCertificate | null;
}

export interface RunningPort {
	changed(): void;
	failed(error: unknown): void;
	shelf(store: Store, name: string): Shelf;
}

/** Reads the disk and opens the link. Throws StorageError. */
export async function startRunning(
	parts: TerminalParts,
	store: Store,
	{ changed, failed, shelf }: RunningPort,
): Promise<Running> {
	const { api, marks, slot, monotonic, ticker, version } = parts;
	const clock = new HubClock(parts.wall, monotonic, await store.meta<KeptClock>("clock"));
	const identity = new Identity({ api, store, marks, slot, monotonic });
	const facts = new FactStore(store, failed);
	const refused = new RefusedList(store, failed);
	const outbox = new Outbox(store, facts, {
		send: (document, payload) => provider.sendStateless(document, payload),
		now: () => clock.now(),
		monotonic,
		failed,
	});
	const greeting = await Greeting.load(store, failed);
	const maker = new FactMaker(outbox, { changed, failed });
	const [certificate, ages] = await Promise.all([
		parts.connections === null ? null : parts.certificate(),
		DocumentAges.load(store),
		facts.load(clock.now()),
		outbox.load(),
		refused.load(clock.now()),
	]);
	await identity.load(parts.code);
	if (parts.hubs !== undefined) {
		parts.hubs.use(await store.meta("hubs"));
		parts.hubs.keep = (told) => void store.putMeta("hubs", told).catch(failed);
	}
	const link = parts.openLink();
	const provider: Provider = new Provider({
		link,
		ticker,
		clock,
		monotonic,
		version,
		shelf: (name) => shelf(store, name),
		greet: async (hello) => {
			const hub = await greeting.judge(hello, provider, (each) => {
				refused.edits(each, clock.now());
			});
			if (hub === "other" || hub === "restored") sendAgain();
		},
		tokenRefused: () => identity.due(),
		putAside: (each) => {
			refused.edits(each, clock.now());
			changed();
		},
		storageFailed: failed,
	});
	/** The hub may have lost what it took: own facts of the last day go out again; it knows them by id. */
	const sendAgain = () => {
		const from = clock.now() - SEND_AGAIN_MS;
		for (const fact of facts.ownSince(slot, from)) {
			outbox.again(fact, names.calls(fact.body.ward, fact.body.room ?? null));
		}
	};
	// A20: what is on this disk has an age before the hub answers again.
	provider.lastHeardAt = await store.meta<number>("heardAt");
	provider.stateless.add((name, payload) => outbox.receive(name, payload));
	outbox.refusals.add(({ id, reason, at, wire }) => refused.fact(id, reason, at, wire));
	outbox.changes.add(changed);
	facts.changes.add(changed);
	return {
		store,
		link,
		clock,
		identity,
		provider,
		facts,
		outbox,
		maker,
		refused,
		ages,
		certificate,
	};
}
