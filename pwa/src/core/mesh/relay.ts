/**
 * Signals handed on for others (SG17): two terminals that both reach this one meet without the hub. Only what the directory
 * allows and the sender signed, once, in order, and within limits.
 */
import { own } from "../calls/directory";
import { MAX_HOPS } from "../signalling/frame";
import type { WireSignal } from "../signalling/signals";
import { HUB_PARTY } from "../signalling/types";
import type { Incoming } from "./incoming";
import type { MeshPort } from "./port";
import type { SignalPost } from "./post";

/** Signals a second, and at once, that one link may bring; a ward's worst minute brings far fewer. */
const RATE = 300;
/** Signals known to have been handed on; two such sets take turns. */
const REMEMBERED = 4_096;

export class Relay {
	private readonly port: MeshPort;
	private readonly incoming: Incoming;
	private readonly post: SignalPost;
	private readonly living: () => string[];
	private readonly buckets = new Map<string, { left: number; at: number }>();
	private readonly chains = new Map<string, Promise<void>>();
	private seen = new Set<string>();
	private seenBefore = new Set<string>();

	constructor(port: MeshPort, incoming: Incoming, post: SignalPost, living: () => string[]) {
		this.port = port;
		this.incoming = incoming;
		this.post = post;
		this.living = living;
	}

	/** Whether the link may bring one more signal now, for whomever it is. */
	admits(link: string): boolean {
		const now = this.port.monotonic();
		const bucket = this.buckets.get(link) ?? { left: RATE, at: now };
		bucket.left = Math.min(RATE, bucket.left + ((now - bucket.at) * RATE) / 1_000);
		bucket.at = now;
		this.buckets.set(link, bucket);
		if (bucket.left < 1) return false;
		bucket.left -= 1;
		return true;
	}

	/** A signal for someone else came over the link with `via`. `text` is forwarded as it came. */
	take(via: string, wire: WireSignal, text: string, hops: number): void {
		const { signal } = wire;
		const { from, session, seq, to } = signal;
		if (hops >= MAX_HOPS || from === this.port.self.terminal) return;
		if (this.incoming.judge(signal) !== null) return;
		const name = `${from} ${to} ${session} ${seq}`;
		if (this.seen.has(name) || this.seenBefore.has(name)) return;
		const holds = this.incoming.holds(wire);
		const before = this.chains.get(from) ?? Promise.resolve();
		const done = before
			.then(() => holds)
			.then((held) => {
				if (this.chains.get(from) === done) this.chains.delete(from);
				if (!held || this.seen.has(name) || this.seenBefore.has(name)) return;
				this.remember(name);
				this.forward(via, signal.from, to, text, hops);
			})
			.catch((error: unknown) => console.error("signals:", error));
		this.chains.set(from, done);
	}

	private forward(via: string, from: string, to: string, text: string, hops: number): void {
		const living = this.living();
		if (living.includes(to)) {
			this.post.add({ link: to }, text, hops + 1);
		} else if (this.port.hub.connected()) {
			this.post.add({ hub: true }, text, hops + 1);
		} else if (hops === 0 && to !== HUB_PARTY) {
			const { terminals } = this.port.directory();
			for (const link of living) {
				if (link === via || link === from) continue;
				if (own(terminals, link)?.kind === "station") this.post.add({ link }, text, hops + 1);
			}
		}
	}

	private remember(name: string): void {
		this.seen.add(name);
		if (this.seen.size < REMEMBERED) return;
		this.seenBefore = this.seen;
		this.seen = new Set();
	}
}
