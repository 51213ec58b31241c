/**
 * Keys that sort as text and leave room between any two: the order a hand gave, one key an item, so
 * that two sides that move different items never undo each other (HAND-06).
 */

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const KEY = /^[0-9A-Za-z]{0,63}[1-9A-Za-z]$/;

/** A key has at most 64 of the digits 0-9A-Za-z and does not end in 0. */
export function isKey(value: unknown): value is string {
	return typeof value === "string" && KEY.test(value);
}

const digit = (text: string, at: number): number =>
	at < text.length ? DIGITS.indexOf(text.charAt(at)) : 0;

/**
 * A key between `low` and `high` (null: no limit on that side). Sorted by UTF-16 unit, as `<` does.
 * Raises RangeError when low is not below high.
 */
export function keyBetween(low: string | null, high: string | null): string {
	const from = low ?? "";
	if (high !== null && from >= high) throw new RangeError(`no key between ${low} and ${high}`);
	let key = "";
	// while `key` still equals the beginning of `high`, `high` limits the next digit
	let limited = high !== null;
	for (let at = 0; ; at += 1) {
		const bottom = digit(from, at);
		const top = limited && high !== null ? digit(high, at) : DIGITS.length;
		if (top - bottom > 1) return key + DIGITS.charAt(Math.floor((bottom + top) / 2));
		key += DIGITS.charAt(bottom);
		if (top !== bottom) limited = false;
	}
}

/** The key of the item that stands at `order` (0 … 226,000) before any hand has moved it. */
export function baseKey(order: number): string {
	const part = (power: number): string =>
		DIGITS.charAt(Math.floor(order / DIGITS.length ** power) % DIGITS.length);
	return `${part(2)}${part(1)}${part(0)}V`;
}
