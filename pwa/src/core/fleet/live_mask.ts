/** What the recorder's own masks leave: words in attributes, and hands on a PIN pad. Pure but for one look at the page. */

/** An rrweb event; what lies in `data` depends on `type`. */
export interface RecordedEvent {
	type: number;
	data: unknown;
	timestamp: number;
}

const INCREMENTAL = 3;
/** Moves of a mouse, hands on an element, moves of a finger, drags. */
const OF_HANDS: readonly number[] = [1, 2, 6, 12];
/** Attributes that speak to people: a name hidden in the text must not stand here. */
const SPEAKING = new Set([
	"aria-label",
	"aria-description",
	"aria-valuetext",
	"title",
	"alt",
	"placeholder",
	"value",
	"label",
]);

/** Where a hand was while a PIN is typed tells the PIN. */
export function hidesHands(event: RecordedEvent, page: ParentNode): boolean {
	if (event.type !== INCREMENTAL) return false;
	const { source } = (event.data ?? {}) as { source?: unknown };
	if (typeof source !== "number" || !OF_HANDS.includes(source)) return false;
	return page.querySelector(".pin-pad, [data-testid=pin-pad]") !== null;
}

/** The same event without the words of attributes, wherever elements or changes of attributes stand in it. */
export function scrubbed(event: RecordedEvent): RecordedEvent {
	return { ...event, data: scrub(event.data) };
}

function scrub(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(scrub);
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([key, inner]) => [
			key,
			key === "attributes" && !Array.isArray(inner) ? silent(inner) : scrub(inner),
		]),
	);
}

function silent(attributes: unknown): unknown {
	if (typeof attributes !== "object" || attributes === null) return attributes;
	return Object.fromEntries(
		Object.entries(attributes).map(([name, value]) => [
			name,
			SPEAKING.has(name) && typeof value === "string" ? value.replaceAll(/\S/g, "*") : value,
		]),
	);
}
