/** With whom a terminal holds links, and who of two dials: by role, without a state. Rules SG8 and SG10. */
import { own } from "../calls/directory";
import type { Directory } from "../calls/types";
import { dials as dialsOf, meshPair } from "../signalling/allowed";

/** Ids the terminal holds links with, sorted; nobody when the directory does not know it. */
export function planned(terminal: string, directory: Directory): string[] {
	const self = own(directory.terminals, terminal);
	if (!self) return [];
	return Object.values(directory.terminals)
		.filter((other) => meshPair(self, other))
		.map(({ id }) => id)
		.sort();
}

/** Whether `a` dials the link of two planned neighbours; for a talk alone, who invites dials. */
export function dials(a: string, b: string, directory: Directory): boolean {
	const one = own(directory.terminals, a);
	const other = own(directory.terminals, b);
	return one !== undefined && other !== undefined && dialsOf(one, other);
}

/** Whether two may hold a mesh link as the directory stands. */
export function isPlanned(a: string, b: string, directory: Directory): boolean {
	const one = own(directory.terminals, a);
	const other = own(directory.terminals, b);
	return one !== undefined && other !== undefined && meshPair(one, other);
}
