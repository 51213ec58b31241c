/** The terminal's key pair: made here, kept here, and not to be exported by anyone. */
import type { Store } from "../store/store";

const ECDSA = { name: "ECDSA", namedCurve: "P-256" } as const;

/** The slot's key pair from disk, or null. */
export function loadKeys(store: Store): Promise<CryptoKeyPair | null> {
	return store.meta<CryptoKeyPair>("keys");
}

/** Makes a new pair and keeps it. */
export async function makeKeys(store: Store): Promise<CryptoKeyPair> {
	const pair = await crypto.subtle.generateKey(ECDSA, false, ["sign", "verify"]);
	await store.putMeta("keys", pair);
	return pair;
}

/** base64url of the raw 65-byte point. */
export async function publicPoint(pair: CryptoKeyPair): Promise<string> {
	return base64url(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
}

/** Signs text for the hub's challenge; base64url of raw r‖s. */
export async function signText(pair: CryptoKeyPair, text: string): Promise<string> {
	const how = { name: "ECDSA", hash: "SHA-256" };
	const signature = await crypto.subtle.sign(how, pair.privateKey, new TextEncoder().encode(text));
	return base64url(new Uint8Array(signature));
}

function base64url(bytes: Uint8Array): string {
	const text = btoa(String.fromCharCode(...bytes));
	return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
