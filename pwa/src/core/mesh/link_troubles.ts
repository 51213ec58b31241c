/**
 * Links that should be there and are not, while the hub still carries everything: told before the day they are needed.
 * The door is given the least time: the bathroom's calls enter there, and without the hub its links are their only way.
 */
import { own } from "../calls/directory";
import type { Directory, Trouble } from "../calls/types";

/** As a wired terminal that is missing (A13). */
const DOOR_GRACE_MS = 15_000;
/** A page that has just started dials everyone; a link that died is dialled again within a back-off of 15 s. */
const GRACE_MS = 45_000;

export class LinkTroubles {
	/** Since when a terminal is there by the hub and not by its link, ms. */
	private readonly since = new Map<string, number>();

	/** `there`: neighbours of the plan that the hub's presence shows with links of their own; `now` in ms. */
	read(
		there: readonly string[],
		alive: readonly string[],
		directory: Directory,
		now: number,
	): Trouble[] {
		const lacking = there.filter((terminal) => !alive.includes(terminal));
		for (const terminal of this.since.keys()) {
			if (!lacking.includes(terminal)) this.since.delete(terminal);
		}
		const found: Trouble[] = [];
		for (const terminal of lacking) {
			const since = this.since.get(terminal) ?? now;
			this.since.set(terminal, since);
			const entry = own(directory.terminals, terminal);
			const grace = entry?.kind === "door" ? DOOR_GRACE_MS : GRACE_MS;
			if (now - since < grace) continue;
			const room = entry?.room ?? null;
			found.push({ key: `link:${terminal}`, kind: "link", terminal, room, since });
		}
		return found.sort((one, other) => (one.key < other.key ? -1 : 1));
	}

	/** Without the hub absence says nothing: presence is the links' own then. */
	forget(): void {
		this.since.clear();
	}
}
