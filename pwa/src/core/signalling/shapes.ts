/** What a value in a signal may look like: one check a shape, each strict (SG2 to SG6); as ward_signalling/shapes.py. */

export type Check = (item: unknown) => boolean;

const ID = /^[a-z0-9][a-z0-9._-]{0,47}$/;
const HEX = /^[0-9a-f]{16}$/;
const FACT_ID = /^[0-9a-f]{32}$/;
const FINGERPRINT = /^sha-256 [0-9A-F]{2}(:[0-9A-F]{2}){31}$/;
// ASCII only: what is counted in characters is then as long in every language.
const PRINTABLE = /^[ -~]*$/;
const LINES = /^[\t\r\n -~]*$/;

export const terminalId: Check = matches(ID);
/** 16 hex digits, small: a connection, a talk, a session. */
export const connectionId: Check = matches(HEX);
/** As an SDP's `a=fingerprint` says it. */
export const fingerprint: Check = matches(FINGERPRINT);

/** 0 or 1. */
export const flag: Check = (item) => (item === 0 && !Object.is(item, -0)) || item === 1;

export function integer(least: number): Check {
	return (item) => Number.isSafeInteger(item) && (item as number) >= least && !Object.is(item, -0);
}

export function choice(words: readonly string[]): Check {
	return (item) => typeof item === "string" && words.includes(item);
}

/** Printable ASCII of so many characters, with line ends and tabs where they belong. */
export function asciiText(least: number, most: number, lineEnds = false): Check {
	const pattern = lineEnds ? LINES : PRINTABLE;
	return (item) =>
		typeof item === "string" && item.length >= least && item.length <= most && pattern.test(item);
}

/** 0 to `most` call ids, sorted, each once. */
export const factIds = (most: number): Check => sorted(FACT_ID, 0, most);
/** 1 to `most` terminals, sorted, each once. */
export const terminalIds = (most: number): Check => sorted(ID, 1, most);

function sorted(pattern: RegExp, least: number, most: number): Check {
	return (item) =>
		Array.isArray(item) &&
		item.length >= least &&
		item.length <= most &&
		item.every(
			(id: unknown, at) =>
				typeof id === "string" && pattern.test(id) && (at === 0 || item[at - 1] < id),
		);
}

function matches(pattern: RegExp): Check {
	return (item) => typeof item === "string" && pattern.test(item);
}
