/** Tells a badge scanner from fingers: it types as a keyboard does, but far faster, and ends with Enter. */

/** Scanners send a key each 1 to 20 ms, slow Bluetooth ones up to 50; nobody types eight keys at this pace. */
const BETWEEN_MS = 70;
const MIN_CHARS = 8;
const MAX_CHARS = 64;

export class BadgeReader {
	private typed = "";
	private last = Number.NEGATIVE_INFINITY;

	/** Takes a key (`KeyboardEvent.key`) at a time in ms; returns the badge that it ends, or null. */
	key(key: string, at: number): string | null {
		if (at - this.last > BETWEEN_MS) this.typed = "";
		this.last = at;
		if (key === "Enter") {
			const badge = this.typed;
			this.typed = "";
			return badge.length >= MIN_CHARS ? badge : null;
		}
		// Shift and its like come between the characters of a badge.
		if (key.length === 1) this.typed = key > " " && key <= "~" ? this.typed + key : "";
		if (this.typed.length > MAX_CHARS) this.typed = "";
		return null;
	}

	/** Whether a badge may be on its way: the Enter that ends it must press no button. */
	get busy(): boolean {
		return this.typed.length >= MIN_CHARS;
	}
}
