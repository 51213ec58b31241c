/** What concerns this phone: its beds by the rota, and the calls in the order a nurse needs them. */
import type { CallRow, Directory } from "../../core/calls/types";

/** Beds of whoever the rota has with this phone, or of the person signed in. */
export function myBeds(
	directory: Directory,
	terminal: string,
	staff: string | null,
	now: number,
): Set<string> {
	const beds = new Set<string>();
	for (const duty of Object.values(directory.duty)) {
		if (duty.since > now || (duty.until !== undefined && now >= duty.until)) continue;
		if (duty.pda !== terminal && duty.staff !== staff) continue;
		for (const bed of duty.beds) beds.add(bed);
	}
	return beds;
}

export interface CallGroups {
	/** rows that wait for someone, this phone among those asked */
	asked: CallRow[];
	/** other rows of its beds and their rooms, and those it has taken */
	mine: CallRow[];
	rest: CallRow[];
}

/** Splits the board's rows without changing their order (A9) inside a group. */
export function callGroups(
	rows: readonly CallRow[],
	terminal: string,
	beds: ReadonlySet<string>,
	directory: Directory,
): CallGroups {
	const rooms = new Set([...beds].map((bed) => directory.beds[bed]?.room));
	const groups: CallGroups = { asked: [], mine: [], rest: [] };
	for (const row of rows) {
		const own = row.bed === null ? row.room !== null && rooms.has(row.room) : beds.has(row.bed);
		const open = row.ringing || row.state === "waiting";
		if (open && row.asked.includes(terminal)) groups.asked.push(row);
		else if (own || row.taken?.terminal === terminal) groups.mine.push(row);
		else groups.rest.push(row);
	}
	return groups;
}
