/**
 * Seals bytes for this slot's disk: AES-GCM under a key that is made here once and cannot be exported. What lies in the
 * database, copied out of it or read by another origin, is not readable without that key. The browser keeps the key in
 * the same profile: against who takes the whole profile away stands the device's own encryption, not this.
 */
import type { Store } from "./store";

const AES = { name: "AES-GCM", length: 256 } as const;
const IV_BYTES = 12;

export class Sealer {
	private readonly store: Pick<Store, "meta" | "putMeta">;
	private readonly name: string;
	private key: Promise<CryptoKey> | null = null;

	/** `name`: of the key on the disk; made at the first use. */
	constructor(store: Pick<Store, "meta" | "putMeta">, name: string) {
		this.store = store;
		this.name = name;
	}

	/** iv ‖ sealed bytes. They open only with the same `about`. Throws StorageError when the key cannot be kept. */
	async seal(bytes: Uint8Array<ArrayBuffer>, about: string): Promise<Uint8Array<ArrayBuffer>> {
		const key = await this.known();
		const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
		const sealed = await crypto.subtle.encrypt(algorithm(iv, about), key, bytes);
		const out = new Uint8Array(IV_BYTES + sealed.byteLength);
		out.set(iv);
		out.set(new Uint8Array(sealed), IV_BYTES);
		return out;
	}

	/** Throws when the bytes are not whole, were sealed about something else, or under another key. */
	async open(sealed: Uint8Array<ArrayBuffer>, about: string): Promise<Uint8Array<ArrayBuffer>> {
		const key = await this.known();
		const iv = sealed.subarray(0, IV_BYTES);
		return new Uint8Array(
			await crypto.subtle.decrypt(algorithm(iv, about), key, sealed.subarray(IV_BYTES)),
		);
	}

	/** One key, whoever asks first; on the disk before anything is sealed under it. */
	private known(): Promise<CryptoKey> {
		this.key ??= this.load().catch((error: unknown) => {
			this.key = null;
			throw error;
		});
		return this.key;
	}

	private async load(): Promise<CryptoKey> {
		const kept = await this.store.meta<CryptoKey>(this.name);
		if (kept !== null) return kept;
		const key = await crypto.subtle.generateKey(AES, false, ["encrypt", "decrypt"]);
		await this.store.putMeta(this.name, key);
		return key;
	}
}

function algorithm(iv: Uint8Array<ArrayBuffer>, about: string): AesGcmParams {
	return { name: AES.name, iv, additionalData: new TextEncoder().encode(about) };
}
