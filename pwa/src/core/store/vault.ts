/**
 * Patient documents of a PDA on disk: AES-GCM under a data key that is made of two halves' work: it is wrapped by the
 * password (PBKDF2) and again by a key of this device that cannot be exported. A copy of the disk without the device
 * gives nothing to try passwords on; who holds the unlocked device can try them, at the cost of one PBKDF2 each.
 */
import type { Store } from "./store";

/** OWASP's figure for PBKDF2-HMAC-SHA-256; about 0.3 s on a phone. */
const ITERATIONS = 600_000;
const AES = { name: "AES-GCM", length: 256 } as const;

/** One nurse's wrapped key, and what a sign-in without the hub may show of her. */
interface KeptVault {
	salt: Uint8Array;
	iterations: number;
	/** under the device key: iv ‖ (under the password key: iv ‖ data key) */
	wrapped: Uint8Array;
	staff: { id: string; name: string; role: string };
}

export class WrongPassword extends Error {
	override name = "WrongPassword";
}

export class Vault {
	private readonly key: CryptoKey;
	readonly staff: KeptVault["staff"];

	private constructor(key: CryptoKey, staff: KeptVault["staff"]) {
		this.key = key;
		this.staff = staff;
	}

	/** The vault of a staff number, or null when this device has none. Throws WrongPassword. */
	static async unlock(store: Store, number: string, password: string): Promise<Vault | null> {
		const kept = await store.meta<KeptVault>(`vault:${number}`);
		if (kept === null) return null;
		const device = await deviceKey(store);
		const under = await passwordKey(password, kept.salt, kept.iterations);
		try {
			const raw = await open(under, await open(device, kept.wrapped));
			return new Vault(await dataKey(raw), kept.staff);
		} catch {
			throw new WrongPassword("the password does not open this vault");
		}
	}

	/** A new vault in place of any older one, whose documents can then never be read again. */
	static async create(
		store: Store,
		number: string,
		password: string,
		staff: KeptVault["staff"],
		iterations = ITERATIONS,
	): Promise<Vault> {
		const salt = crypto.getRandomValues(new Uint8Array(16));
		const raw = crypto.getRandomValues(new Uint8Array(32));
		const device = await deviceKey(store);
		const under = await passwordKey(password, salt, iterations);
		const wrapped = await seal(device, await seal(under, raw));
		await store.putMeta(`vault:${number}`, {
			salt,
			iterations,
			wrapped,
			staff,
		} satisfies KeptVault);
		return new Vault(await dataKey(raw), staff);
	}

	seal(bytes: Uint8Array): Promise<Uint8Array> {
		return seal(this.key, bytes);
	}

	/** Throws when the bytes were sealed under another key or changed. */
	open(sealed: Uint8Array): Promise<Uint8Array> {
		return open(this.key, sealed);
	}
}

const plain = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>;

async function seal(key: CryptoKey, bytes: Uint8Array): Promise<Uint8Array> {
	const iv = crypto.getRandomValues(new Uint8Array(12));
	const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain(bytes));
	const out = new Uint8Array(12 + sealed.byteLength);
	out.set(iv);
	out.set(new Uint8Array(sealed), 12);
	return out;
}

async function open(key: CryptoKey, sealed: Uint8Array): Promise<Uint8Array> {
	const iv = plain(sealed.subarray(0, 12));
	const opened = await crypto.subtle.decrypt(
		{ name: "AES-GCM", iv },
		key,
		plain(sealed.subarray(12)),
	);
	return new Uint8Array(opened);
}

function dataKey(raw: Uint8Array): Promise<CryptoKey> {
	return crypto.subtle.importKey("raw", plain(raw), AES, false, ["encrypt", "decrypt"]);
}

async function passwordKey(
	password: string,
	salt: Uint8Array,
	iterations: number,
): Promise<CryptoKey> {
	const secret = new TextEncoder().encode(password);
	const base = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveKey"]);
	const how = { name: "PBKDF2", hash: "SHA-256", salt: plain(salt), iterations };
	return crypto.subtle.deriveKey(how, base, AES, false, ["encrypt", "decrypt"]);
}

async function deviceKey(store: Store): Promise<CryptoKey> {
	const kept = await store.meta<CryptoKey>("device_key");
	if (kept !== null) return kept;
	const key = await crypto.subtle.generateKey(AES, false, ["encrypt", "decrypt"]);
	await store.putMeta("device_key", key);
	return key;
}
