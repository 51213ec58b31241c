/**
 * The values of the call rules: facts, directory, presence, and what the fold makes of them.
 * The same names in snake_case stand in ward_sync.calls; one file of vectors holds both to the same result.
 */

export type Act =
	| "placed"
	| "received"
	| "acknowledged"
	| "declined"
	| "answered"
	| "ended"
	| "attended"
	| "cleared"
	| "cancelled";
export type ClockKind = "hub" | "own";
export type Policy = "tender" | "strict";
export type Way = "source" | "door" | "bed" | "remote" | "talked";
export type TerminalKind =
	| "bedside"
	| "door"
	| "corridor"
	| "station"
	| "whiteboard"
	| "pda"
	| "call_point";

/** Times are integer ms since the epoch. Keys as on the wire. */
export interface FactBody {
	act: Act;
	at: number;
	calls: string[];
	clock: ClockKind;
	nonce: string;
	terminal: string;
	ward: string;
	room?: string;
	source?: string;
	type?: string;
	purpose?: string;
	to?: string;
	staff?: string;
	policy?: Policy;
	way?: Way;
	talk_ms?: number;
	rests_on?: string[];
}

/** A fact as a terminal holds it. `heardAt`: when the first hub took it, null while none has. */
export interface HeardFact {
	id: string;
	body: FactBody;
	heardAt: number | null;
	seenAt: number;
	verified: boolean;
	missed: boolean;
	/** the hub: nobody's session stood behind the person it names (CF45) */
	staffUnverified?: boolean;
}

export type CallPriority = "code" | "urgent" | "routine" | "service";
export type Tone = "high" | "medium" | "low";
export type Light = "steady" | "urgent" | "code";

export interface CallType {
	id: string;
	zh: string;
	en: string;
	priority: CallPriority;
	tone: Tone;
	light: Light;
	clear: Policy;
	may_talk: boolean;
	placed_by: TerminalKind[];
	purposes?: { id: string; zh: string; en: string }[];
}

/** The directory document's values, as the hub projects them (keys as on the wire). */
export interface Directory {
	ward: {
		id: string;
		name: string;
		name_en: string;
		escalation_ms: [number, number, number];
		reminder_ms: number;
		all_tender: boolean;
		/** a talk ends by itself after this, ms (A16) */
		talk_limit_ms: number;
		/** pictures where both have a camera */
		video: boolean;
		/** talks and broadcasts may be recorded */
		recording: boolean;
		/** public key of the hub's media relay, as of terminals; absent without one */
		relay_key?: string;
	};
	rooms: Record<string, { id: string; name: string; order: number; beds: string[] }>;
	beds: Record<
		string,
		{
			id: string;
			label: string;
			call_name: string;
			room: string;
			order: number;
			priority: "special" | "first" | "routine";
		}
	>;
	terminals: Record<
		string,
		{
			id: string;
			kind: TerminalKind;
			profile: string;
			name?: string;
			name_en?: string;
			room?: string;
			bed?: string;
			key?: string;
			/** its profile has one */
			camera?: boolean;
			state: "planned" | "active" | "revoked";
			supervised: boolean;
		}
	>;
	groups: Record<
		string,
		{
			id: string;
			name: string;
			order: number;
			stations: string[];
			beds: string[];
			rooms: string[];
			staff: string[];
			escalate_to: string[];
		}
	>;
	staff: Record<
		string,
		{ id: string; name: string; role: "nurse" | "head_nurse" | "doctor" | "engineer" }
	>;
	duty: Record<
		string,
		{ staff: string; pda?: string; beds: string[]; since: number; until?: number }
	>;
	hosting: Record<
		string,
		{ id: string; from_group: string; to: string[]; from_ms: number; until_ms: number }
	>;
	call_types: Record<string, CallType>;
}

/** Who is connected, as this terminal sees it. `since`: from when on absence means something. */
export interface Presence {
	since: number;
	/** terminals it can tell about, sorted; absent: all of the ward. Without the hub only neighbours are seen (CF36). */
	scope?: string[];
	terminals: Record<
		string,
		{
			connected: boolean;
			/** last time it was seen connected, ms */
			seen_at: number;
			sound: "ok" | "blocked" | "muted";
			inputs: Record<string, "ok" | "open">;
			layer: 1 | 2 | 3 | 4;
		}
	>;
}

export type CallState = "waiting" | "taken" | "talking" | "attended";

export interface ActMark {
	fact: string;
	terminal: string;
	staff: string | null;
	at: number;
	/** the person's name is shown as unverified (CF45) */
	staffUnverified?: boolean;
}

/** One row of the call list: the open calls of one source and type. */
export interface CallRow {
	/** id of the oldest open call; stable key of the row */
	id: string;
	/** every open call in the row, sorted: an act names all of them (at most 64 a fact) */
	calls: string[];
	/** terminals[i] placed calls[i]: only the terminal that placed a call cancels it */
	terminals: string[];
	ward: string;
	room: string | null;
	source: string;
	bed: string | null;
	type: string;
	/** purpose of the newest press that names one */
	purpose: string | null;
	to: string | null;
	/** terminal of the oldest press */
	terminal: string;
	state: CallState;
	/** 0 code, 1 urgent, 2 special or first-level patient, 3 routine, 4 service */
	class: number;
	tone: Tone;
	light: Light;
	/** time of the oldest press: shown, and waited from; about that time when `approx` */
	at: number;
	approx: boolean;
	orderAt: number;
	newestAt: number;
	count: number;
	/** null until the hub has every press of the row */
	heardAt: number | null;
	verified: boolean;
	missed: boolean;
	ringing: boolean;
	/** escalation level 0..3 */
	level: number;
	/** terminals being asked, sorted */
	asked: string[];
	declinedBy: string[];
	received: ActMark | null;
	taken: ActMark | null;
	talking: ActMark | null;
	attended: ActMark | null;
	/** what the call type's clear rule is now, switch included */
	policy: Policy;
	/** facts a strict clear may rest on */
	restsOn: string[];
	/** a strict clear resting on them would close every call of the row */
	supported: boolean;
}

export interface Trouble {
	key: string;
	/** link: there by the hub, and not by the own link (a station tells; not of the fold) */
	kind: "missing" | "sound" | "input" | "link";
	terminal: string;
	room: string | null;
	since: number;
}

export interface ClosedCall {
	id: string;
	act: "cleared" | "cancelled" | "ended";
	way: Way | null;
	by: ActMark;
}

/** What every screen draws from. Rows in list order (A9). */
export interface Board {
	rows: CallRow[];
	troubles: Trouble[];
	closed: Record<string, ClosedCall>;
}
