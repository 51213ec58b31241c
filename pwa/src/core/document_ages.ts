/**
 * When each copy on this disk was last in step with the hub (A20): after a start without the hub, an old card must not look
 * like one that was never heard of, nor like a new one.
 */
import type { Provider } from "./replica/provider";
import type { Store } from "./store/store";

const KEY = "documentAges";
/** Older ones are of documents that are long gone: nothing is shown as good for so long. */
const KEPT_MS = 7 * 86_400_000;

export class DocumentAges {
	private ages: Record<string, number>;

	private constructor(ages: Record<string, number>) {
		this.ages = ages;
	}

	/** Reads what was kept before this start. Throws StorageError. */
	static async load(store: Store): Promise<DocumentAges> {
		return new DocumentAges((await store.meta<Record<string, number>>(KEY)) ?? {});
	}

	/** Hub time in ms, or null where it was never in step. */
	of(name: string): number | null {
		return this.ages[name] ?? null;
	}

	/** Keeps the ages of what is open at `at` (hub time, ms), when the hub was last heard; what was let go keeps its own. */
	async keep(provider: Provider, store: Store, at: number): Promise<void> {
		const next = Object.fromEntries(
			Object.entries(this.ages).filter(([, age]) => at - age < KEPT_MS),
		);
		for (const { name, loaded, syncedAt } of provider.replicas()) {
			if (!loaded) delete next[name];
			else if (syncedAt !== null) next[name] = provider.isJoined(name) ? at : syncedAt;
		}
		this.ages = next;
		// Relaxed: an age of 15 s ago does as well.
		await store.putMeta(KEY, next, false);
	}
}
