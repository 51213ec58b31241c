/** A clip over a channel: whole, in order, with a bounded buffer; anything that does not fit ends it. */
import { describe, expect, it } from "vitest";
import {
	ClipError,
	ClipReader,
	MAX_CLIP_BYTES,
	PIECE_BYTES,
	sendClip,
} from "../../../src/core/talk/clip";
import { FakeChannel } from "./fake_peers";

const TALK = "0".repeat(16);
const bytes = Uint8Array.from({ length: MAX_CLIP_BYTES }, (_, at) => at % 253);
const clip = { type: "audio/webm;codecs=opus", bytes };

function channels(): [FakeChannel, FakeChannel] {
	const [mine, theirs] = [new FakeChannel("clip"), new FakeChannel("clip")];
	mine.other = theirs;
	theirs.other = mine;
	return [mine, theirs];
}

describe("a clip that is sent", () => {
	it("arrives whole, and never fills the buffer of a slow receiver", async () => {
		const [mine, theirs] = channels();
		const reader = new ClipReader(TALK);
		const come = new Promise<Uint8Array>((resolve) => {
			theirs.addEventListener("message", (event) => {
				const whole = reader.take((event as MessageEvent).data);
				if (whole !== null) resolve(whole.bytes);
			});
		});
		await sendClip(mine.real, TALK, clip);
		expect(await come).toEqual(bytes);
		expect(mine.fullest).toBeLessThanOrEqual(131_072 + 2 * PIECE_BYTES);
	});

	it("waits while nothing leaves, and gives up when the channel is closed", async () => {
		const [mine] = channels();
		mine.stuck = true;
		const sent = sendClip(mine.real, TALK, clip);
		await Promise.resolve();
		expect(mine.bufferedAmount).toBeLessThan(MAX_CLIP_BYTES / 2);
		mine.close();
		await expect(sent).rejects.toThrow(ClipError);
		mine.stuck = false;
	});
});

describe("a clip that comes", () => {
	const head = (over: object = {}) =>
		JSON.stringify({ talk: TALK, type: "audio/webm", bytes: 4, ...over });
	const piece = (length: number) => new ArrayBuffer(length);

	it.each([
		["no head", [piece(4)]],
		["no JSON", ["{"]],
		["a list", ["[]"]],
		["another talk", [head({ talk: "1".repeat(16) })]],
		["no sound", [head({ type: "text/html" })]],
		["no size", [head({ bytes: 0 })]],
		["half a byte", [head({ bytes: 1.5 })]],
		["too much", [head({ bytes: MAX_CLIP_BYTES + 1 })]],
		["text between", [head(), "more"]],
		["an empty piece", [head(), piece(0)]],
		["more than it said", [head(), piece(5)]],
		["a long head", [head({ type: `audio/webm;${" ".repeat(2_000)}` })]],
	])("ends at %s", (_what, messages) => {
		const reader = new ClipReader(TALK);
		expect(() => {
			for (const message of messages) reader.take(message);
		}).toThrow(ClipError);
	});

	it("is there with its last piece", () => {
		const reader = new ClipReader(TALK);
		expect(reader.take(head())).toBeNull();
		expect(reader.take(piece(3))).toBeNull();
		expect(reader.take(piece(1))?.bytes.length).toBe(4);
	});
});
