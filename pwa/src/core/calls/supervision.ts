/** Troubles: a terminal missing, its sound blocked, an input open (CF36, CF37). Derived from presence. */
import { own } from "./directory";
import type { Directory, Presence, Trouble } from "./types";

/** A wired terminal is flagged within 15 s, a PDA within 30 s (acceptance A13). */
const WIRED_GRACE_MS = 15_000;
const PDA_GRACE_MS = 30_000;

/**
 * The ward's troubles at `now`, by key; none without presence or in its first 15 s. Presence with a scope tells only of
 * the terminals in it (CF36).
 */
export function troubles(directory: Directory, presence: Presence | null, now: number): Trouble[] {
	if (presence === null || now - presence.since < WIRED_GRACE_MS) return [];
	const onDuty = new Set<string>();
	for (const duty of Object.values(directory.duty)) {
		const runs = duty.since <= now && (duty.until === undefined || now < duty.until);
		if (runs && duty.pda) onDuty.add(duty.pda);
	}
	const scope = presence.scope && new Set(presence.scope);
	return Object.values(directory.terminals)
		.filter((entry) => entry.state === "active" && (!scope || scope.has(entry.id)))
		.flatMap((entry) => troublesOf(entry, onDuty.has(entry.id), presence, now))
		.sort((one, other) => (one.key < other.key ? -1 : 1));
}

function troublesOf(
	entry: Directory["terminals"][string],
	onDuty: boolean,
	presence: Presence,
	now: number,
): Trouble[] {
	const seen = own(presence.terminals, entry.id);
	const make = (kind: Trouble["kind"], since: number): Trouble => ({
		key: `${kind}:${entry.id}`,
		kind,
		terminal: entry.id,
		room: entry.room ?? null,
		since,
	});
	if (!seen?.connected) {
		const goneAt = Math.max(seen?.seen_at ?? presence.since, presence.since);
		const grace = entry.kind === "pda" ? PDA_GRACE_MS : WIRED_GRACE_MS;
		// A PDA in the drawer is none; one that somebody carries is.
		const expected = entry.kind === "pda" ? onDuty : entry.supervised;
		const missing = expected && now - goneAt >= grace;
		return missing ? [make("missing", seen?.seen_at ?? goneAt)] : [];
	}
	const found: Trouble[] = [];
	if (seen.sound === "blocked") found.push(make("sound", seen.seen_at));
	if (Object.values(seen.inputs).includes("open")) found.push(make("input", seen.seen_at));
	return found;
}
