/**
 * Ward memos (MEMO-01..04): text as a root Y.Text `text:{memo}`, everything else as an append-only
 * list `events`. Current values are the newest by (at, place in the list); older ones stay readable,
 * so nothing two sides did over a cut is lost in silence (A19). A document holds a month (memo_months.ts).
 */
import type * as Y from "yjs";
import { writeText } from "./text_edit";

export const MEMO_TEXT_MAX = 4000;

/** Who writes. `verified`: a person's session stood behind it when it was written. */
export interface Author {
	staff: string | null;
	staff_name: string;
	verified: boolean;
}

export type MemoField = "created" | "red" | "expires" | "deleted";

/**
 * One line of the list. `value`: created true · red true or false · expires ms or 0 for never ·
 * deleted: the mark of the text that was seen when it was deleted (`textMark`), or false for brought back.
 */
export interface MemoEvent extends Author {
	memo: string;
	field: MemoField;
	value: boolean | number | string;
	at: number;
}

export interface Memo {
	id: string;
	text: string;
	red: boolean;
	/** ms, or null for never */
	expires: number | null;
	expired: boolean;
	deleted: boolean;
	/** someone wrote into it while another deleted it: it stays, and says so */
	deletedButEdited: boolean;
	author: Author;
	createdAt: number;
	/** everything that was done to it, oldest first */
	events: MemoEvent[];
}

const EVENTS = "events";
const textRoot = (memo: string): string => `text:${memo}`;

/** Length and FNV-1a hash of a text: a deletion names what it has seen, as a clear does. */
export function textMark(text: string): string {
	let hash = 0x811c9dc5;
	for (let at = 0; at < text.length; at += 1) {
		hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
	}
	return `${text.length}:${(hash >>> 0).toString(16).padStart(8, "0")}`;
}

function isEvent(value: unknown): value is MemoEvent {
	if (typeof value !== "object" || value === null) return false;
	const event = value as Partial<MemoEvent>;
	return (
		typeof event.memo === "string" &&
		typeof event.field === "string" &&
		typeof event.at === "number" &&
		typeof event.staff_name === "string"
	);
}

/** Every memo of the document, those with a red mark first, then the newest. Expired and deleted ones are told, not left out. */
export function readMemos(doc: Y.Doc, now: number): Memo[] {
	const byMemo = new Map<string, MemoEvent[]>();
	for (const event of doc.getArray<unknown>(EVENTS).toArray()) {
		if (!isEvent(event)) continue;
		const list = byMemo.get(event.memo) ?? [];
		list.push(event);
		byMemo.set(event.memo, list);
	}
	const memos: Memo[] = [];
	for (const [id, events] of byMemo) {
		// a stable sort keeps the place in the list where times are equal
		events.sort((a, b) => a.at - b.at);
		const first = events.find((event) => event.field === "created");
		if (first === undefined) continue;
		const newest = (field: MemoField) => events.findLast((event) => event.field === field);
		const text = doc.getText(textRoot(id)).toString();
		const expires = newest("expires")?.value;
		const limit = typeof expires === "number" && expires > 0 ? expires : null;
		const deletion = newest("deleted")?.value ?? false;
		const gone = deletion !== false;
		const sameText = deletion === textMark(text);
		memos.push({
			id,
			text,
			red: newest("red")?.value === true,
			expires: limit,
			expired: limit !== null && now >= limit,
			deleted: gone && sameText,
			deletedButEdited: gone && !sameText,
			author: { staff: first.staff, staff_name: first.staff_name, verified: first.verified },
			createdAt: first.at,
			events,
		});
	}
	return ordered(memos);
}

/** Those with a red mark first, then the newest. */
export function ordered<M extends Memo>(memos: M[]): M[] {
	return memos.sort(
		(a, b) => Number(b.red) - Number(a.red) || b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1),
	);
}

/** Those that hang on the board now: not deleted, not past their time (MEMO-03). */
export function shownMemos<M extends Memo>(memos: readonly M[]): M[] {
	return memos.filter((memo) => !memo.deleted && !memo.expired);
}

/** Those that were taken down, newest first: they can be brought back. */
export function removedMemos<M extends Memo>(memos: readonly M[]): M[] {
	const last = (memo: M): number => memo.events.at(-1)?.at ?? memo.createdAt;
	return memos.filter((memo) => memo.deleted || memo.expired).sort((a, b) => last(b) - last(a));
}

function append(
	doc: Y.Doc,
	author: Author,
	at: number,
	memo: string,
	field: MemoField,
	value: MemoEvent["value"],
): void {
	const event: MemoEvent = { memo, field, value, at, ...author };
	doc.getArray<MemoEvent>(EVENTS).push([event]);
}

/** Hangs up a new memo. `id` random, [a-z0-9]; `text` at most MEMO_TEXT_MAX units. */
export function createMemo(
	doc: Y.Doc,
	author: Author,
	at: number,
	id: string,
	text: string,
	options: { red?: boolean; expires?: number | null } = {},
): void {
	append(doc, author, at, id, "created", true);
	if (options.red === true) append(doc, author, at, id, "red", true);
	if (typeof options.expires === "number") append(doc, author, at, id, "expires", options.expires);
	writeText(doc.getText(textRoot(id)), "", text);
}

/** `before` is what the hand saw when it began; what others typed since stays. */
export function editMemo(doc: Y.Doc, id: string, before: string, after: string): void {
	writeText(doc.getText(textRoot(id)), before, after);
}

export function markMemo(doc: Y.Doc, author: Author, at: number, id: string, red: boolean): void {
	append(doc, author, at, id, "red", red);
}

export function setMemoExpiry(
	doc: Y.Doc,
	author: Author,
	at: number,
	id: string,
	expires: number | null,
): void {
	append(doc, author, at, id, "expires", expires ?? 0);
}

/** Takes a memo down as it reads now on this side. A text that someone changed meanwhile stays up. */
export function deleteMemo(doc: Y.Doc, author: Author, at: number, id: string, seen: string): void {
	append(doc, author, at, id, "deleted", textMark(seen));
}

export function restoreMemo(doc: Y.Doc, author: Author, at: number, id: string): void {
	append(doc, author, at, id, "deleted", false);
}
