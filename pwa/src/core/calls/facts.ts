/**
 * Call facts as bytes: canonical body, id, wire form. The same as ward_sync.facts; rules CF1 to CF9 of
 * sync/SPEC.md. Signing and verifying are identity's, what facts mean is fold.ts.
 */
import {
	canonicalText,
	decodeSigned,
	encodeSigned,
	NotCanonical,
	parseJson,
	type SignedBytes,
	TooLarge,
} from "../protocol/canonical";
import type { Act, FactBody } from "./types";

export { SIGNATURE_BYTES } from "../protocol/canonical";
export const MAX_BODY_BYTES = 4096;
export const MAX_CALLS = 64;
export const MAX_RESTS_ON = 32;

export type Reason =
	| "malformed"
	| "unknown_terminal"
	| "revoked"
	| "bad_signature"
	| "wrong_ward"
	| "wrong_room"
	| "not_entitled"
	| "policy"
	| "too_large"
	| "too_many";

/** Bytes that are no fact. */
export class FactError extends Error {
	readonly reason: Reason;
	constructor(reason: Reason, message: string) {
		super(message);
		this.name = "FactError";
		this.reason = reason;
	}
}

export interface WireFact extends SignedBytes {
	body: FactBody;
}

const ID = /^[a-z0-9][a-z0-9._-]{0,47}$/;
const FACT_ID = /^[0-9a-f]{32}$/;
const NONCE = /^[0-9a-f]{16}$/;
const SOURCE = /^(bed|bathroom|room|terminal):[a-z0-9][a-z0-9._-]{0,47}$/;
const EVERY = ["act", "at", "calls", "clock", "nonce", "terminal", "ward"];
const ANY = ["room", "staff"];
/** Keys an act must have, and may have, beside those every fact has. */
const SHAPES: Record<Act, { required: string[]; optional: string[] }> = {
	placed: { required: ["source", "type"], optional: ["purpose", "to"] },
	received: { required: [], optional: [] },
	acknowledged: { required: [], optional: [] },
	declined: { required: [], optional: [] },
	answered: { required: [], optional: [] },
	ended: { required: ["policy", "talk_ms"], optional: [] },
	attended: { required: [], optional: [] },
	cleared: { required: ["policy", "way"], optional: ["rests_on"] },
	cancelled: { required: [], optional: [] },
};

/** The canonical bytes of a body (CF1). Throws FactError when it is none. */
export function encodeBody(body: FactBody): Uint8Array<ArrayBuffer> {
	const text = canonicalText(body);
	const bytes = new TextEncoder().encode(text);
	checkSize(bytes);
	checkBody(JSON.parse(text));
	return bytes;
}

/** Reads a body's bytes; they must be exactly its canonical form (CF1 to CF5). Throws FactError. */
export function parseBody(bytes: Uint8Array): FactBody {
	checkSize(bytes);
	const { text, value } = asFactError(() => parseJson(bytes));
	const body = checkBody(value);
	if (canonicalText(body) !== text) {
		throw new FactError("malformed", "body is not in canonical form");
	}
	return body;
}

/** Hex of the first 16 bytes of SHA-256 over the body's bytes (CF6). */
export async function factId(body: FactBody | Uint8Array<ArrayBuffer>): Promise<string> {
	const bytes = body instanceof Uint8Array ? body : encodeBody(body);
	const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
	return Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** signature ‖ body in standard base64 (CF7). */
export function toWire(
	body: FactBody | Uint8Array<ArrayBuffer>,
	signature: Uint8Array<ArrayBuffer>,
): string {
	const bytes = body instanceof Uint8Array ? body : encodeBody(body);
	return asFactError(() => encodeSigned(signature, bytes));
}

/** Reads a wire fact (CF7). Throws FactError; the signature is not verified here. */
export function fromWire(wire: string): WireFact {
	const signed = asFactError(() => decodeSigned(wire, MAX_BODY_BYTES));
	return { ...signed, body: parseBody(signed.bytes) };
}

/** Splits a source as "bed:b01" into its kind and id. */
export function sourceOf(source: string): [kind: string, name: string] {
	const colon = source.indexOf(":");
	return colon < 0 ? [source, ""] : [source.slice(0, colon), source.slice(colon + 1)];
}

function checkSize(bytes: Uint8Array): void {
	if (bytes.length > MAX_BODY_BYTES) {
		throw new FactError("too_large", `body has ${bytes.length} bytes, at most ${MAX_BODY_BYTES}`);
	}
}

function asFactError<T>(work: () => T): T {
	try {
		return work();
	} catch (error) {
		if (error instanceof NotCanonical) {
			const reason = error instanceof TooLarge ? "too_large" : "malformed";
			throw new FactError(reason, error.message);
		}
		throw error;
	}
}

function checkBody(value: unknown): FactBody {
	if (typeof value !== "object" || value === null || Array.isArray(value)) {
		throw new FactError("malformed", "body is not an object");
	}
	const body = value as Record<string, unknown>;
	const act = body.act;
	if (typeof act !== "string" || !Object.hasOwn(SHAPES, act)) {
		throw new FactError("malformed", `act ${String(act)} is unknown`);
	}
	const shape = SHAPES[act as Act];
	const required = [...EVERY, ...shape.required];
	const allowed = new Set([...required, ...ANY, ...shape.optional]);
	for (const key of required) {
		if (!Object.hasOwn(body, key)) throw new FactError("malformed", `${act} without ${key}`);
	}
	for (const [key, item] of Object.entries(body)) {
		if (!allowed.has(key)) throw new FactError("malformed", `${act} must not have ${key}`);
		if (!CHECKS[key as keyof FactBody](item)) {
			throw new FactError("malformed", `${key} is not as it must be`);
		}
	}
	const fact = value as FactBody;
	if ((act === "placed") !== (fact.calls.length === 0)) {
		throw new FactError("malformed", `${act} names ${fact.calls.length} calls`);
	}
	if (fact.to !== undefined && fact.type !== "station") {
		throw new FactError("malformed", "only a station call is to someone");
	}
	if (fact.source !== undefined && fact.room === undefined) {
		if (sourceOf(fact.source)[0] !== "terminal") {
			throw new FactError("malformed", `source ${fact.source} without its room`);
		}
	}
	return fact;
}

const CHECKS: Record<keyof FactBody, (item: unknown) => boolean> = {
	act: () => true,
	at: isInteger,
	calls: (item) => isFactIds(item, MAX_CALLS),
	clock: (item) => item === "hub" || item === "own",
	nonce: matches(NONCE),
	terminal: matches(ID),
	ward: matches(ID),
	room: matches(ID),
	source: matches(SOURCE),
	type: matches(ID),
	purpose: matches(ID),
	to: matches(ID),
	staff: matches(ID),
	policy: (item) => item === "tender" || item === "strict",
	way: (item) => ["source", "door", "bed", "remote", "talked"].some((way) => way === item),
	talk_ms: isInteger,
	rests_on: (item) => isFactIds(item, MAX_RESTS_ON) && item.length > 0,
};

function isInteger(item: unknown): boolean {
	return Number.isSafeInteger(item) && (item as number) >= 0 && !Object.is(item, -0);
}

function matches(pattern: RegExp): (item: unknown) => boolean {
	return (item) => typeof item === "string" && pattern.test(item);
}

function isFactIds(item: unknown, atMost: number): item is string[] {
	return (
		Array.isArray(item) &&
		item.length <= atMost &&
		item.every(
			(id, index) =>
				typeof id === "string" && FACT_ID.test(id) && (index === 0 || item[index - 1] < id),
		)
	);
}
