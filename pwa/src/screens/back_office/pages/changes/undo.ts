/** What an undo would do, and who may do it. */
import { NEEDED } from "../../entities";
import type { Office } from "../../office_state.svelte";
import type { Change, Edit } from "../../types";

/** The edits that take it back, the last first, as the hub carries them out. */
export function inverse(edits: readonly Edit[]): Edit[] {
	return edits.map((edit) => ({ ...edit, before: edit.after, after: edit.before })).toReversed();
}

/** Whether this person may make all of its edits; the hub says the last word. */
export function mayUndo(office: Office, change: Change): boolean {
	return change.edits.every(({ entity }) => office.may(NEEDED[entity]));
}
