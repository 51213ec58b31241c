/** Reading the hub's documents: a root holds plain JSON values. */
import { valuesOf } from "../core/documents/values";
import type { DocumentView } from "../core/terminal_types";

/** The values of a root; empty while nothing has come. The cast is the caller's knowledge of the document. */
export function rootOf<T>(view: DocumentView | null | undefined, root: string): Partial<T> {
	return (view ? valuesOf(view.doc, root) : {}) as Partial<T>;
}

/** A root of like entries. */
export function entriesOf<T>(
	view: DocumentView | null | undefined,
	root: string,
): Record<string, T> {
	return (view ? valuesOf(view.doc, root) : {}) as Record<string, T>;
}
