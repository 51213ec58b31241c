/** Who can be picked as author on the wall: those the rota has on duty now, head nurses first. */
import type { Directory } from "../../core/calls/types";

export interface OnDuty {
	staff: string;
	name: string;
}

export function onDuty(directory: Directory, now: number): OnDuty[] {
	const rank = (role: string): number =>
		["head_nurse", "nurse", "doctor", "engineer"].indexOf(role);
	return Object.values(directory.duty)
		.filter((duty) => duty.since <= now && (duty.until === undefined || now < duty.until))
		.map((duty) => directory.staff[duty.staff])
		.filter((person) => person !== undefined)
		.filter((person, at, all) => all.findIndex((one) => one.id === person.id) === at)
		.sort((a, b) => rank(a.role) - rank(b.role) || (a.id < b.id ? -1 : 1))
		.map((person) => ({ staff: person.id, name: person.name }));
}
