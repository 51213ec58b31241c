import { expect, test } from "vitest";
import { signWith } from "../../../src/core/facts/signing";
import { publicPoint } from "../../../src/core/identity/keys";
import { verify, verifyWith } from "../../../src/core/signalling/verify";

const ECDSA = { name: "ECDSA", namedCurve: "P-256" } as const;
const make = () => crypto.subtle.generateKey(ECDSA, false, ["sign", "verify"]);
const bytes = new TextEncoder().encode('{"a":1}');

test("a signature holds under its own key and no other (CF8)", async () => {
	const [own, foreign] = await Promise.all([make(), make()]);
	const signature = await signWith(own.privateKey)(bytes);
	const key = await publicPoint(own);
	expect(await verify(key, signature, bytes)).toBe(true);
	expect(await verifyWith(key)(signature, bytes)).toBe(true);
	expect(await verify(await publicPoint(foreign), signature, bytes)).toBe(false);
	expect(await verify(key, signature, new TextEncoder().encode('{"a":2}'))).toBe(false);
	expect(await verify(key, new Uint8Array(64), bytes)).toBe(false);
});

test("a key or signature that is none verifies nothing and throws nothing (CF8)", async () => {
	const signature = await signWith((await make()).privateKey)(bytes);
	for (const key of ["", "x", "A".repeat(87), "!".repeat(87), "B".repeat(88)]) {
		expect(await verify(key, signature, bytes)).toBe(false);
	}
	const key = await publicPoint(await make());
	for (const length of [0, 63, 65, 72]) {
		expect(await verify(key, new Uint8Array(length), bytes)).toBe(false);
	}
});
