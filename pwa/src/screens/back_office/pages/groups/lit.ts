/** What lights up while one points at a bed, a group or a station: everything on its ways, and nothing else. */
import { groupsOf, type Plan, type Source, wayOf } from "./routes";

export type Pointed =
	| { kind: "source"; source: Source }
	| { kind: "group"; id: string }
	| { kind: "station"; id: string };

export interface Lit {
	sources: ReadonlySet<string>;
	groups: ReadonlySet<string>;
	stations: ReadonlySet<string>;
	/** stations asked at the last step only */
	escalateTo: ReadonlySet<string>;
}

export function litBy(
	pointed: Pointed | null,
	plan: Plan,
	sources: readonly Source[],
	stations: readonly string[],
): Lit | null {
	if (pointed === null) return null;
	if (pointed.kind === "source") {
		const way = wayOf(plan, pointed.source);
		return {
			sources: new Set([pointed.source]),
			groups: new Set(way.groups.map((group) => group.id)),
			stations: new Set(way.everyStation ? stations : way.stations),
			escalateTo: new Set(way.escalateTo),
		};
	}
	const groups = plan.groups.filter((group) =>
		pointed.kind === "group"
			? group.id === pointed.id
			: group.stations.includes(pointed.id) || group.escalate_to.includes(pointed.id),
	);
	const ids = new Set(groups.map((group) => group.id));
	return {
		sources: new Set(
			sources.filter((source) => groupsOf(plan, source).groups.some((one) => ids.has(one.id))),
		),
		groups: ids,
		stations: new Set(
			pointed.kind === "group" ? groups.flatMap((group) => group.stations) : [pointed.id],
		),
		escalateTo: new Set(
			pointed.kind === "group" ? groups.flatMap((group) => group.escalate_to) : [pointed.id],
		),
	};
}

/** Text of a drag: what is carried, read strictly when it is dropped. */
export function carried(sources: readonly Source[]): string {
	return `sources ${sources.join(" ")}`;
}

export function readCarried(text: string): Source[] {
	const [kind, ...rest] = text.split(" ");
	if (kind !== "sources") return [];
	return rest.filter((one): one is Source => /^(bed|room):[a-z0-9][a-z0-9._-]{0,47}$/.test(one));
}
