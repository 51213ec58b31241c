/** What the right half of the station shows, in the order of the tabs. */
export const TABS = [
	"ward",
	"broadcast",
	"view",
	"journal",
	"memos",
	"handover",
	"troubles",
	"self",
] as const;
export type Tab = (typeof TABS)[number];
