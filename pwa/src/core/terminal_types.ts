/**
 * What a screen sees of its terminal: one store of immutable snapshots, and the few things a hand can do.
 * Screens know nothing of sockets, IndexedDB or keys.
 */
import type * as Y from "yjs";
import type { Act, Board, CallRow, Directory, Presence, TerminalKind, Way } from "./calls/types";
import type { RecordingLine } from "./identity/api";
import type { StaffDoor } from "./identity/staff_door";
import type { PushControl } from "./push/types";
import type { TalkControl, TalkState } from "./talk/types";

export interface SelfInfo {
	terminal: string;
	kind: TerminalKind;
	profile: string;
	name: string;
	ward: string;
	room: string | null;
	bed: string | null;
}

export interface StaffSession {
	staff: string;
	name: string;
	role: string;
	expiresAt: number;
}

/** How far a press of this terminal's own has come (A4): never ahead of a receipt. */
export interface OwnPress {
	call: string;
	type: string;
	at: number;
	/** pressed: signed and sounding, not yet on this disk; kept: on this disk only, 还未送达; shown: a neighbour has it, 门口屏已显示; stored: at the hub; received: 护士站已收到; taken: someone comes; failed: could not even be kept */
	progress: "pressed" | "kept" | "shown" | "stored" | "received" | "taken" | "attended" | "failed";
	/** terminals that have said that they hold it, sorted; without the hub */
	heldBy: string[];
	/** nobody has been reached: no hub and no neighbour holds it, a hub that cannot store, or no answer in time; the terminal sounds itself */
	undelivered: boolean;
	refused: string | null;
}

export interface RefusedItem {
	/** fact id, or document name for an edit */
	id: string;
	reason: string;
	at: number;
}

export type Phase = "starting" | "unenrolled" | "enrolling" | "elsewhere" | "revoked" | "ready";

/** 1 hub; 2 ward mesh: a station is reached (a station: any terminal); 3 room: door or beds of the room only; 4 alone */
export type Layer = 1 | 2 | 3 | 4;

export interface TerminalState {
	phase: Phase;
	/** why enrolment or sign-in failed, text key */
	problem: string | null;
	self: SelfInfo | null;
	layer: Layer;
	/** terminals whose own link lives, sorted */
	neighbours: string[];
	/** last message of the hub, ms; null when never */
	lastHeardAt: number | null;
	/** hub time as far as known; ticks at least each second */
	now: number;
	clock: "hub" | "own";
	board: Board;
	directory: Directory;
	presence: Presence | null;
	ownPresses: OwnPress[];
	/** facts and document edits not yet at the hub */
	unsent: number;
	refused: RefusedItem[];
	sound: "ok" | "blocked" | "muted";
	session: StaffSession | null;
	storage: "ok" | "unpersisted" | "failing";
	/** the hub's store cannot take writes */
	hubStorage: "ok" | "full";
	language: "zh" | "en";
	night: boolean;
	version: string;
	talk: TalkState;
}

export interface DocumentView {
	doc: Y.Doc;
	/** true once the replica holds what the hub has, or a copy from disk */
	loaded: boolean;
	/** last time in step with the hub, ms; null when never */
	syncedAt: number | null;
	/** how old the copy on this disk is, as kept before this start, ms; null when unknown */
	keptAt: number | null;
	/** own edits not yet stored at the hub */
	unsent: boolean;
	/** refused reason, or null */
	refused: string | null;
	writable: boolean;
}

/** Svelte's store contract; the value is replaced, never mutated (a document's value is replaced on every change, at most once a frame). */
export interface Readable<T> {
	subscribe(run: (value: T) => void): () => void;
}

export type InputName = "bathroom";
export type KeyName = "call" | "cancel" | "dressing" | "light" | "attend" | "answer";

/** The kiosk app around the page (docs/shell.md). */
export interface Shell {
	readonly name: "browser" | "fully" | "simulator";
	onKey(listener: (key: KeyName) => void): () => void;
	onInput(listener: (input: InputName, state: "open" | "closed" | "fault") => void): () => void;
	/** rhythm as ms on and off, null for dark */
	setLamp(colour: "red" | "green" | "white" | null, rhythm: [number, number] | null): void;
	setNightLight(on: boolean): void;
	setBrightness(percent: number): void;
}

export interface Terminal extends Readable<TerminalState> {
	readonly shell: Shell;
	readonly talk: TalkControl;
	/** Says nothing but on phones. */
	readonly push?: PushControl;
	/** PIN, badge, lock: where a person signs in. */
	readonly staffDoor?: StaffDoor;
	/** Place a call. Resolves when it is kept on disk (or is known to have failed); the sign of it is in the state at once. */
	press(
		type: string,
		options?: { purpose?: string; source?: string; room?: string; to?: string },
	): Promise<void>;
	/** Act on a row (or on all own open calls of a row, for cancelled). */
	act(act: Act, row: CallRow, options?: { way?: Way; talkMs?: number }): Promise<void>;
	/** Whether this terminal could do the act on the row now (entitlement and policy as known here). */
	may(act: Act, row: CallRow): boolean;
	/** A document this terminal may read; joined while someone is subscribed, and always those of its kind. */
	document(name: string): Readable<DocumentView>;
	/** Edit a document in one transaction; on this disk before the promise resolves. */
	edit(name: string, change: (doc: Y.Doc) => void): Promise<void>;
	signIn(number: string, password: string): Promise<void>;
	signOut(): Promise<{ unsent: number }>;
	/** Call history of the ward from the hub (station, PDA). */
	history(query: { from: number; to: number; bed?: string; type?: string }): Promise<CallRecord[]>;
	historyExport(query: { from: number; to: number; bed?: string; type?: string }): Promise<Blob>;
	/** A recorded talk of the journal, by its id; only for a person signed in. Throws ApiError, Unreachable. */
	recording(id: string): Promise<Blob>;
	/** Recordings without a call of the journal, of a span of time; station, PDA. Throws ApiError, Unreachable. */
	recordings(query: { from: number; to: number }): Promise<RecordingLine[]>;
	/** Calls of a group of this station also go to others until `until` (ms, hub time); needs the hub. Throws ApiError, Unreachable. */
	host(group: string, to: readonly string[], until: number): Promise<void>;
	endHosting(id: string): Promise<void>;
	/** After a touch: lets the page sound. */
	unlockSound(): Promise<void>;
	setMuted(muted: boolean): void;
	setLanguage(language: "zh" | "en"): void;
}

/** One line of the call journal (CALL-06), as GET /api/wards/{w}/calls gives it. */
export interface CallRecord {
	id: string;
	ward: string;
	room: string | null;
	bed: string | null;
	source: string;
	type: string;
	purpose: string | null;
	at: number;
	approx: boolean;
	heard_at: number | null;
	received_at: number | null;
	acknowledged_at: number | null;
	acknowledged_by: string | null;
	/** who had it last; null where nobody took it, and in lines of before */
	taken_by: string | null;
	attended_at: number | null;
	attended_by: string | null;
	talk_ms: number | null;
	closed_at: number | null;
	closed_by: string | null;
	closed_how: "cleared" | "cancelled" | "ended" | null;
	way: Way | null;
	waited_ms: number | null;
	missed: boolean;
	/** talks of the call that were recorded: ids for GET /api/wards/{w}/recordings/{id} */
	recordings: string[];
	/** of the people it names, those whose acts no session stood behind */
	staff_unverified?: string[];
}
