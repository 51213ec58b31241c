/** Talks offered to this terminal by another station, until they are taken or over. */
import type { TalkSignal } from "../signalling/types";
import { RINGING_MS } from "./leg_run";
import type { TalkPort } from "./port";
import type { TransferOffer } from "./types";
import { mayTalk } from "./who";

export class Transfers {
	private readonly port: TalkPort;
	private readonly changed: () => void;
	private offers: readonly { offer: TransferOffer; at: number }[] = [];

	constructor(port: TalkPort, changed: () => void) {
		this.port = port;
		this.changed = changed;
	}

	list(): TransferOffer[] {
		return this.offers.map(({ offer }) => offer);
	}

	/** To the one that is to take it over, the signal's `station` names whom it will talk to. */
	offered(signal: Extract<TalkSignal, { kind: "transfer" }>): void {
		const { talk, from, station, calls } = signal;
		const { self, directory, sounds, monotonic } = this.port;
		const other = directory().terminals[station];
		if (other === undefined || !mayTalk(self, other)) return;
		const kind = directory().terminals[from]?.kind;
		if (kind !== "station" && kind !== "pda") return;
		const others = this.offers.filter(({ offer }) => offer.talk !== talk);
		// Each of them has one at a time: its newest.
		const rest = others.filter(({ offer }) => offer.from !== from);
		this.offers = [{ offer: { talk, from, with: station, calls }, at: monotonic() }, ...rest];
		sounds.chime("line_open");
		this.changed();
	}

	/** Takes the offer off the list; undefined when it is there no longer. */
	take(talk: string): TransferOffer | undefined {
		const found = this.offers.find(({ offer }) => offer.talk === talk)?.offer;
		this.keep(({ offer }) => offer.talk !== talk);
		return found;
	}

	/** Who offered says that the talk is over. */
	withdrawn(talk: string, from: string): void {
		this.keep(({ offer }) => offer.talk !== talk || offer.from !== from);
	}

	/** Each second. */
	tick(): void {
		const now = this.port.monotonic();
		this.keep(({ at }) => now - at < RINGING_MS);
	}

	private keep(stays: (one: { offer: TransferOffer; at: number }) => boolean): void {
		const offers = this.offers.filter(stays);
		if (offers.length === this.offers.length) return;
		this.offers = offers;
		this.changed();
	}
}
