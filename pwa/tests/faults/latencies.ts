/** Times from a press to each screen that could be reached, by the way it could be reached when the press was made. */
import type { Journal, Way } from "./journal";

export interface Spread {
	count: number;
	p50: number;
	p95: number;
	p99: number;
	max: number;
}

/** `disturbed`: a fault began or ended there before the screen drew it; by whatever way. */
export type Latencies = Record<Way | "disturbed", number[]>;

export const WAYS: readonly (readonly [keyof Latencies, string])[] = [
	["hub", "hub up"],
	["mesh", "hub down, by neighbours"],
	["room", "room only"],
	["mixed", "partly by the hub, partly by neighbours"],
	["disturbed", "a fault began or ended on the way"],
	["cut", "cut off when it was made"],
];

export function latencies(journal: Journal): Latencies {
	const found: Latencies = { hub: [], mesh: [], room: [], mixed: [], disturbed: [], cut: [] };
	for (const press of journal.presses.values()) {
		for (const [terminal, way] of press.ways) {
			const drawn = press.drawn.get(terminal);
			// Over again before everyone was back: nothing was left to draw.
			if (drawn === undefined) continue;
			const touched = journal.disturbedBetween(press.at, drawn, press.terminal, terminal, "hub");
			const kind = way !== "cut" && touched ? "disturbed" : way;
			found[kind].push(drawn - press.at);
		}
	}
	return found;
}

export function spread(times: readonly number[]): Spread {
	const ordered = [...times].sort((one, other) => one - other);
	const at = (share: number) =>
		ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * share))] ?? Number.NaN;
	const max = ordered.at(-1) ?? Number.NaN;
	return { count: ordered.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max };
}
