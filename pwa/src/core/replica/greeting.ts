/** What a hello means for what lies on this disk (design: the wire): another installation's documents must not get back. */
import * as names from "../protocol/names";
import type { Store } from "../store/store";
import type { Hello, Provider } from "./provider";
import type { PutAside } from "./replica";

export interface KnownHub {
	installation: string;
	generation: number;
}

/** What a hello was found to be. */
export type Greeted = "new" | "same" | "restored" | "other";

export class Greeting {
	private known: KnownHub | null;
	private readonly store: Store;
	private readonly failed: (error: unknown) => void;

	/** `known`: the hub this terminal knew when it started. */
	constructor(store: Store, known: KnownHub | null, failed: (error: unknown) => void) {
		this.store = store;
		this.known = known;
		this.failed = failed;
	}

	static async load(store: Store, failed: (error: unknown) => void): Promise<Greeting> {
		return new Greeting(store, await store.meta<KnownHub>("hub"), failed);
	}

	/**
	 * Compares a hello with the hub this terminal knew. Another installation: own edits are put aside, every replica is
	 * dropped. Another generation alone drops nothing here: a replica that is ahead of the hub and may not be written is
	 * dropped when the hub's state vector comes. Facts stay and are sent as always. A disk that fails is reported and
	 * stops nothing: calls must go on.
	 */
	async judge(
		hello: Hello,
		provider: Provider,
		putAside: (aside: PutAside) => void,
	): Promise<Greeted> {
		const { known } = this;
		const { installation, generation } = hello;
		if (known?.installation === installation && known.generation === generation) return "same";
		this.known = { installation, generation };
		const other = known !== null && known.installation !== installation;
		try {
			if (other) await this.dropAll(provider, putAside);
			await this.store.putMeta("hub", this.known);
		} catch (error) {
			this.failed(error);
		}
		if (known === null) return "new";
		return other ? "other" : "restored";
	}

	private async dropAll(provider: Provider, putAside: (aside: PutAside) => void): Promise<void> {
		const reason = "other_installation";
		const open = new Set(provider.replicas().map((replica) => replica.name));
		for (const name of open) await provider.drop(name, reason);
		for (const document of await this.store.documentsWithOwn()) {
			if (open.has(document)) continue;
			const own = (await this.store.updates(document)).filter((each) => each.own);
			putAside({ document, updates: own.map((each) => each.update), reason });
		}
		await this.store.deleteDocuments(await this.store.documents());
	}
}

/** Documents on disk of stays other than this one: a bed that has a new patient draws nothing of the one who left. */
export function ofOtherStays(documents: readonly string[], stay: string | null): string[] {
	return documents.filter((document) => {
		const of = names.stayOf(document);
		return of !== null && of !== stay;
	});
}
