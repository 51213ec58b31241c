/** The documents screens look at, as stores of views: one view a frame at most, whatever the replica does in between. */
import * as Y from "yjs";
import type { Provider } from "./replica/provider";
import type { Replica } from "./replica/replica";
import type { DocumentView, Readable } from "./terminal_types";

/** One frame of a 60 Hz screen; a timer, because animation frames stop in pages that are not seen. */
export const FRAME_MS = 16;

interface Viewed {
	runs: Set<(view: DocumentView) => void>;
	replica: Replica | null;
	/** stops listening to the replica */
	stop: () => void;
	timer: ReturnType<typeof setTimeout> | null;
}

export interface ViewsPort {
	/** Null until the terminal is up. */
	provider(): Provider | null;
	/** Whether the document may be opened now: patient documents of a PDA only while a nurse is signed in. */
	mayOpen(name: string): boolean;
	mayEditOffline(name: string): boolean;
	/** Whether its copy on disk is not shown yet: whoever it names may have left meanwhile (A21). */
	heldBack(name: string): boolean;
	/** age of the copy on disk, as kept before this start */
	keptAt(name: string): number | null;
}

const EMPTY = new Y.Doc();

export class DocumentViews {
	private readonly port: ViewsPort;
	private readonly viewed = new Map<string, Viewed>();

	constructor(port: ViewsPort) {
		this.port = port;
	}

	/** A store of one document; it is held while someone is subscribed. */
	view(name: string): Readable<DocumentView> {
		return {
			subscribe: (run) => {
				const viewed = this.viewed.get(name) ?? this.begin(name);
				viewed.runs.add(run);
				run(this.snapshot(name, viewed.replica));
				return () => {
					viewed.runs.delete(run);
					if (viewed.runs.size === 0) this.end(name, viewed);
				};
			},
		};
	}

	/** Tells what was held back. */
	show(): void {
		for (const [name, viewed] of this.viewed) this.schedule(name, viewed);
	}

	/** Opens what could not be opened before, and lets go of what may not be open any more. */
	reconsider(): void {
		for (const [name, viewed] of this.viewed) {
			const may = this.port.mayOpen(name);
			if (may && viewed.replica === null) this.open(name, viewed);
			else if (!may && viewed.replica !== null) {
				viewed.stop();
				viewed.replica = null;
			} else continue;
			this.tell(name, viewed);
		}
	}

	private begin(name: string): Viewed {
		const viewed: Viewed = { runs: new Set(), replica: null, stop: () => {}, timer: null };
		this.viewed.set(name, viewed);
		this.open(name, viewed);
		return viewed;
	}

	private open(name: string, viewed: Viewed): void {
		const provider = this.port.provider();
		if (provider === null || !this.port.mayOpen(name)) return;
		const replica = provider.open(name);
		const stop = replica.changes.add(() => this.schedule(name, viewed));
		viewed.replica = replica;
		viewed.stop = () => {
			stop();
			if (provider.replica(name) === replica) provider.release(name);
		};
	}

	private end(name: string, viewed: Viewed): void {
		if (viewed.timer !== null) clearTimeout(viewed.timer);
		viewed.stop();
		this.viewed.delete(name);
	}

	private schedule(name: string, viewed: Viewed): void {
		viewed.timer ??= setTimeout(() => {
			viewed.timer = null;
			this.tell(name, viewed);
		}, FRAME_MS);
	}

	private tell(name: string, viewed: Viewed): void {
		const view = this.snapshot(name, viewed.replica);
		for (const run of [...viewed.runs]) run(view);
	}

	private snapshot(name: string, held: Replica | null): DocumentView {
		const waits = held !== null && held.syncedAt === null && this.port.heldBack(name);
		const replica = waits ? null : held;
		const offline = this.port.mayEditOffline(name);
		return {
			doc: replica?.doc ?? EMPTY,
			loaded: replica?.loaded ?? false,
			syncedAt: replica?.syncedAt ?? null,
			keptAt: this.port.keptAt(name),
			unsent: (replica?.unsent ?? 0) > 0,
			refused: replica?.refused ?? replica?.denied ?? null,
			writable:
				replica !== null && (replica.scope === null ? offline : replica.scope === "read-write"),
		};
	}
}
