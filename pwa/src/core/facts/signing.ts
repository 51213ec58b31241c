/** Makes and checks the signatures of facts: ECDSA P-256 with SHA-256, raw r‖s, over the body's bytes. */
import { encodeBody, factId, fromWire, toWire } from "../calls/facts";
import type { FactBody } from "../calls/types";

const ECDSA = { name: "ECDSA", namedCurve: "P-256" } as const;
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

/** Whether a wire fact was signed by `key` (base64url of the raw 65-byte point). What is no fact or no key is false. */
export async function verifyFact(wire: string, key: string): Promise<boolean> {
	try {
		const { signature, bytes } = fromWire(wire);
		const point = Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (each) =>
			each.charCodeAt(0),
		);
		const imported = await crypto.subtle.importKey("raw", point, ECDSA, false, ["verify"]);
		return await crypto.subtle.verify(SIGN, imported, signature, bytes);
	} catch {
		return false;
	}
}

/** 16 hex digits: two equal presses in one millisecond are still two facts. */
export function nonce(): string {
	const bytes = crypto.getRandomValues(new Uint8Array(8));
	return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
