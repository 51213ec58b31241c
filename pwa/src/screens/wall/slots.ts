/** The six places of the wall, and how large the panel in each is until its frame has said so itself. */

export const PLACES = ["station", "corridor", "bedside", "door", "whiteboard", "pda"] as const;
export type Place = (typeof PLACES)[number];

/** A place and the terminal that stands there; its place is its kind. */
export interface Slot {
	kind: Place;
	terminal: string;
}

export interface Size {
	width: number;
	height: number;
}

/** Panels of the shipped device profiles; bedside and door have simulated hardware below. */
export const USUAL_SIZE: Record<Place, Size> = {
	station: { width: 1024, height: 600 },
	corridor: { width: 1920, height: 540 },
	bedside: { width: 1024, height: 600 + 84 },
	door: { width: 1080, height: 1920 + 130 },
	whiteboard: { width: 3840, height: 2160 },
	pda: { width: 360, height: 640 },
};

const ID = /^[a-z0-9][a-z0-9._-]{0,47}$/;

/** The slots in a control answer or in what was kept of one; whatever is not a slot is left out. */
export function readSlots(value: unknown): Slot[] {
	if (!Array.isArray(value)) return [];
	const found: Slot[] = [];
	for (const entry of value as unknown[]) {
		if (typeof entry !== "object" || entry === null) continue;
		const { kind, terminal } = entry as Record<string, unknown>;
		const place = PLACES.find((known) => known === kind);
		if (place !== undefined && typeof terminal === "string" && ID.test(terminal)) {
			found.push({ kind: place, terminal });
		}
	}
	return found;
}

/** Address of a slot's page; `code` enrols it and stands in the fragment, which never leaves the browser. */
export function addressOf(slot: Slot, code?: string): string {
	const page = `/t/${slot.kind}/${slot.terminal}/?shell=simulator`;
	return code === undefined ? page : `${page}#enrol=${encodeURIComponent(code)}`;
}
