/** Signs facts: ECDSA P-256 with SHA-256, raw r‖s, over the body's bytes. The hub and the vectors check the other end. */
import { encodeBody, factId, toWire } from "../calls/facts";
import type { FactBody } from "../calls/types";

const SIGN = { name: "ECDSA", hash: "SHA-256" } as const;

export type Sign = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;

export interface SignedFact {
	id: string;
	wire: string;
	body: FactBody;
}

/** Signs a body. Throws FactError when it is none. */
export async function signFact(body: FactBody, sign: Sign): Promise<SignedFact> {
	const bytes = encodeBody(body);
	const [id, signature] = await Promise.all([factId(bytes), sign(bytes)]);
	return { id, wire: toWire(bytes, signature), body };
}

export function signWith(key: CryptoKey): Sign {
	return async (bytes) => new Uint8Array(await crypto.subtle.sign(SIGN, key, bytes));
}

/** 16 hex digits: two equal presses in one millisecond are still two facts. */
export function nonce(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(8));
	return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
