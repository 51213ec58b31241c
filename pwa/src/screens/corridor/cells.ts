/**
 * Which calls the corridor shows at an instant (A10): up to four large cells; with more calls the first
 * cell holds the highest class and the others turn pages, so that each is seen once in every cycle.
 */
import type { CallRow } from "../../core/calls/types";

/** A10: every call at least once in this time. */
export const CYCLE_MS = 10_000;
/** No page stands shorter than this: it must be read while walking. */
export const PAGE_MS = 2500;
const LARGE = 4;
/** cells beside the pinned one that may be used, largest first; more calls than these make faster pages */
const DENSITIES = [3, 8, 18] as const;

export interface Cells {
	/** always in view: the oldest call of the highest class, or all calls when they fit */
	pinned: CallRow[];
	/** the page of the others */
	paged: CallRow[];
	/** cells a page has: 0 when all fit, else 3, 8 or 18 */
	perPage: number;
	page: number;
	pages: number;
}

/** `rows` in list order (A9), `now` in ms. With more than 72 others the pages turn faster than PAGE_MS rather than leave one out. */
export function cellsOf(rows: readonly CallRow[], now: number): Cells {
	if (rows.length <= LARGE) {
		return { pinned: [...rows], paged: [], perPage: 0, page: 0, pages: 1 };
	}
	const [first, ...rest] = rows;
	const most = Math.floor(CYCLE_MS / PAGE_MS);
	const perPage = DENSITIES.find((cells) => Math.ceil(rest.length / cells) <= most) ?? DENSITIES[2];
	const pages = Math.ceil(rest.length / perPage);
	const page = Math.floor((((now % CYCLE_MS) + CYCLE_MS) % CYCLE_MS) / (CYCLE_MS / pages));
	return {
		pinned: first === undefined ? [] : [first],
		paged: rest.slice(page * perPage, (page + 1) * perPage),
		perPage,
		page,
		pages,
	};
}

/** Calls the corridor shows: those somebody is with are not asked for any more, unless nothing else is open. */
export function shownRows(rows: readonly CallRow[]): CallRow[] {
	const open = rows.filter((row) => row.state !== "attended");
	return open.length > 0 ? open : [...rows];
}
