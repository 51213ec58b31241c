/**
 * Signatures of terminals: ECDSA P-256 over SHA-256, raw r‖s, under the public point the directory carries (rule CF8).
 * Facts and signals are held to the same. What is malformed verifies nothing.
 */

const ECDSA = { name: "ECDSA", namedCurve: "P-256" } as const;
const VERIFY = { name: "ECDSA", hash: "SHA-256" } as const;
/** An uncompressed point, and a raw r‖s. */
const POINT_BYTES = 65;
const SIGNATURE_BYTES = 64;
/** A ward has far fewer keys; a directory that changes them for ever must not fill the page. */
const MAX_CACHED = 512;

export type Verify = (
	keyBase64Url: string,
	signature: Uint8Array<ArrayBuffer>,
	bytes: Uint8Array<ArrayBuffer>,
) => Promise<boolean>;

const imported = new Map<string, Promise<CryptoKey | null>>();

/** Whether `signature` (64 bytes) over `bytes` holds under the key (base64url of the raw 65-byte point). Never throws. */
export async function verify(
	keyBase64Url: string,
	signature: Uint8Array<ArrayBuffer>,
	bytes: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
	if (signature.length !== SIGNATURE_BYTES) return false;
	const key = await keyOf(keyBase64Url);
	if (key === null) return false;
	try {
		return await crypto.subtle.verify(VERIFY, key, signature, bytes);
	} catch {
		return false;
	}
}

/** `verify` with its key given: for many signatures of one terminal. */
export function verifyWith(
	keyBase64Url: string,
): (signature: Uint8Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>) => Promise<boolean> {
	return (signature, bytes) => verify(keyBase64Url, signature, bytes);
}

function keyOf(text: string): Promise<CryptoKey | null> {
	let key = imported.get(text);
	if (key === undefined) {
		key = importKey(text);
		const oldest = imported.keys().next();
		if (imported.size >= MAX_CACHED && !oldest.done) imported.delete(oldest.value);
		imported.set(text, key);
	}
	return key;
}

async function importKey(text: string): Promise<CryptoKey | null> {
	if (!/^[A-Za-z0-9_-]{87}$/.test(text)) return null;
	const raw = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) =>
		each.charCodeAt(0),
	);
	if (raw.length !== POINT_BYTES) return null;
	try {
		return await crypto.subtle.importKey("raw", raw, ECDSA, false, ["verify"]);
	} catch {
		return null;
	}
}
