/** The hosting plan as spans of time (CALL-07): what holds when, and where plans get in each other's way. Pure. */
import type { Entry } from "../../parts/calendar";
import { spansOf } from "../../parts/calendar";
import type { GroupValue, Held, HostingRuleValue, HostingValue } from "../../types";

export interface Span {
	/** id on the calendar: the plan's, or the rule's with its date */
	key: string;
	/** plan or rule it comes of */
	id: string;
	rule: boolean;
	from_group: string;
	to: readonly string[];
	from_ms: number;
	until_ms: number;
}

/** All spans that touch the days from `first` on, in order of their beginning. */
export function spansWithin(
	plan: { hosting: readonly Held<HostingValue>[]; rules: readonly Held<HostingRuleValue>[] },
	first: string,
	days: number,
	zone: string,
	window: { from_ms: number; until_ms: number },
): Span[] {
	const single = plan.hosting.map((one) => ({
		key: one.id,
		id: one.id,
		rule: false,
		from_group: one.from_group,
		to: one.to,
		from_ms: one.from_ms,
		until_ms: one.until_ms,
	}));
	const weekly = plan.rules.flatMap((rule) =>
		spansOf(rule, first, days, zone).map(({ date, from_ms, until_ms }) => ({
			key: `${rule.id}.${date}`,
			id: rule.id,
			rule: true,
			from_group: rule.from_group,
			to: rule.to,
			from_ms,
			until_ms,
		})),
	);
	return [...single, ...weekly]
		.filter((one) => one.from_ms < window.until_ms && one.until_ms > window.from_ms)
		.sort((a, b) => a.from_ms - b.from_ms || (a.key < b.key ? -1 : 1));
}

export interface Clash {
	/** `twice`: a group has two plans at once; `circle`: two groups are hosted to each other; `itself`: to a station that is the group's own */
	why: "twice" | "circle" | "itself";
	first: Span;
	second: Span | null;
	/** how often these two meet in what is looked at, and the keys of all their spans */
	times: number;
	keys: string[];
}

export function clashesOf(spans: readonly Span[], groups: readonly Held<GroupValue>[]): Clash[] {
	const stationsOf = (id: string) => groups.find((group) => group.id === id)?.stations ?? [];
	const found = new Map<string, Clash>();
	const add = (why: Clash["why"], first: Span, second: Span | null) => {
		const key = [why, first.id, second?.id ?? ""].join(" ");
		const before = found.get(key);
		if (before === undefined)
			found.set(key, { why, first, second, times: 1, keys: [first.key, second?.key ?? ""] });
		else {
			before.times += 1;
			before.keys.push(first.key, second?.key ?? "");
		}
	};
	for (const [index, first] of spans.entries()) {
		const home = stationsOf(first.from_group);
		// fewer than all of its own is a way to let only the vice ring at night; all of them changes nothing
		if (
			home.length > 0 &&
			home.every((station) => first.to.includes(station)) &&
			first.to.every((station) => home.includes(station))
		)
			add("itself", first, null);
		for (const second of spans.slice(index + 1)) {
			if (second.from_ms >= first.until_ms) break;
			if (first.from_group === second.from_group) add("twice", first, second);
			else if (
				first.to.some((station) => stationsOf(second.from_group).includes(station)) &&
				second.to.some((station) => home.includes(station))
			)
				add("circle", first, second);
		}
	}
	return [...found.values()];
}

export function entriesOf(
	spans: readonly Span[],
	clashes: readonly Clash[],
	groups: readonly Held<GroupValue>[],
	nameOf: (station: string) => string,
): Entry[] {
	const clashing = new Set(clashes.flatMap((one) => one.keys));
	return spans.map((span) => {
		const index = groups.findIndex((group) => group.id === span.from_group);
		return {
			id: span.key,
			from_ms: span.from_ms,
			until_ms: span.until_ms,
			text: groups[index]?.name ?? span.from_group,
			more: `→ ${span.to.map(nameOf).join("、")}`,
			band: Math.max(0, index) % 8,
			rule: span.rule,
			clash: clashing.has(span.key),
		};
	});
}
