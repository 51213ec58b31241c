/**
 * The messages terminals send each other to meet and to talk (rules SG of signalling/SPEC.md). A body is canonical JSON
 * like a fact's and signed by its sender's key, so it holds whatever way it came: hub, channel, or a neighbour's relay.
 */

export type TalkPurpose = "talk" | "view" | "broadcast";
export type BusyReason = "talking" | "privacy" | "full" | "not_allowed" | "call";
export type ByeReason =
	| "hung_up"
	| "lost"
	| "limit"
	| "transferred"
	| "cancelled"
	| "refused"
	| "unanswered"
	| "no_codec"
	| "no_media"
	| "fingerprint"
	| "call"
	| "closed";

/** What every signal says. Times in ms; ids as in facts. */
interface Common {
	from: string;
	to: string;
	ward: string;
	/** 16 hex digits, new at each start of the sender's page */
	session: string;
	/** grows by one a signal from this session to `to`, from 1 */
	seq: number;
	at: number;
}

/** `connection`: 16 hex digits, chosen by who dials; all signals of one RTCPeerConnection name it. */
export type ConnectionSignal = Common &
	(
		| {
				kind: "description";
				connection: string;
				type: "offer" | "answer";
				sdp: string;
				/** as the SDP's a=fingerprint line says: "sha-256 AB:CD:…" */
				fingerprint: string;
		  }
		/** an empty `candidate` ends them */
		| { kind: "candidate"; connection: string; candidate: string; mid: string }
		/** the whole connection */
		| { kind: "close"; connection: string; reason: ByeReason }
	);

/** `talk`: 16 hex digits, chosen by who invites. Flags are 0 or 1. */
export type TalkSignal = Common &
	(
		| {
				kind: "invite";
				talk: string;
				purpose: TalkPurpose;
				calls: string[];
				video: 0 | 1;
				targets?: string[];
		  }
		| { kind: "accept"; talk: string; video: 0 | 1 }
		/** `by`: who is being talked to */
		| { kind: "busy"; talk: string; reason: BusyReason; by?: string }
		| { kind: "mute"; talk: string; muted: 0 | 1 }
		| { kind: "hold"; talk: string; held: 0 | 1 }
		/** `station`: who is to take over */
		| { kind: "transfer"; talk: string; station: string; calls: string[] }
		/** ms of sound measured here so far; each second while the talk is open: its sign of life */
		| { kind: "heard"; talk: string; ms: number }
		| { kind: "recording"; talk: string; on: 0 | 1 }
		| { kind: "bye"; talk: string; reason: ByeReason }
	);

export type Signal = ConnectionSignal | TalkSignal;
type Kinds<S> = S extends { kind: infer K } ? K : never;
export type SignalKind = Kinds<Signal>;

type Body<S> = S extends Common ? Omit<S, keyof Common> : never;
/** A signal before its sender signs it: who, where and when are filled in by the router. */
export type SignalDraft = Body<Signal>;
export type TalkDraft = Body<TalkSignal>;

/** The hub's media relay, as a party of signals. */
export const HUB_PARTY = "hub";
