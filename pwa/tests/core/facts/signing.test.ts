import { describe, expect, it } from "vitest";
import { fromWire } from "../../../src/core/calls/facts";
import type { FactBody } from "../../../src/core/calls/types";
import { nonce, signFact, signWith } from "../../../src/core/facts/signing";

const body = (): FactBody => ({
	act: "placed",
	at: 1,
	calls: [],
	clock: "hub",
	nonce: nonce(),
	room: "r01",
	source: "bed:b01",
	terminal: "bed-b01",
	type: "patient",
	ward: "w",
});

const HOW = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

function pair(): Promise<CryptoKeyPair> {
	return crypto.subtle.generateKey(HOW, false, ["sign", "verify"]);
}

function verifies(wire: string, key: CryptoKey): Promise<boolean> {
	const { signature, bytes } = fromWire(wire);
	return crypto.subtle.verify(HOW, key, signature, bytes);
}

describe("signatures of facts", () => {
	it("verify with the terminal's key and with no other, and not over a changed body", async () => {
		const [own, other] = await Promise.all([pair(), pair()]);
		const fact = await signFact(body(), signWith(own.privateKey));
		expect(await verifies(fact.wire, own.publicKey)).toBe(true);
		expect(await verifies(fact.wire, other.publicKey)).toBe(false);
		const bytes = Buffer.from(fact.wire, "base64");
		bytes.write("b02", bytes.indexOf("b01"));
		expect(await verifies(bytes.toString("base64"), own.publicKey)).toBe(false);
	});

	it("two equal presses in one millisecond are two facts", async () => {
		const sign = signWith((await pair()).privateKey);
		const [one, two] = await Promise.all([signFact(body(), sign), signFact(body(), sign)]);
		expect(one.id).not.toBe(two.id);
	});
});
