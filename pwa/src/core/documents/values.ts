/**
 * Reading the documents that the hub publishes. The values of a root lie one level down, in a map that the hub replaces now and
 * then so that what was overwritten leaves no trace (docs/adr/0014-documents-stay-small.md).
 */
import * as Y from "yjs";

export const VALUES = "values";

/** Plain values of a root; none where nothing has come. */
export function valuesOf(doc: Y.Doc, root: string): Record<string, unknown> {
	const values = doc.getMap<unknown>(root).get(VALUES);
	return values instanceof Y.Map ? values.toJSON() : {};
}

/** Makes a root as the hub would: for tests and samples. */
export function fillValues(
	doc: Y.Doc,
	root: string,
	values: Readonly<Record<string, unknown>>,
): void {
	doc.getMap(root).set(VALUES, new Y.Map(Object.entries(values)));
}
