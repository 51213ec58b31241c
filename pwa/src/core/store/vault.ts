/**
 * Patient documents of a PDA on disk: AES-GCM under a data key that is made of two halves' work: it is wrapped by the
 * password (PBKDF2), and again by a key of this device that cannot be exported. A copy of the disk without the device
 * gives nothing to try passwords on; who holds the unlocked device can try them, at the cost of one PBKDF2 each. Beside
 * that lies, once she has typed her PIN, the same wrapped by the PIN: five wrong ones destroy that wrap, and then only
 * the password opens. The five count for whoever goes through this app. Who can run code of their own in the unlocked
 * browser can try all million PINs, for six digits are no key: docs/sign-in.md says what follows from it.
 */
import type { Store } from "./store";

/** OWASP's figure for PBKDF2-HMAC-SHA-256; about 0.3 s on a phone. */
const ITERATIONS = 600_000;
const AES = { name: "AES-GCM", length: 256 } as const;
export const PIN_TRIES = 5;

interface Wrap {
	salt: Uint8Array;
	iterations: number;
	/** under the device key: iv ‖ (under the password's or PIN's key: iv ‖ data key) */
	wrapped: Uint8Array;
}

/** One nurse's wrapped key, and what a sign-in without the hub may show of her. */
interface KeptVault extends Wrap {
	staff: { id: string; name: string; role: string };
	/** absent until she has typed her PIN here, and after five wrong ones */
	pin?: Wrap & { tried: number };
}

export class WrongPassword extends Error {
	override name = "WrongPassword";
}

/** The PIN does not open the vault; `left` tries remain, at 0 the PIN is of no use here any more. */
export class WrongPin extends Error {
	override name = "WrongPin";
	readonly left: number;

	constructor(left: number) {
		super(`the PIN does not open this vault, ${left} tries left`);
		this.left = left;
	}
}

export class Vault {
	private readonly key: CryptoKey;
	private readonly number: string;
	readonly staff: KeptVault["staff"];

	private constructor(key: CryptoKey, number: string, staff: KeptVault["staff"]) {
		this.key = key;
		this.number = number;
		this.staff = staff;
	}

	/** The vault of a staff number, or null when this device has none. Throws WrongPassword. */
	static async unlock(store: Store, number: string, password: string): Promise<Vault | null> {
		const kept = await store.meta<KeptVault>(nameOf(number));
		if (kept === null) return null;
		try {
			return new Vault(await unwrap(store, kept, password), number, kept.staff);
		} catch {
			throw new WrongPassword("the password does not open this vault");
		}
	}

	/**
	 * The vault by PIN, or null when this device has none that opens by PIN. The try is on disk before it is made, so that
	 * a page that is closed in between has used it too. Throws WrongPin, StorageError.
	 */
	static unlockByPin(store: Store, number: string, pin: string): Promise<Vault | null> {
		return inTurn(async () => {
			const kept = await store.meta<KeptVault>(nameOf(number));
			if (kept?.pin === undefined) return null;
			const { pin: wrap, ...bare } = kept;
			const left = PIN_TRIES - wrap.tried - 1;
			const tried = { ...bare, pin: { ...wrap, tried: wrap.tried + 1 } };
			await store.putMeta(nameOf(number), tried satisfies KeptVault);
			try {
				const key = await unwrap(store, wrap, pin);
				await store.putMeta(nameOf(number), { ...bare, pin: { ...wrap, tried: 0 } });
				return new Vault(key, number, kept.staff);
			} catch {
				if (left <= 0) await store.putMeta(nameOf(number), bare);
				throw new WrongPin(Math.max(0, left));
			}
		});
	}

	/** How many PINs may still be tried for this number; 0 when the device has none. */
	static async pinTriesLeft(store: Store, number: string): Promise<number> {
		const kept = await store.meta<KeptVault>(nameOf(number));
		return kept?.pin === undefined ? 0 : PIN_TRIES - kept.pin.tried;
	}

	/** A new vault in place of any older one, whose documents can then never be read again. */
	static async create(
		store: Store,
		number: string,
		password: string,
		staff: KeptVault["staff"],
		iterations = ITERATIONS,
	): Promise<Vault> {
		const key = await crypto.subtle.generateKey(AES, true, ["encrypt", "decrypt"]);
		const wrap = await wrapKey(store, key, password, iterations);
		await store.putMeta(nameOf(number), { ...wrap, staff } satisfies KeptVault);
		return new Vault(key, number, staff);
	}

	/** From now on this PIN opens the vault too, in place of an older one. Throws StorageError. */
	setPin(store: Store, pin: string, iterations = ITERATIONS): Promise<void> {
		return inTurn(async () => {
			const wrap = await wrapKey(store, this.key, pin, iterations);
			await this.change(store, (kept) => ({ ...kept, pin: { ...wrap, tried: 0 } }));
		});
	}

	/** From now on this password opens the vault, in place of the older one; its documents stay readable. */
	setPassword(store: Store, password: string, iterations = ITERATIONS): Promise<void> {
		return inTurn(async () => {
			const wrap = await wrapKey(store, this.key, password, iterations);
			await this.change(store, (kept) => ({ ...kept, ...wrap }));
		});
	}

	private async change(store: Store, change: (kept: KeptVault) => KeptVault): Promise<void> {
		const kept = await store.meta<KeptVault>(nameOf(this.number));
		if (kept !== null) await store.putMeta(nameOf(this.number), change(kept));
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

const nameOf = (number: string): string => `vault:${number}`;

/** Tries are served one after the other: two at once would both be the fifth. */
let turn: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => Promise<T>): Promise<T> {
	const mine = turn.then(work);
	turn = mine.catch(() => {});
	return mine;
}

async function wrapKey(
	store: Store,
	key: CryptoKey,
	secret: string,
	iterations: number,
): Promise<Wrap> {
	const salt = crypto.getRandomValues(new Uint8Array(16));
	const raw = new Uint8Array(await crypto.subtle.exportKey("raw", key));
	const under = await passwordKey(secret, salt, iterations);
	const wrapped = await seal(await deviceKey(store), await seal(under, raw));
	raw.fill(0);
	return { salt, iterations, wrapped };
}

async function unwrap(store: Store, wrap: Wrap, secret: string): Promise<CryptoKey> {
	const under = await passwordKey(secret, wrap.salt, wrap.iterations);
	const raw = plain(await open(under, await open(await deviceKey(store), wrap.wrapped)));
	// Extractable in memory, for a PIN or a new password to wrap it again; on disk it never lies open.
	const key = await crypto.subtle.importKey("raw", raw, AES, true, ["encrypt", "decrypt"]);
	raw.fill(0);
	return key;
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
