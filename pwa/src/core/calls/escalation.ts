/**
 * Who is asked about a row, and how far it has escalated (CF30 to CF35). Derived, never written.
 * The same as ward_sync.escalation.
 */
import { bedsOf, own } from "./directory";
import { sourceOf } from "./facts";
import type { CallPriority, Directory } from "./types";

type Group = Directory["groups"][string];
type Duty = Directory["duty"][string];

/** The home station sounds if the stations it is hosted to have not received a call within this time. */
const HOSTING_GRACE_MS = 10_000;
const TOP_LEVEL = 3;
/** Urgent calls ask the whole group at once, a code asks everyone. */
const FLOORS: Partial<Record<CallPriority, number>> = { code: 3, urgent: 1 };

/** What escalation looks at: a row's source and type, who declined or has received all of it. */
export interface Asking {
	source: string;
	room: string | null;
	to: string | null;
	priority: CallPriority;
	/** since when its longest ringing call rings, ms; null when none does */
	ringFrom: number | null;
	escalates: boolean;
	declinedBy: Set<string>;
	receivedBy: Set<string>;
}

/** The level (0 to 3) and the terminals asked, sorted; never nobody while the ward has a receiver. */
export function escalate(
	asking: Asking,
	directory: Directory,
	now: number,
): { level: number; asked: string[] } {
	let level = FLOORS[asking.priority] ?? 0;
	if (asking.ringFrom !== null && asking.escalates) {
		const waited = now - asking.ringFrom;
		level = Math.max(level, directory.ward.escalation_ms.filter((step) => waited >= step).length);
	}
	let asked = askedAt(asking, level, directory, now);
	while (level < TOP_LEVEL && allDeclined(asked, asking.declinedBy, directory)) {
		level += 1;
		asked = askedAt(asking, level, directory, now);
	}
	const [kind, name] = sourceOf(asking.source);
	for (const terminal of [...asked]) {
		const revoked = own(directory.terminals, terminal)?.state === "revoked";
		const itself = kind === "terminal" && name === terminal;
		if (revoked || itself || asking.declinedBy.has(terminal)) asked.delete(terminal);
	}
	if (![...asked].some((terminal) => receives(terminal, directory))) {
		for (const terminal of Object.keys(directory.terminals)) {
			if (receives(terminal, directory)) asked.add(terminal);
		}
	}
	return { level, asked: [...asked].sort() };
}

/** The call groups that hold a source: by bed, by room, by the terminal itself (CF31). */
export function groupsOf(
	source: string,
	room: string | null,
	directory: Directory,
	now: number,
): Group[] {
	const groups = Object.values(directory.groups);
	const [kind, name] = sourceOf(source);
	if (kind === "bed") {
		const found = groups.filter((group) => group.beds.includes(name));
		if (found.length) return found;
	}
	if (kind === "terminal") {
		const staff = active(directory, now)
			.filter((duty) => duty.pda === name)
			.map((duty) => duty.staff);
		const found = groups.filter(
			(group) => group.stations.includes(name) || staff.some((id) => group.staff.includes(id)),
		);
		if (found.length) return found;
	}
	if (room === null) return [];
	const found = groups.filter((group) => group.rooms.includes(room));
	if (found.length || kind === "bed") return found;
	const beds = bedsOf(directory, room);
	return groups.filter((group) => group.beds.some((bed) => beds.has(bed)));
}

function askedAt(asking: Asking, level: number, directory: Directory, now: number): Set<string> {
	if (asking.to !== null) {
		// A call to a station is that station's; unheard, the other stations hear it, PDAs never do.
		return new Set([asking.to, ...(level >= 1 ? stations(directory) : [])]);
	}
	const groups = groupsOf(asking.source, asking.room, directory, now);
	const groupPdas = pdasOfGroups(groups, directory, now);
	const sourcePdas = pdasOfSource(asking, directory, now);
	const asked = new Set([
		...stationsAsked(asking, groups, level, directory, now),
		...(sourcePdas.length ? sourcePdas : groupPdas),
	]);
	const add = (terminals: string[]) => {
		for (const terminal of terminals) asked.add(terminal);
	};
	if (level >= 1) add(groupPdas);
	if (level >= 2) add([...pdas(active(directory, now)), ...stations(directory)]);
	if (level >= TOP_LEVEL) {
		const duties = Object.values(directory.duty);
		add(pdas(duties.filter((duty) => own(directory.staff, duty.staff)?.role === "head_nurse")));
		for (const group of groups) add(group.escalate_to);
	}
	return asked;
}

function stationsAsked(
	asking: Asking,
	groups: Group[],
	level: number,
	directory: Directory,
	now: number,
): string[] {
	const asked: string[] = [];
	for (const group of groups) {
		const hosts = Object.values(directory.hosting)
			.filter((plan) => plan.from_group === group.id && plan.from_ms <= now && now < plan.until_ms)
			.flatMap((plan) => plan.to);
		asked.push(...hosts);
		if (!hosts.length || level > 0 || hostsAreLate(hosts, asking, now)) {
			asked.push(...group.stations);
		}
	}
	return asked.length ? asked : stations(directory);
}

function hostsAreLate(hosts: string[], asking: Asking, now: number): boolean {
	if (asking.ringFrom === null || hosts.some((host) => asking.receivedBy.has(host))) return false;
	return now - asking.ringFrom >= HOSTING_GRACE_MS;
}

/** The PDAs on duty for the bed, or for any bed of the room. */
function pdasOfSource(asking: Asking, directory: Directory, now: number): string[] {
	const [kind, name] = sourceOf(asking.source);
	const inRoom = asking.room === null ? new Set<string>() : bedsOf(directory, asking.room);
	const beds = kind === "bed" ? new Set([name]) : inRoom;
	return pdas(active(directory, now).filter((duty) => duty.beds.some((bed) => beds.has(bed))));
}

/** The PDAs on duty of the groups' staff; of the whole ward when no group holds the source. */
function pdasOfGroups(groups: Group[], directory: Directory, now: number): string[] {
	const duties = active(directory, now);
	if (!groups.length) return pdas(duties);
	const staff = new Set(groups.flatMap((group) => group.staff));
	return pdas(duties.filter((duty) => staff.has(duty.staff)));
}

function active(directory: Directory, now: number): Duty[] {
	return Object.values(directory.duty).filter(
		(duty) => duty.since <= now && (duty.until === undefined || now < duty.until),
	);
}

function pdas(duties: Duty[]): string[] {
	return duties.flatMap((duty) => (duty.pda ? [duty.pda] : []));
}

function stations(directory: Directory): string[] {
	return Object.values(directory.terminals)
		.filter((entry) => entry.kind === "station" && entry.state === "active")
		.map((entry) => entry.id);
}

function receives(terminal: string, directory: Directory): boolean {
	const entry = own(directory.terminals, terminal);
	return entry?.state === "active" && (entry.kind === "station" || entry.kind === "pda");
}

function allDeclined(asked: Set<string>, declinedBy: Set<string>, directory: Directory): boolean {
	const carried = new Set(pdas(Object.values(directory.duty)));
	const asks = [...asked].filter(
		(name) => carried.has(name) || own(directory.terminals, name)?.kind === "pda",
	);
	return asks.length > 0 && asks.every((name) => declinedBy.has(name));
}
