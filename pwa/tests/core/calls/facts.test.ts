/** Fact bytes against the vectors that tests/sync/test_facts.py reads too (CF1 to CF7). */
import { describe, expect, test } from "vitest";
import {
	encodeBody,
	FactError,
	factId,
	fromWire,
	parseBody,
	toWire,
} from "../../../src/core/calls/facts";
import type { FactBody } from "../../../src/core/calls/types";
import { readVectors } from "./vectors";

const vectors = readVectors<{
	signature: string;
	bodies: { name: string; body: FactBody; canonical: string; id: string; wire: string }[];
	malformed: { name: string; text: string; reason: string }[];
	malformed_wire: { name: string; wire: string; reason: string }[];
}>("facts.json");
const signature = Uint8Array.from(vectors.signature.match(/../g) ?? [], (pair) =>
	Number.parseInt(pair, 16),
);
const bytesOf = (text: string) => new TextEncoder().encode(text);

function reasonOf(read: () => unknown): string {
	try {
		read();
	} catch (error) {
		if (error instanceof FactError) return error.reason;
		throw error;
	}
	return "none";
}

describe("a fact's bytes", () => {
	test.each(vectors.bodies)("$name", async ({ body, canonical, id, wire }) => {
		expect(encodeBody(body)).toEqual(bytesOf(canonical));
		expect(parseBody(bytesOf(canonical))).toEqual(body);
		expect(await factId(body)).toBe(id);
		expect(await factId(bytesOf(canonical))).toBe(id);
		expect(toWire(body, signature)).toBe(wire);
		expect(fromWire(wire)).toEqual({ signature, bytes: bytesOf(canonical), body });
	});

	test.each(vectors.malformed)("refused: $name", ({ text, reason }) => {
		expect(reasonOf(() => parseBody(bytesOf(text)))).toBe(reason);
	});

	test.each(vectors.malformed_wire)("refused on the wire: $name", ({ wire, reason }) => {
		expect(reasonOf(() => fromWire(wire))).toBe(reason);
	});

	test("keys that are undefined are absent; a body that is none is not encoded", () => {
		const [first] = vectors.bodies;
		if (!first) throw new Error("no bodies");
		expect(encodeBody({ ...first.body, staff: undefined })).toEqual(bytesOf(first.canonical));
		expect(reasonOf(() => encodeBody({ ...first.body, at: 1.5 }))).toBe("malformed");
		expect(reasonOf(() => toWire(first.body, new Uint8Array(63)))).toBe("malformed");
		expect(reasonOf(() => parseBody(Uint8Array.of(0xff)))).toBe("malformed");
	});
});
