/** What a hello means for what lies on this disk (design: the wire): another installation's documents must not get back. */
import * as names from "../protocol/names";
import type { Store } from "../store/store";
import type { Hello, Provider } from "./provider";
import type { PutAside } from "./replica";

export interface KnownHub {
	installation: string;
	generation: number;
}

/**
 * Compares a hello with the hub this terminal knew. Another installation: own edits are put aside, every replica is
 * dropped. Another generation alone drops nothing here: a replica that is ahead of the hub and may not be written is
 * dropped when the hub's state vector comes. Facts stay and are sent as always.
 */
export async function judgeHello(
	hello: Hello,
	store: Store,
	provider: Provider,
	putAside: (aside: PutAside) => void,
): Promise<"new" | "same" | "restored" | "other"> {
	const known = await store.meta<KnownHub>("hub");
	const now: KnownHub = { installation: hello.installation, generation: hello.generation };
	if (known !== null && known.installation !== now.installation) {
		const open = new Set(provider.replicas().map((replica) => replica.name));
		for (const name of open) await provider.drop(name, "other_installation");
		for (const document of await store.documents()) {
			const own = (await store.updates(document)).filter((each) => each.own);
			if (own.length > 0 && !open.has(document)) {
				putAside({
					document,
					updates: own.map((each) => each.update),
					reason: "other_installation",
				});
			}
		}
		await store.deleteDocuments(await store.documents());
		await store.putMeta("hub", now);
		return "other";
	}
	if (known?.generation !== now.generation) await store.putMeta("hub", now);
	if (known === null) return "new";
	return known.generation === now.generation ? "same" : "restored";
}

/** Documents on disk of stays other than this one: a bed that has a new patient draws nothing of the one who left. */
export function ofOtherStays(documents: readonly string[], stay: string | null): string[] {
	return documents.filter((document) => {
		const of = names.stayOf(document);
		return of !== null && of !== stay;
	});
}
