/** The vectors both languages are held to: sync/vectors, read by pytest as well. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Board, HeardFact, Presence } from "../../../src/core/calls/types";

export type Roots = Record<string, unknown>;

export interface FoldCase {
	name: string;
	rules: string;
	now: number;
	roots: Roots;
	presence: Presence | null;
	facts: HeardFact[];
	expect: { rows: object[]; closed: Record<string, object>; troubles: string[] };
	board: Board;
}

export function readVectors<T>(name: string): T {
	const path = join(import.meta.dirname, "../../../../sync/vectors", name);
	return JSON.parse(readFileSync(path, "utf8")) as T;
}
