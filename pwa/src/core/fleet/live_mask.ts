/**
 * What the recorder's own masks leave: words, marks and colours in attributes, and hands on a PIN pad. Pure but for one
 * look at the page.
 */

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
	"aria-roledescription",
	"aria-valuetext",
	"title",
	"alt",
	"placeholder",
	"value",
	"label",
]);

/** Attributes that say something of one patient; left out. */
const OF_A_PATIENT = new Set([
	"data-stay",
	"data-level",
	"data-condition",
	"data-look",
	"data-loaned",
]);
/** Classes that tell whether somebody lies in a bed. */
const OF_A_BED = new Set(["empty"]);
/** Colours by care level and isolation, as a style of an element asks for them. */
const COLOURS = /--level-(?:special|first|second|third)|--iso-[a-z]+/g;

/** Where a hand was while a PIN is typed tells the PIN. */
export function hidesHands(event: RecordedEvent, page: ParentNode): boolean {
	if (event.type !== INCREMENTAL) return false;
	const { source } = (event.data ?? {}) as { source?: unknown };
	if (typeof source !== "number" || !OF_HANDS.includes(source)) return false;
	return page.querySelector(".pin-pad, [data-testid=pin-pad]") !== null;
}

/** The same event without what attributes tell of patients, wherever elements or changes of attributes stand in it. */
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
		Object.entries(attributes)
			.filter(([name]) => !OF_A_PATIENT.has(name))
			.map(([name, value]) => [name, plain(name, value)]),
	);
}

/** A style comes as text or, of a change, as its properties; a sheet of styles (`_cssText`) is alike for all patients. */
function plain(name: string, value: unknown): unknown {
	if (name === "style") return colourless(value);
	if (typeof value !== "string") return value;
	if (SPEAKING.has(name)) return value.replaceAll(/\S/g, "*");
	if (name !== "class") return value;
	return value
		.split(" ")
		.filter((one) => !OF_A_BED.has(one))
		.join(" ");
}

function colourless(value: unknown): unknown {
	if (typeof value === "string") return value.replaceAll(COLOURS, "--level-none");
	if (Array.isArray(value)) return value.map(colourless);
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([name, inner]) => [name, colourless(inner)]),
	);
}
