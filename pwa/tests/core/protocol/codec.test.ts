import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CLOSE } from "../../../src/core/protocol/close_codes";
import { decode, encode } from "../../../src/core/protocol/codec";
import type { Message } from "../../../src/core/protocol/messages";
import { RemoteProtocolError } from "../../../src/core/protocol/varint";

interface GoldenFrame {
	name: string;
	dialect: string;
	hex: string;
	address: string;
	message: Record<string, unknown> & { kind: string };
}
interface MalformedFrame {
	name: string;
	dialect: string;
	hex: string;
	code: string;
	address: string | null;
}
const sync = new URL("../../../../sync/", import.meta.url);
const vectors = JSON.parse(readFileSync(new URL("vectors/frames.json", sync), "utf8")) as {
	frames: GoldenFrame[];
	malformed: MalformedFrame[];
};
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

/** The vectors' names of messages, in ours. */
const TYPES: Record<string, Message["type"]> = {
	auth_token: "token",
	auth_request: "token_request",
	auth_denied: "denied",
	auth_granted: "authenticated",
};

function expected(frame: GoldenFrame): Record<string, unknown> {
	const { kind, state_vector, update, payload, ...rest } = frame.message;
	const type = TYPES[kind] ?? kind;
	if (type === "ping" || type === "pong") return { type };
	const message: Record<string, unknown> = { type, address: frame.address, ...rest };
	if (typeof state_vector === "string") message.stateVector = bytes(state_vector);
	if (typeof update === "string") message.update = bytes(update);
	if (typeof payload === "string")
		message.payload = kind === "awareness" ? bytes(payload) : payload;
	return message;
}

describe("frames of the shared vectors", () => {
	for (const frame of vectors.frames.filter((each) => each.dialect === "hocuspocus")) {
		it(`reads and writes: ${frame.name}`, () => {
			const message = decode(bytes(frame.hex));
			expect(message).toEqual(expected(frame));
			expect(Buffer.from(encode(message)).toString("hex")).toBe(frame.hex);
		});
	}

	for (const frame of vectors.malformed.filter((each) => each.dialect === "hocuspocus")) {
		it(`refuses: ${frame.name}`, () => {
			let error: unknown;
			try {
				decode(bytes(frame.hex));
			} catch (thrown) {
				error = thrown;
			}
			expect(error).toBeInstanceOf(RemoteProtocolError);
			expect(error).toMatchObject({ code: frame.code, address: frame.address });
		});
	}

	it("reads a frame that lies inside a larger buffer", () => {
		const frame = encode({ type: "stateless", address: "d", payload: "胸外科" });
		const around = new Uint8Array(frame.length + 8);
		around.set(frame, 4);
		const inside = around.subarray(4, 4 + frame.length);
		expect(decode(inside)).toEqual({ type: "stateless", address: "d", payload: "胸外科" });
	});
});

it("close codes are those of the hub", () => {
	const python = readFileSync(new URL("ward_sync/close_codes.py", sync), "utf8");
	const codes = [...python.matchAll(/=\s*(\d{4})\b/g)].map((match) => Number(match[1]));
	expect(codes.sort()).toEqual(Object.values(CLOSE).sort());
});
