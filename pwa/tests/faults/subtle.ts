/**
 * WebCrypto as the core uses it, over node:crypto and without a thread: every promise is settled within the turn, so that
 * a run is the same each time. Signatures are real ECDSA P-256; the same check made twice is made once.
 */
import * as node from "node:crypto";

const POINT_BYTES = 65;
const MAX_REMEMBERED = 40_000;

interface StandInKey {
	type: "public" | "private";
	/** names the pair */
	point: Uint8Array<ArrayBuffer>;
	key: node.KeyObject;
}

const points = new Map<string, node.KeyObject>();
const verdicts = new Map<string, boolean>();

/** A pair out of 32 bytes: the same bytes make the same keys. */
export function pairOf(secret: Uint8Array): CryptoKeyPair {
	const curve = node.createECDH("prime256v1");
	curve.setPrivateKey(secret);
	const raw = curve.getPublicKey();
	const point = new Uint8Array(POINT_BYTES);
	point.set(raw);
	const [x, y] = [raw.subarray(1, 33), raw.subarray(33)].map((each) => each.toString("base64url"));
	const d = Buffer.from(secret).toString("base64url");
	const jwk = { kty: "EC", crv: "P-256", x, y, d };
	const privateKey = node.createPrivateKey({ key: jwk, format: "jwk" } as never);
	return {
		privateKey: stood({ type: "private", point, key: privateKey }),
		publicKey: stood({ type: "public", point, key: publicOf(point) }),
	};
}

export const subtle = {
	async digest(_name: string, data: BufferSource): Promise<ArrayBuffer> {
		return exact(node.createHash("sha256").update(bytesOf(data)).digest());
	},
	async sign(_how: unknown, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer> {
		const how = { key: standing(key).key, dsaEncoding: "ieee-p1363" } as const;
		return exact(node.sign("sha256", bytesOf(data), how));
	},
	async verify(
		_how: unknown,
		key: CryptoKey,
		signature: BufferSource,
		data: BufferSource,
	): Promise<boolean> {
		const { point, key: handle } = standing(key);
		const [told, body] = [bytesOf(signature), bytesOf(data)];
		const name = [point.subarray(1, 17), told, body].map((each) => latin(each)).join("\n");
		let verdict = verdicts.get(name);
		if (verdict === undefined) {
			verdict = node.verify("sha256", body, { key: handle, dsaEncoding: "ieee-p1363" }, told);
			if (verdicts.size >= MAX_REMEMBERED) verdicts.clear();
			verdicts.set(name, verdict);
		}
		return verdict;
	},
	async importKey(_format: "raw", raw: BufferSource): Promise<CryptoKey> {
		const point = new Uint8Array(POINT_BYTES);
		point.set(bytesOf(raw));
		return stood({ type: "public", point, key: publicOf(point) });
	},
	async exportKey(_format: "raw", key: CryptoKey): Promise<ArrayBuffer> {
		return standing(key).point.slice().buffer;
	},
	async generateKey(): Promise<CryptoKeyPair> {
		const secret = crypto.getRandomValues(new Uint8Array(32));
		// Below the order of the curve.
		secret[0] = 0x7f;
		return pairOf(secret);
	},
};

function publicOf(point: Uint8Array): node.KeyObject {
	const name = latin(point);
	let key = points.get(name);
	if (key === undefined) {
		const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((each) =>
			Buffer.from(each).toString("base64url"),
		);
		const jwk = { kty: "EC", crv: "P-256", x, y };
		key = node.createPublicKey({ key: jwk, format: "jwk" } as never);
		points.set(name, key);
	}
	return key;
}

const stood = (key: StandInKey) => key as unknown as CryptoKey;
const standing = (key: CryptoKey) => key as unknown as StandInKey;

function bytesOf(data: BufferSource): Uint8Array {
	return data instanceof ArrayBuffer
		? new Uint8Array(data)
		: new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function exact(bytes: Buffer): ArrayBuffer {
	return Uint8Array.from(bytes).buffer;
}

function latin(bytes: Uint8Array): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
