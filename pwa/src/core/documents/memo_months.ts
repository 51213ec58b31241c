/**
 * Memos lie in a document of the month they were written in; the hub carries what still hangs into the new one
 * (docs/adr/0014-documents-stay-small.md). A screen shows this month and the one before, so that nothing is missed while the hub
 * is away.
 */
import type * as Y from "yjs";
import { type Memo, ordered, readMemos } from "./memos";

export const monthOf = (now: number): string => new Date(now).toISOString().slice(0, 7);

/** This month and the one before, newest first. `now`: hub time, ms. */
export function memoMonths(now: number): [string, string] {
	const date = new Date(now);
	return [monthOf(now), monthOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 1))];
}

/** A memo and the document its edits go to. */
export interface MonthMemo extends Memo {
	document: string;
}

/** Memos of several months, newest month first: of one that was carried, the newer copy counts. */
export function readMonths(
	months: readonly { name: string; doc: Y.Doc }[],
	now: number,
): MonthMemo[] {
	const found = new Map<string, MonthMemo>();
	for (const { name, doc } of months) {
		for (const memo of readMemos(doc, now)) {
			if (!found.has(memo.id)) found.set(memo.id, { ...memo, document: name });
		}
	}
	return ordered([...found.values()]);
}
