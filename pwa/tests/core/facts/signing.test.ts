import { describe, expect, it } from "vitest";
import type { FactBody } from "../../../src/core/calls/types";
import { nonce, signFact, signWith, verifyFact } from "../../../src/core/facts/signing";

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

async function pair(): Promise<{ keys: CryptoKeyPair; point: string }> {
	const how = { name: "ECDSA", namedCurve: "P-256" };
	const keys = await crypto.subtle.generateKey(how, false, ["sign", "verify"]);
	const raw = new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey));
	return { keys, point: Buffer.from(raw).toString("base64url") };
}

describe("signatures of facts", () => {
	it("verify with the terminal's key and with no other", async () => {
		const [own, other] = await Promise.all([pair(), pair()]);
		const fact = await signFact(body(), signWith(own.keys.privateKey));
		expect(await verifyFact(fact.wire, own.point)).toBe(true);
		expect(await verifyFact(fact.wire, other.point)).toBe(false);
	});

	it("do not verify over a changed body, nor what is no fact", async () => {
		const { keys, point } = await pair();
		const fact = await signFact(body(), signWith(keys.privateKey));
		const bytes = Buffer.from(fact.wire, "base64");
		bytes.write("b02", bytes.indexOf("b01"));
		expect(await verifyFact(bytes.toString("base64"), point)).toBe(false);
		expect(await verifyFact("nonsense", point)).toBe(false);
	});

	it("two equal presses in one millisecond are two facts", async () => {
		const { keys } = await pair();
		const sign = signWith(keys.privateKey);
		const [one, two] = await Promise.all([signFact(body(), sign), signFact(body(), sign)]);
		expect(one.id).not.toBe(two.id);
	});
});
