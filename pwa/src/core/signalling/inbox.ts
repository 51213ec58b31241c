/**
 * Which signals are new: one line a sender, of its session, sequence, fingerprint and candidates. A plain state table;
 * rules SG11 to SG15, the same as ward_signalling/inbox.py. The signature, and who may, are looked at before.
 */
import type { Refusal } from "./signals";
import type { Signal } from "./types";

/** After one description: a terminal has a handful of addresses; each is tried against all of the other's. */
export const MAX_CANDIDATES = 64;
/** Connections of one sender whose candidates are counted; there is one at a time, and its successors. */
const MAX_CONNECTIONS = 16;
/** Sessions of one sender that are known to be over. */
const MAX_ENDED = 64;

interface Sender {
	session: string;
	beganAt: number;
	seq: number;
	fingerprint: string | null;
	/** connection → candidates taken since its last description */
	candidates: Map<string, number>;
	ended: Set<string>;
}

/** What one terminal has taken. Grows with the senders, which the directory limits. */
export class Inbox {
	private readonly terminal: string;
	private readonly ward: string;
	private readonly senders = new Map<string, Sender>();

	constructor(terminal: string, ward: string) {
		this.terminal = terminal;
		this.ward = ward;
	}

	/** The sender's session as its signals tell it, or null before the first. */
	session(sender: string): string | null {
		return this.senders.get(sender)?.session ?? null;
	}

	/** Takes a verified signal: null, or why not; what is refused changes nothing. `now`: ms, hub time. */
	accept(signal: Signal, now: number): Refusal | null {
		if (signal.to !== this.terminal) return "not_for_me";
		if (signal.ward !== this.ward) return "wrong_ward";
		const known = this.senders.get(signal.from);
		let sender = known;
		if (sender === undefined || sender.session !== signal.session) {
			if (known && (known.ended.has(signal.session) || signal.at < known.beganAt)) {
				return "old_session";
			}
			sender = {
				session: signal.session,
				// A clock that ran ahead at one start must not shut out the next one (SG12).
				beganAt: Math.min(signal.at, now),
				seq: 0,
				fingerprint: null,
				candidates: new Map(),
				ended: new Set(),
			};
		}
		const refusal = look(sender, signal);
		if (refusal !== null) return refusal;
		if (known && known !== sender) {
			sender.ended = known.ended;
			sender.ended.add(known.session);
			dropOldest(sender.ended, MAX_ENDED);
		}
		this.senders.set(signal.from, sender);
		take(sender, signal);
		return null;
	}
}

/** What the SDP's `a=fingerprint` lines say, whole: one that is spelled otherwise fits nothing. */
export function fingerprintsOf(sdp: string): Set<string> {
	const lines = sdp.split(/[\r\n]+/).filter((line) => /^a=fingerprint/i.test(line));
	return new Set(lines.map((line) => line.replace(/^a=fingerprint:/, "")));
}

function look(sender: Sender, signal: Signal): Refusal | null {
	if (signal.seq <= sender.seq) return "replay";
	if (signal.kind === "description") {
		const said = fingerprintsOf(signal.sdp);
		if (said.size !== 1 || !said.has(signal.fingerprint)) return "fingerprint";
		if (sender.fingerprint !== null && sender.fingerprint !== signal.fingerprint) {
			return "fingerprint";
		}
	}
	if (signal.kind === "candidate") {
		if ((sender.candidates.get(signal.connection) ?? 0) >= MAX_CANDIDATES) return "too_many";
	}
	return null;
}

function take(sender: Sender, signal: Signal): void {
	sender.seq = signal.seq;
	if (signal.kind === "description") {
		sender.fingerprint = signal.fingerprint;
		count(sender, signal.connection, 0);
	} else if (signal.kind === "candidate") {
		count(sender, signal.connection, (sender.candidates.get(signal.connection) ?? 0) + 1);
	} else if (signal.kind === "close") sender.candidates.delete(signal.connection);
}

function count({ candidates }: Sender, connection: string, number: number): void {
	candidates.delete(connection);
	candidates.set(connection, number);
	dropOldest(candidates, MAX_CONNECTIONS);
}

function dropOldest(all: Map<string, number> | Set<string>, most: number): void {
	const oldest = all.keys().next();
	if (all.size > most && !oldest.done) all.delete(oldest.value);
}
