/**
 * Signals as values and as bytes; rules SG1 to SG7 of signalling/SPEC.md, the same as ward_signalling/messages.py.
 * Who may send which is allowed.ts, whether one is new is inbox.ts, the signature is verify.ts.
 */
import {
	canonicalText,
	decodeSigned,
	encodeSigned,
	NotCanonical,
	parseJson,
	type SignedBytes,
} from "../protocol/canonical";
import {
	asciiText,
	type Check,
	choice,
	connectionId,
	factIds,
	fingerprint,
	flag,
	integer,
	terminalId,
	terminalIds,
} from "./shapes";
import { type ConnectionSignal, HUB_PARTY, type Signal, type SignalKind } from "./types";

/** An offer of 20,000 characters, each line's end escaped, with the longest ids beside it. */
export const MAX_BODY_BYTES = 24_576;
export const MAX_SDP = 20_000;
export const MAX_CANDIDATE = 512;
const MAX_MID = 32;
const MAX_CALLS = 64;
const MAX_TARGETS = 128;

/** Why a signal is not taken. The first seven are also the hub's answers (SG16). */
export type Refusal =
	| "malformed"
	| "wrong_ward"
	| "unknown_terminal"
	| "revoked"
	| "not_allowed"
	| "bad_signature"
	| "too_many"
	| "not_for_me"
	| "old_session"
	| "replay"
	| "fingerprint";

/** Bytes that are no signal. */
export class SignalError extends Error {
	override name = "SignalError";
	readonly reason: Refusal = "malformed";
}

export interface WireSignal extends SignedBytes {
	signal: Signal;
}

const PURPOSES = ["talk", "view", "broadcast"];
const BUSY = ["talking", "privacy", "full", "not_allowed", "call"];
const BYE = [
	"hung_up",
	"lost",
	"limit",
	"transferred",
	"cancelled",
	"refused",
	"unanswered",
	"no_codec",
	"no_media",
	"fingerprint",
	"call",
	"closed",
];

const COMMON: Record<string, Check> = {
	from: terminalId,
	to: terminalId,
	ward: terminalId,
	session: connectionId,
	seq: integer(1),
	at: integer(0),
};
const OPTIONAL = ["targets", "by"];
const FIELDS: Record<SignalKind, Record<string, Check>> = {
	description: {
		connection: connectionId,
		type: choice(["offer", "answer"]),
		sdp: asciiText(1, MAX_SDP, true),
		fingerprint,
	},
	candidate: {
		connection: connectionId,
		candidate: asciiText(0, MAX_CANDIDATE),
		mid: asciiText(0, MAX_MID),
	},
	close: { connection: connectionId, reason: choice(BYE) },
	invite: {
		talk: connectionId,
		purpose: choice(PURPOSES),
		calls: factIds(MAX_CALLS),
		video: flag,
		targets: terminalIds(MAX_TARGETS),
	},
	accept: { talk: connectionId, video: flag },
	busy: { talk: connectionId, reason: choice(BUSY), by: terminalId },
	mute: { talk: connectionId, muted: flag },
	hold: { talk: connectionId, held: flag },
	transfer: { talk: connectionId, station: terminalId, calls: factIds(MAX_CALLS) },
	heard: { talk: connectionId, ms: integer(0) },
	recording: { talk: connectionId, on: flag },
	bye: { talk: connectionId, reason: choice(BYE) },
};

/** The canonical bytes of a signal, which its sender signs (SG1). Throws SignalError when it is none. */
export function encodeSignalBody(signal: Signal): Uint8Array<ArrayBuffer> {
	const text = canonicalText(signal);
	const bytes = new TextEncoder().encode(text);
	checkSize(bytes);
	checkSignal(JSON.parse(text));
	return bytes;
}

/** Reads a body's bytes, which must be its canonical form (SG1 to SG6). Throws SignalError. */
export function parseSignalBody(bytes: Uint8Array): Signal {
	checkSize(bytes);
	const { text, value } = orSignalError(() => parseJson(bytes));
	const signal = checkSignal(value);
	if (canonicalText(signal) !== text) throw new SignalError("body is not in canonical form");
	return signal;
}

/** The wire form of a signed body (SG7). */
export function encodeSignal(
	signature: Uint8Array<ArrayBuffer>,
	bytes: Uint8Array<ArrayBuffer>,
): string {
	return orSignalError(() => encodeSigned(signature, bytes));
}

/** Reads a wire signal (SG1 to SG7). Throws SignalError; the signature is not verified here. */
export function parseSignal(wire: string): WireSignal {
	const signed = orSignalError(() => decodeSigned(wire, MAX_BODY_BYTES));
	return { ...signed, signal: parseSignalBody(signed.bytes) };
}

export function isConnectionSignal(signal: Signal): signal is ConnectionSignal {
	return signal.kind === "description" || signal.kind === "candidate" || signal.kind === "close";
}

function checkSize(bytes: Uint8Array): void {
	if (bytes.length > MAX_BODY_BYTES) {
		throw new SignalError(`body has ${bytes.length} bytes, at most ${MAX_BODY_BYTES}`);
	}
}

function checkSignal(value: unknown): Signal {
	if (typeof value !== "object" || value === null || Array.isArray(value)) {
		throw new SignalError("body is not an object");
	}
	const body = value as Record<string, unknown>;
	const { kind } = body;
	if (typeof kind !== "string" || !Object.hasOwn(FIELDS, kind)) {
		throw new SignalError(`kind ${String(kind).slice(0, 40)} is unknown`);
	}
	const checks = { ...COMMON, ...FIELDS[kind as SignalKind] };
	for (const key of Object.keys(checks)) {
		if (!Object.hasOwn(body, key) && !OPTIONAL.includes(key)) {
			throw new SignalError(`${kind} without ${key}`);
		}
	}
	for (const [key, item] of Object.entries(body)) {
		if (key === "kind") continue;
		const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
		if (!check) throw new SignalError(`${kind} must not have ${key.slice(0, 40)}`);
		if (!check(item)) throw new SignalError(`${key} is not as it must be`);
	}
	if (body.from === body.to) throw new SignalError("a signal is to another");
	if (kind === "invite" && (body.targets !== undefined) !== (body.to === HUB_PARTY)) {
		throw new SignalError("targets are named to the hub, and to nobody else");
	}
	return value as Signal;
}

function orSignalError<T>(work: () => T): T {
	try {
		return work();
	} catch (error) {
		if (error instanceof NotCanonical) throw new SignalError(error.message);
		throw error;
	}
}
