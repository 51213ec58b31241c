/** Asks the browser to keep this origin's data, and notices when it has not: a mark in another kind of storage remembers that there was some. */

export interface Marks {
	get(name: string): string | null;
	set(name: string, value: string): void;
}

/** localStorage of this slot; where it is forbidden nothing is remembered. */
export function slotMarks(slot: string): Marks {
	return {
		get: (name) => {
			try {
				return localStorage.getItem(`wardline:${slot}:${name}`);
			} catch {
				return null;
			}
		},
		set: (name, value) => {
			try {
				localStorage.setItem(`wardline:${slot}:${name}`, value);
			} catch {
				// The mark only sharpens a message.
			}
		},
	};
}

/** True when the browser promises not to clear this origin by itself. */
export async function askToPersist(): Promise<boolean> {
	try {
		return (await navigator.storage.persisted()) || (await navigator.storage.persist());
	} catch {
		return false;
	}
}
