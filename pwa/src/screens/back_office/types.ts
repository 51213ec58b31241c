/** What the back office's API says and takes, under /api/office; the hub's side is ward_hub/edge/office_*.py. Times in ms. */

export type Permission =
	| "ward.read"
	| "ward.write"
	| "hosting.write"
	| "duty.write"
	| "staff.write"
	| "permissions.write"
	| "terminals.write"
	| "fleet.control"
	| "fleet.release"
	| "fleet.view"
	| "feed.read"
	| "feed.repair"
	| "journal.read"
	| "journal.export"
	| "audit.read"
	| "audit.export";

export type RoleName =
	| "nurse"
	| "head_nurse"
	| "doctor"
	| "engineer"
	| "system_admin"
	| "security_admin"
	| "audit_admin";

export interface Me {
	staff: { id: string; number: string; name: string; role: RoleName; ward: string | null };
	permissions: Permission[];
	/** wards this person sees, in order */
	wards: { id: string; name: string; name_en: string }[];
	expires_at: number;
	/** signed out after so long without a request */
	idle_ms: number;
	password_due: boolean;
	version: string;
}

export type EntityName =
	| "hospital"
	| "ward"
	| "room"
	| "bed"
	| "group"
	| "terminal"
	| "staff"
	| "duty"
	| "hosting"
	| "hosting_rule"
	| "call_type"
	| "permissions"
	| "device_schedule";

/** Values are whole. `ward` null: ids of the installation (hospital, ward, terminal, staff, permissions, device_schedule). */
export interface Edit<V = unknown> {
	entity: EntityName;
	ward: string | null;
	id: string;
	before: V | null;
	after: V | null;
}

export interface HospitalValue {
	name: string;
	name_en: string;
	settings: Record<string, unknown>;
	marks: Record<string, unknown>;
}
export interface WardValue extends HospitalValue {
	escalation_ms: [number, number, number];
	reminder_ms: number;
	all_tender: boolean;
	/** HH:MM */
	night_from: string;
	night_to: string;
}
export interface RoomValue {
	name: string;
	order: number;
}
export interface BedValue {
	label: string;
	call_name: string;
	room: string;
	order: number;
}
export interface GroupValue {
	name: string;
	order: number;
	stations: string[];
	beds: string[];
	rooms: string[];
	staff: string[];
	escalate_to: string[];
}
export type Kind =
	| "bedside"
	| "door"
	| "corridor"
	| "station"
	| "whiteboard"
	| "pda"
	| "call_point";
export interface TerminalValue {
	ward: string;
	kind: Kind;
	profile: string;
	name: string;
	name_en: string;
	room: string | null;
	bed: string | null;
	serial: string | null;
	mac: string | null;
	supervised: boolean;
	order: number;
}
export interface StaffValue {
	/** null for the three administrators */
	ward: string | null;
	number: string;
	name: string;
	role: RoleName;
	title: string | null;
	active: boolean;
	order: number;
}
export interface DutyValue {
	staff: string;
	beds: string[];
	since: number;
	until: number | null;
	pda: string | null;
}
export interface HostingValue {
	from_group: string;
	to: string[];
	from_ms: number;
	until_ms: number;
}
/** Every week, in the hospital's time zone; until ≤ from ends on the next day. Dates YYYY-MM-DD. */
export interface HostingRuleValue {
	from_group: string;
	to: string[];
	weekdays: number[];
	from: string;
	until: string;
	first: string;
	last: string | null;
}
/** As in call_types.toml. */
export interface CallTypeValue {
	zh: string;
	en: string;
	priority: "code" | "urgent" | "routine" | "service";
	tone: "high" | "medium" | "low";
	light: "steady" | "urgent" | "code";
	clear: "tender" | "strict";
	may_talk: boolean;
	placed_by: Kind[];
	purposes?: { id: string; zh: string; en: string }[];
}
export interface PermissionsValue {
	permissions: Permission[];
}
/** `targets`: terminals of a ward (of a kind), or named ones. */
export interface DeviceScheduleValue {
	ward: string;
	kind: Kind | null;
	terminals: string[] | null;
	at: string;
	weekdays: number[];
	do: "volume" | "brightness" | "screen_on" | "screen_off" | "restart";
	value: number | null;
	active: boolean;
}

export type Held<V> = V & { id: string };

/** GET /api/office/wards/{w} */
export interface WardConfig {
	revision: number;
	id: string;
	ward: WardValue;
	rooms: Held<RoomValue>[];
	beds: Held<BedValue>[];
	groups: Held<GroupValue>[];
	terminals: (Held<TerminalValue> & { state: "planned" | "active" | "revoked" })[];
	staff: Held<StaffValue>[];
	/** turns that are not over for longer than 15 days, and all to come */
	duty: Held<DutyValue>[];
	hosting: Held<HostingValue>[];
	hosting_rules: Held<HostingRuleValue>[];
	/** as they hold now; `shipped`: as they were before the ward changed them, null for types of its own */
	call_types: (Held<CallTypeValue> & { shipped: CallTypeValue | null })[];
	/** beds a patient lies in */
	occupied: string[];
	/** device profiles by kind */
	profiles: Record<Kind, { id: string; name: string }[]>;
}

export interface Change {
	id: number;
	at: number;
	staff: string;
	staff_name: string;
	ward: string | null;
	note: string;
	/** change this one took back; the one that took this back */
	undoes: number | null;
	undone_by: number | null;
	edits: Edit[];
}

export interface OfficeProblem {
	index: number;
	field: string | null;
	message: string;
	message_zh: string;
}

/** Body of every refusal. */
export interface OfficeErrorBody {
	error: { code: string; message: string; message_zh: string; problems?: OfficeProblem[] };
}

/** GET /api/office/terminals?ward= */
export interface TerminalLine {
	id: string;
	ward: string;
	kind: Kind;
	profile: string;
	name: string;
	name_en: string;
	room: string | null;
	bed: string | null;
	state: "planned" | "active" | "revoked";
	/** DEV-03; delayed: connected, but slow to answer */
	seen: "never" | "online" | "delayed" | "offline";
	last_heard_at: number | null;
	/** IP address as the hub sees it */
	address: string | null;
	mac: string | null;
	serial: string | null;
	model: string | null;
	browser: string | null;
	version: string | null;
	build: string | null;
	wanted_build: string | null;
	/** wall clock minus the hub's; beyond 1 s it is warned of */
	offset_ms: number | null;
	rtt_ms: number | null;
	layer: number | null;
	sound: "ok" | "blocked" | "muted" | null;
	screen: "on" | "off" | null;
	volume: number | null;
	brightness: number | null;
	can: string[];
	hung: number;
	/** PDAs: answers probes; null elsewhere */
	reachable: boolean | null;
}

export interface Targets {
	ward: string | null;
	kind: Kind | null;
	terminals: string[] | null;
}

/** POST /api/office/fleet/commands {targets, do, value} */
export interface FleetCommand {
	id: string;
	at: number;
	staff: string;
	do: "restart" | "volume" | "brightness" | "screen_on" | "screen_off" | "identify";
	value: number | null;
	results: {
		terminal: string;
		outcome: "waiting" | "done" | "not_connected" | "not_able" | "in_call" | "failed" | "no_answer";
	}[];
}

export interface Release {
	/** hash of its content, 16 hex */
	build: string;
	version: string;
	added_at: number;
	added_by: string;
	bytes: number;
	note: string;
	/** terminals that run it now */
	running: number;
	/** the one that terminals have that no roll-out names */
	base: boolean;
}

export interface RollOut {
	id: number;
	build: string;
	from_build: string;
	state: "running" | "halted" | "done" | "rolled_back";
	/** why it halted by itself, text key */
	reason: string | null;
	stage: number;
	stages: {
		name: string;
		terminals: string[];
		updated: number;
		failed: string[];
		waiting: string[];
	}[];
	/** goes to the next stage by itself when all of this one run it well for so long; null: by hand */
	advance_after_s: number | null;
	started_at: number;
	staff: string;
}

export interface AuditLine {
	seq: number;
	at: number;
	action: string;
	result: "ok" | "refused" | "failed";
	staff: string | null;
	staff_name: string | null;
	terminal: string | null;
	ward: string | null;
	subject: string | null;
	address: string | null;
	detail: Record<string, unknown>;
}

/** POST /api/office/import/{beds|staff|terminals}?ward=&dry=1 */
export interface ImportAnswer {
	rows: number;
	/** row numbers as the spreadsheet counts them, the head is 1 */
	errors: { row: number; column: string | null; message: string; message_zh: string }[];
	edits: Edit[];
	/** the change that was made; null when dry or refused */
	change: number | null;
}

/** GET /api/office/feed/messages */
export interface FeedMessageLine {
	id: number;
	received_at: number;
	control_id: string | null;
	type: string | null;
	/** why it could not be taken, and in which segment or field */
	reason: string;
	where: string | null;
	state: "refused" | "replayed" | "discarded";
	repaired_by: string | null;
	repaired_at: number | null;
}

/** GET /api/office/call-points?ward= */
export interface CallPointLine {
	id: string;
	ward: string;
	name: string;
	room: string | null;
	bed: string | null;
	has_key: boolean;
	last_heard_at: number | null;
	line: "ok" | "open" | "unknown";
	refused: number;
}

/** GET /api/office/system */
export interface SystemInfo {
	version: string;
	now: number;
	started_at: number;
	certificate: { subject: string; issuer: string; not_after: number; days_left: number } | null;
	/** signed in, at terminals and in the back office together */
	sessions: number;
	feed: { connected: number; last_message_at: number | null; refused: number };
	/** `connected`: phones at the hub's own service now; `subscribed`: PDAs that can be pushed to; `others`: other services are used too */
	push: { others: boolean; subscribed: number; connected: number };
}
