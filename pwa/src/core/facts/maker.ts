/** Makes facts: signs, lets them count, keeps and sends them, and knows what the disk said of each. */

import type { FactBody } from "../calls/types";
import * as names from "../protocol/names";
import type { Outbox } from "./outbox";
import { signFact, signWith } from "./signing";

/** A press is shown and sent at once; a disk that takes longer than this to keep it is told as one that failed. */
const DISK_PATIENCE_MS = 1_000;

export type DiskState = "kept" | "failed" | "writing";

/** `counted`: the fact is in the fold; `kept`: it is on disk, or known not to be. Neither rejects. */
export interface Made {
	counted: Promise<void>;
	kept: Promise<void>;
}

export interface MakerPort {
	changed(): void;
	failed(error: unknown): void;
}

export class FactMaker {
	private readonly outbox: Outbox;
	private readonly port: MakerPort;
	private readonly disk = new Map<string, DiskState>();

	constructor(outbox: Outbox, port: MakerPort) {
		this.outbox = outbox;
		this.port = port;
	}

	/** What the disk said of an own fact; those of an earlier start are there because it kept them. */
	diskOf(id: string): DiskState {
		return this.disk.get(id) ?? "kept";
	}

	make(body: FactBody, key: CryptoKey): Made {
		let count = () => {};
		const counted = new Promise<void>((resolve) => {
			count = resolve;
		});
		const kept = this.keep(body, key, count).catch((error: unknown) => {
			count();
			this.port.failed(error);
		});
		return { counted, kept };
	}

	private async keep(body: FactBody, key: CryptoKey, count: () => void): Promise<void> {
		// Signed before the transaction opens: an awaited signature would commit it.
		const fact = await signFact(body, signWith(key));
		this.set(fact.id, "writing");
		const patience = setTimeout(() => {
			if (this.disk.get(fact.id) === "writing") this.set(fact.id, "failed");
		}, DISK_PATIENCE_MS);
		const written = this.outbox.put(fact, names.calls(body.ward, body.room ?? null));
		count();
		try {
			await written;
			this.set(fact.id, "kept");
		} catch (error) {
			this.set(fact.id, "failed");
			throw error;
		} finally {
			clearTimeout(patience);
		}
	}

	private set(id: string, state: DiskState): void {
		this.disk.set(id, state);
		this.port.changed();
	}
}
