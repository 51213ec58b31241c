/**
 * Signals that came: believed for their signature, not for the way they came. Those for this terminal are taken in the order
 * they came; what is not taken changes nothing.
 */
import { Listeners } from "../links/link";
import { Inbox } from "../signalling/inbox";
import { holds, judge } from "../signalling/judge";
import type { Refusal, WireSignal } from "../signalling/signals";
import type { Signal } from "../signalling/types";
import { verify } from "../signalling/verify";
import type { MeshPort } from "./port";

export class Incoming {
	readonly taken = new Listeners<[signal: Signal]>();
	/** `signal` is verified when the reason is one of the inbox's: replay, old_session, fingerprint, too_many. */
	readonly refused = new Listeners<[signal: Signal, reason: Refusal]>();
	private readonly port: MeshPort;
	private readonly inbox: Inbox;
	private readonly chains = new Map<string, Promise<void>>();

	constructor(port: MeshPort) {
		this.port = port;
		this.inbox = new Inbox(port.self.terminal, port.self.ward);
	}

	/** The sender's session as its signals tell it. */
	session(sender: string): string | null {
		return this.inbox.session(sender);
	}

	/** Why the directory does not let this signal be, or null. */
	judge(signal: Signal): Refusal | null {
		return judge(signal, this.port.self.ward, this.port.directory());
	}

	/** Whether its signature holds. */
	holds(wire: WireSignal): Promise<boolean> {
		return holds(wire, this.port.directory(), this.port.verify ?? verify);
	}

	/** A signal for this terminal. */
	take(wire: WireSignal): void {
		const { signal } = wire;
		const refusal = this.judge(signal);
		if (refusal !== null) {
			this.refused.emit(signal, refusal);
			return;
		}
		const holds = this.holds(wire);
		const before = this.chains.get(signal.from) ?? Promise.resolve();
		const done = before
			.then(() => holds)
			.then((held) => {
				if (this.chains.get(signal.from) === done) this.chains.delete(signal.from);
				const reason = held ? this.inbox.accept(signal, this.port.now()) : "bad_signature";
				if (reason === null) this.taken.emit(signal);
				else this.refused.emit(signal, reason);
			})
			// One that fails must not take those after it along.
			.catch((error: unknown) => console.error("signals:", error));
		this.chains.set(signal.from, done);
	}
}
