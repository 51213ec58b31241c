/** Who is connected, out of the awareness of the ward's presence document. */
import type { Awareness } from "y-protocols/awareness";
import type { Presence } from "./calls/types";

type Seen = Presence["terminals"][string];

export class PresenceView {
	private terminals: Record<string, Seen> = {};
	private since: number | null = null;

	/** The document was joined: from now on absence means something. */
	joined(now: number): void {
		this.since = now;
		this.terminals = {};
	}

	/** No hub, no presence: nobody is missing by that. */
	lost(): void {
		this.since = null;
		this.terminals = {};
	}

	/** Takes the states as they are now. Returns null where presence says nothing. */
	read(awareness: Awareness | null, now: number): Presence | null {
		if (this.since === null || awareness === null) return null;
		const next: Record<string, Seen> = {};
		for (const state of awareness.getStates().values()) {
			const { terminal, sound, inputs, layer } = state as Record<string, unknown>;
			if (typeof terminal !== "string") continue;
			const before = this.terminals[terminal];
			const seen: Seen = {
				connected: true,
				seen_at: now,
				sound: sound === "blocked" || sound === "muted" ? sound : "ok",
				inputs: readInputs(inputs),
				layer: readLayer(layer),
			};
			// Since when it is as it is: a trouble is as old as the state that shows it.
			if (before && same(before, seen)) seen.seen_at = before.seen_at;
			next[terminal] = seen;
		}
		for (const [terminal, before] of Object.entries(this.terminals)) {
			if (next[terminal]) continue;
			next[terminal] = before.connected ? { ...before, connected: false, seen_at: now } : before;
		}
		this.terminals = next;
		return { since: this.since, terminals: next };
	}
}

/** A layer as announced; what is none counts as with the hub, whose presence it came by. */
function readLayer(value: unknown): Seen["layer"] {
	return value === 2 || value === 3 || value === 4 ? value : 1;
}

export function readInputs(value: unknown): Record<string, "ok" | "open"> {
	if (typeof value !== "object" || value === null) return {};
	return Object.fromEntries(
		Object.entries(value).map(([input, state]) => [input, state === "open" ? "open" : "ok"]),
	);
}

function same(one: Seen, other: Seen): boolean {
	const flat = (seen: Seen) =>
		JSON.stringify([seen.connected, seen.sound, seen.inputs, seen.layer]);
	return flat(one) === flat(other);
}
