/**
 * Own signals: numbers and signs them, and sends them by the best way there is. Signals to one terminal leave in the order
 * they were given: a later one that overtook would make the earlier a replay (SG13).
 */
import { type Sign, signWith } from "../facts/signing";
import { encodeSignal, encodeSignalBody } from "../signalling/signals";
import type { Signal, SignalDraft } from "../signalling/types";
import type { MeshPort } from "./port";
import type { SignalPost } from "./post";
import type { Ways } from "./ways";

/** Signals the hub was given within this time, and so many, go again when it says that it cannot reach their terminal. */
const AGAIN_MS = 3_000;
const MAX_AGAIN = 32;

interface Waiting {
	signal: Signal;
	/** 0: the best way; 1: the next best */
	way: number;
}

export class Router {
	private readonly port: MeshPort;
	private readonly ways: Ways;
	private readonly post: SignalPost;
	private readonly sign: Sign;
	private readonly sequences: Map<string, number>;
	private readonly overHub = new Map<string, { wire: string; at: number }[]>();
	private readonly waiting = new Map<string, Waiting[]>();

	constructor(port: MeshPort, ways: Ways, post: SignalPost) {
		this.port = port;
		this.ways = ways;
		this.post = post;
		this.sequences = port.sequences ?? new Map();
		this.sign = port.sign ?? signWith(port.key);
	}

	/** Sends when it is signed. Without any way it is gone: who waits for an answer asks again. Throws SignalError. */
	send(to: string, draft: SignalDraft, way = 0): void {
		const { self, session, now } = this.port;
		const seq = (this.sequences.get(to) ?? 0) + 1;
		const common = { from: self.terminal, to, ward: self.ward, session, seq, at: now() };
		const signal = { ...draft, ...common } as Signal;
		encodeSignalBody(signal);
		this.sequences.set(to, seq);
		const queue = this.waiting.get(to);
		if (queue) queue.push({ signal, way });
		else {
			this.waiting.set(to, [{ signal, way }]);
			void this.pump(to);
		}
	}

	private async pump(to: string): Promise<void> {
		// The turn's other signals come with the first.
		await null;
		for (;;) {
			const batch = this.waiting.get(to) ?? [];
			if (batch.length === 0) break;
			this.waiting.set(to, []);
			let wires: string[];
			try {
				wires = await Promise.all(batch.map(({ signal }) => this.wire(signal)));
			} catch (error) {
				// What cannot be signed is lost, and nothing else with it: talks and dials say it again.
				console.error("signals:", error);
				continue;
			}
			const ways = this.ways.to(to);
			wires.forEach((wire, at) => {
				const way = ways[Math.min(batch[at]?.way ?? 0, ways.length - 1)] ?? [];
				for (const hop of way) this.post.add(hop, wire, 0);
				if (way.some((hop) => "hub" in hop)) this.remember(to, wire);
			});
		}
		this.waiting.delete(to);
	}

	/** The hub does not reach the terminal: what it was given lately goes another way; what came after all is a replay. */
	hubMissed(to: string): void {
		const lately = this.overHub.get(to) ?? [];
		this.overHub.delete(to);
		this.ways.hubMissed(to);
		const [way = []] = this.ways.to(to);
		const oldest = this.port.monotonic() - AGAIN_MS;
		for (const { wire, at } of lately) {
			if (at < oldest) continue;
			for (const hop of way) if (!("hub" in hop)) this.post.add(hop, wire, 0);
		}
	}

	/** Each second: what is too old to go again is let go of. */
	tick(): void {
		const oldest = this.port.monotonic() - AGAIN_MS;
		for (const [to, kept] of this.overHub) {
			if ((kept.at(-1)?.at ?? oldest) < oldest) this.overHub.delete(to);
		}
	}

	private remember(to: string, wire: string): void {
		const at = this.port.monotonic();
		const kept = this.overHub.get(to) ?? [];
		this.overHub.set(to, [...kept, { wire, at }].slice(-MAX_AGAIN));
	}

	private async wire(signal: Signal): Promise<string> {
		const bytes = encodeSignalBody(signal);
		return encodeSignal(await this.sign(bytes), bytes);
	}
}
