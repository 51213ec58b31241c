/**
 * Typing into shared text: a field's old and new value become the smallest change of the Y.Text, so
 * that what someone else types meanwhile stays (A19). Positions count UTF-16 units, as Yjs does.
 */
import type * as Y from "yjs";

export interface TextChange {
	index: number;
	remove: number;
	insert: string;
}

/** True when a cut before `at` would part the two halves of one character. */
function splitsPair(text: string, at: number): boolean {
	const before = text.charCodeAt(at - 1);
	const after = text.charCodeAt(at);
	return (before & 0xfc00) === 0xd800 && (after & 0xfc00) === 0xdc00;
}

/** The smallest one-range change that makes `before` into `after`; null when they are equal. Never parts a surrogate pair. */
export function diffText(before: string, after: string): TextChange | null {
	if (before === after) return null;
	const shorter = Math.min(before.length, after.length);
	let start = 0;
	while (start < shorter && before[start] === after[start]) start += 1;
	if (splitsPair(before, start) || splitsPair(after, start)) start -= 1;
	let end = 0;
	while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
	if (splitsPair(before, before.length - end) || splitsPair(after, after.length - end)) end -= 1;
	return {
		index: start,
		remove: before.length - end - start,
		insert: after.slice(start, after.length - end),
	};
}

/** Where a caret (or any position) stands after a change that someone else made: before it, shifted, or at its end. */
export function moveCaret(caret: number, change: TextChange | null): number {
	if (change === null || caret <= change.index) return caret;
	const removedEnd = change.index + change.remove;
	if (caret >= removedEnd) return caret + change.insert.length - change.remove;
	return change.index + change.insert.length;
}

export function applyChange(text: string, change: TextChange | null): string {
	if (change === null) return text;
	return text.slice(0, change.index) + change.insert + text.slice(change.index + change.remove);
}

/**
 * `own`, made against a text that `other` has since changed, as a change of the text that is there now.
 * What the other side typed is never removed; where both touched the same place, own words come after theirs.
 */
export function rebase(own: TextChange, other: TextChange | null): TextChange {
	if (other === null) return own;
	const ownEnd = own.index + own.remove;
	const otherEnd = other.index + other.remove;
	if (ownEnd <= other.index && !(own.index === other.index)) return own;
	const shift = other.insert.length - other.remove;
	if (own.index >= otherEnd) return { ...own, index: own.index + shift };
	if (own.index < other.index) {
		// ours begins before theirs: take away what is ours up to theirs, and put our words there
		return { ...own, remove: other.index - own.index };
	}
	const left = Math.max(0, ownEnd - otherEnd);
	return { index: other.index + other.insert.length, remove: left, insert: own.insert };
}

/** Applies to the shared text what a hand made of `before`. The document may have moved on since `before` was shown. */
export function writeText(text: Y.Text, before: string, after: string): void {
	const own = diffText(before, after);
	if (own === null) return;
	const { index, remove, insert } = rebase(own, diffText(before, text.toString()));
	if (remove > 0) text.delete(index, remove);
	if (insert !== "") text.insert(index, insert);
}
