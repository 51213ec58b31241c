/** How old a document's copy is, for people (A20): while the hub is there, a joined copy is of now. */
import type { DocumentView, TerminalState } from "../../core/terminal_types";

export function documentAt(
	state: Pick<TerminalState, "layer" | "lastHeardAt">,
	view: (Pick<DocumentView, "syncedAt"> & Partial<Pick<DocumentView, "keptAt">>) | null,
): number | null {
	if (view === null) return null;
	if (view.syncedAt === null) return view.keptAt ?? null;
	return state.layer === 1 ? Math.max(view.syncedAt, state.lastHeardAt ?? 0) : view.syncedAt;
}
