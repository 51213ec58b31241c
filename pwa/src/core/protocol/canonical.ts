/**
 * Signed bodies as bytes: canonical JSON, and the wire form of signature and body. The same as ward_sync/canonical.py.
 * What a body may hold is facts.ts's for call facts (CF) and signalling's for signals (SG).
 */

export const SIGNATURE_BYTES = 64;

/** Bytes or text that are not in the one form. */
export class NotCanonical extends Error {
	override name = "NotCanonical";
}

/** More bytes than such a body may have. */
export class TooLarge extends NotCanonical {
	override name = "TooLarge";
}

export interface SignedBytes {
	/** raw r‖s, 64 bytes; not verified */
	signature: Uint8Array<ArrayBuffer>;
	/** the body's exact bytes */
	bytes: Uint8Array<ArrayBuffer>;
}

/** Keys sorted, no blanks, ASCII only: what json.dumps(sort_keys, ensure_ascii) writes (CF1). Bodies are flat. */
export function canonicalText(body: object): string {
	const entries = Object.entries(body)
		.filter(([, value]) => value !== undefined)
		.sort(([one], [other]) => (one < other ? -1 : 1));
	return JSON.stringify(Object.fromEntries(entries)).replace(
		/[\u007f-\uffff]/g,
		(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}

/** Reads JSON in UTF-8; the caller compares with canonicalText of what it makes of it. Throws NotCanonical. */
export function parseJson(bytes: Uint8Array): { text: string; value: unknown } {
	try {
		const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
		return { text, value: JSON.parse(text) as unknown };
	} catch {
		throw new NotCanonical("body is not JSON");
	}
}

/** signature ‖ body in standard base64 (CF7). Throws NotCanonical unless the signature has 64 bytes. */
export function encodeSigned(
	signature: Uint8Array<ArrayBuffer>,
	bytes: Uint8Array<ArrayBuffer>,
): string {
	if (signature.length !== SIGNATURE_BYTES) {
		throw new NotCanonical(`signature has ${signature.length} bytes`);
	}
	let binary = "";
	for (const byte of signature) binary += String.fromCharCode(byte);
	for (const byte of bytes) binary += String.fromCharCode(byte);
	return btoa(binary);
}

/** Signature and body of a wire text (CF7). Throws NotCanonical, or TooLarge. */
export function decodeSigned(wire: string, maxBodyBytes: number): SignedBytes {
	// Base64 takes 4 characters for 3 bytes: refuse the over-long before decoding it.
	if (wire.length > Math.floor((SIGNATURE_BYTES + maxBodyBytes + 2) / 3) * 4) {
		throw new TooLarge(`wire has ${wire.length} characters`);
	}
	let binary: string;
	try {
		binary = atob(wire);
	} catch {
		throw new NotCanonical("wire is not base64");
	}
	if (btoa(binary) !== wire || binary.length <= SIGNATURE_BYTES) {
		throw new NotCanonical("wire is not canonical base64 of signature and body");
	}
	if (binary.length > SIGNATURE_BYTES + maxBodyBytes) {
		throw new TooLarge(
			`body has ${binary.length - SIGNATURE_BYTES} bytes, at most ${maxBodyBytes}`,
		);
	}
	const raw = Uint8Array.from(binary, (character) => character.charCodeAt(0));
	return { signature: raw.slice(0, SIGNATURE_BYTES), bytes: raw.slice(SIGNATURE_BYTES) };
}
