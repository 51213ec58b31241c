/** The stages of a roll-out as they are planned: one screen, then a ward, then all (DEV-07). */

import type { RollOut, TerminalLine } from "../../types";
import { isThere } from "../fleet/commands";

export interface PlannedStage {
	key: number;
	name: string;
	terminals: string[];
}

export const MAX_STAGE_CHARS = 64;

/** Terminals that run the app. */
export function updatable(lines: readonly TerminalLine[]): TerminalLine[] {
	return lines.filter((line) => line.state === "active" && line.kind !== "call_point");
}

/** The usual three; those without terminals are left out. A bedside goes first: it is one bed's, and seen at once. */
export function usualStages(
	lines: readonly TerminalLine[],
	ward: string | null,
	names: { one: string; ward: string; all: string },
): PlannedStage[] {
	const all = updatable(lines);
	const here = all.filter((line) => line.ward === ward);
	const order = ["bedside", "door", "corridor", "whiteboard", "pda", "station", "call_point"];
	const first = [...(here.length > 0 ? here : all)].sort(
		(a, b) =>
			Number(isThere(b)) - Number(isThere(a)) || order.indexOf(a.kind) - order.indexOf(b.kind),
	)[0];
	const ids = (some: readonly TerminalLine[]) =>
		some.filter((line) => line !== first).map((line) => line.id);
	return [
		{ key: 0, name: names.one, terminals: first === undefined ? [] : [first.id] },
		{ key: 1, name: names.ward, terminals: ids(here) },
		{ key: 2, name: names.all, terminals: ids(all.filter((line) => line.ward !== ward)) },
	].filter((stage) => stage.terminals.length > 0);
}

/** What may be put into this stage: what stands in no other. */
export function freeFor(
	lines: readonly TerminalLine[],
	stages: readonly PlannedStage[],
	key: number,
): TerminalLine[] {
	const taken = new Set(
		stages.filter((stage) => stage.key !== key).flatMap((stage) => stage.terminals),
	);
	return updatable(lines).filter((line) => !taken.has(line.id));
}

/** Terminals that stand in no stage: they stay as they are until the roll-out reaches everybody. */
export function leftOut(
	lines: readonly TerminalLine[],
	stages: readonly PlannedStage[],
): TerminalLine[] {
	return freeFor(lines, stages, -1);
}

export function isOpen(rollout: RollOut): boolean {
	return rollout.state === "running" || rollout.state === "halted";
}

export function isLastStage(rollout: RollOut): boolean {
	return rollout.stage + 1 >= rollout.stages.length;
}

/** Whether all terminals of the stages so far run the build. */
export function stageIsWell({ stages, stage }: RollOut): boolean {
	return stages
		.slice(0, stage + 1)
		.every((one) => one.failed.length === 0 && one.waiting.length === 0);
}
