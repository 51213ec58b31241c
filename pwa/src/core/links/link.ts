/** One way to another machine that carries frames whole and in order: the hub's socket. Channels to neighbours are mesh/peer_link.ts. */

export type LinkState = "connecting" | "open" | "closed";

export interface Link {
	readonly state: LinkState;
	/** False when the frame could not be handed over; a true is no receipt. */
	send(frame: Uint8Array): boolean;
	onMessage(listener: (frame: Uint8Array) => void): () => void;
	/** `code`: the peer's close code, where it gave one. */
	onState(listener: (state: LinkState, code: number | null) => void): () => void;
	/** Gives the present connection up; a link that reconnects does so. */
	reset(): void;
	/** For good. */
	close(): void;
}

/** A beat each second that background pages do not slow down. */
export interface Ticker {
	onTick(listener: () => void): () => void;
}

export class Listeners<A extends unknown[]> {
	private readonly all = new Set<(...args: A) => void>();

	add(listener: (...args: A) => void): () => void {
		this.all.add(listener);
		return () => this.all.delete(listener);
	}

	emit(...args: A): void {
		for (const listener of [...this.all]) listener(...args);
	}

	get size(): number {
		return this.all.size;
	}
}
