/** Whom a command is for, and what became of it. */
import type { DeviceScheduleValue, FleetCommand, Kind, Targets, TerminalLine } from "../../types";

export type Do = FleetCommand["do"];
export type Outcome = FleetCommand["results"][number]["outcome"];
export type ScheduledDo = DeviceScheduleValue["do"];

export const SCHEDULED: readonly ScheduledDo[] = [
	"volume",
	"brightness",
	"screen_on",
	"screen_off",
	"restart",
];

export function takesValue(what: Do): boolean {
	return what === "volume" || what === "brightness";
}

/** What is set on the page. `ward` null: the whole house. */
export interface Aim {
	ward: string | null;
	kind: Kind | null;
	/** null: all of ward and kind */
	chosen: readonly string[] | null;
}

export function targetsOf({ ward, kind, chosen }: Aim): Targets {
	return chosen === null
		? { ward, kind, terminals: null }
		: { ward: null, kind: null, terminals: [...chosen] };
}

/** The terminals the hub will take an aim for: enrolled ones, and no call points. */
export function meantBy(
	lines: readonly TerminalLine[],
	{ ward, kind, chosen }: Aim,
): TerminalLine[] {
	if (chosen !== null) return lines.filter((line) => chosen.includes(line.id));
	return lines.filter(
		(line) =>
			line.state === "active" &&
			line.kind !== "call_point" &&
			(ward === null || line.ward === ward) &&
			(kind === null || line.kind === kind),
	);
}

export function isThere(line: TerminalLine): boolean {
	return line.seen === "online" || line.seen === "delayed";
}

/** Counts of results: done, still waited for, all else. */
export function summary(command: FleetCommand): { done: number; waiting: number; not: number } {
	const done = command.results.filter((one) => one.outcome === "done").length;
	const waiting = command.results.filter((one) => one.outcome === "waiting").length;
	return { done, waiting, not: command.results.length - done - waiting };
}

/** Trouble first: what went well needs no look. */
const ORDER: readonly Outcome[] = [
	"failed",
	"no_answer",
	"in_call",
	"not_connected",
	"not_able",
	"waiting",
	"done",
];

export function sortedResults(command: FleetCommand): FleetCommand["results"] {
	return [...command.results].sort((a, b) => ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome));
}
