/** What nurses add to a stay (`stay/{s}/notes`): one running note that two sides may write. */
import type * as Y from "yjs";
import { writeText } from "./text_edit";

export const NOTE_TEXT_MAX = 20_000;

export function noteText(doc: Y.Doc): string {
	return doc.getText("note").toString();
}

/** `before` is what the hand saw when it began; what others typed since stays. */
export function editNote(doc: Y.Doc, before: string, after: string): void {
	writeText(doc.getText("note"), before, after);
}
