/** Reading the hub's documents: every root is a map of plain JSON values. */
import type { DocumentView } from "../core/terminal_types";

/** The values of a root map; empty while nothing has come. The cast is the caller's knowledge of the document. */
export function rootOf<T>(view: DocumentView | null | undefined, root: string): Partial<T> {
	return (view ? view.doc.getMap(root).toJSON() : {}) as Partial<T>;
}

/** A root map of like entries. */
export function entriesOf<T>(
	view: DocumentView | null | undefined,
	root: string,
): Record<string, T> {
	return (view ? view.doc.getMap(root).toJSON() : {}) as Record<string, T>;
}
