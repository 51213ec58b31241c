/** Times from a press to the screens that could be reached, by the way they could be reached when the press was made. */
import type { Journal, Press, Way } from "./journal";

/** A screen that draws a call later than this, with nothing in the way, is late (A2). */
const LATE_MS = 5_000;
/** Worth a look (A1). */
const SLOW_MS = 1_000;

export interface Spread {
	count: number;
	p50: number;
	p95: number;
	p99: number;
	max: number;
}

export interface Latencies {
	/** way → ms, one each press and terminal; `disturbed`: a fault began or ended there before the screen drew it */
	each: Record<Way | "disturbed", number[]>;
	/** way → ms to the last terminal that could be reached so, one each press */
	last: Record<Way, number[]>;
	/** could be reached, undisturbed, and drew it late or not at all */
	late: string[];
	/** drew it after more than 1 s, undisturbed */
	slow: string[];
}

export const WAYS: readonly (readonly [Way | "disturbed", string])[] = [
	["hub", "hub up"],
	["mesh", "hub down, by neighbours"],
	["room", "room only"],
	["mixed", "partly by the hub, partly by neighbours"],
	["disturbed", "a fault began or ended on the way"],
	["cut", "cut off when it was made"],
];

export function latencies(journal: Journal): Latencies {
	const found: Latencies = {
		each: { hub: [], mesh: [], room: [], mixed: [], cut: [], disturbed: [] },
		last: { hub: [], mesh: [], room: [], mixed: [], cut: [] },
		late: [],
		slow: [],
	};
	const acted = actsOn(journal);
	for (const press of journal.presses.values()) {
		const last: Partial<Record<Way, number>> = {};
		for (const [terminal, way] of press.ways) {
			const drawn = press.drawn.get(terminal) ?? Number.POSITIVE_INFINITY;
			const took = drawn - press.at;
			const quiet = (until: number) =>
				!journal.disturbedBetween(press.at, until, press.terminal, terminal, "hub");
			const over = acted.get(press.id) ?? Number.POSITIVE_INFINITY;
			const late = took > LATE_MS && quiet(press.at + LATE_MS) && over > press.at + LATE_MS;
			if (late && (way === "hub" || way === "mesh" || way === "room")) {
				found.late.push(`${press.id} of ${press.terminal} at ${terminal} by ${way}`);
			}
			// Over again before everyone was back: nothing was left to draw.
			if (took === Number.POSITIVE_INFINITY) continue;
			if (way !== "cut" && !quiet(drawn)) found.each.disturbed.push(took);
			else {
				found.each[way].push(took);
				last[way] = Math.max(last[way] ?? 0, took);
				if (way !== "cut" && took > SLOW_MS) {
					const where = `${press.id} of ${press.terminal} at ${terminal} by ${way}`;
					found.slow.push(`${Math.round(press.at)} ${where}: ${Math.round(took)} ms`);
				}
			}
		}
		for (const [way, took] of Object.entries(last)) found.last[way as Way].push(took);
	}
	return found;
}

/** Call → when a hand first did something that could end it. */
function actsOn(journal: Journal): Map<Press["id"], number> {
	const first = new Map<string, number>();
	for (const { at, body } of journal.acts.values()) {
		if (!["cleared", "cancelled", "ended"].includes(body.act)) continue;
		for (const call of body.calls) first.set(call, Math.min(at, first.get(call) ?? at));
	}
	return first;
}

export function spread(times: readonly number[]): Spread {
	const ordered = [...times].sort((one, other) => one - other);
	const at = (share: number) =>
		ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * share))] ?? Number.NaN;
	return {
		count: ordered.length,
		p50: at(0.5),
		p95: at(0.95),
		p99: at(0.99),
		max: ordered.at(-1) ?? Number.NaN,
	};
}
