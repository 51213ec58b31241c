import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SocketLink } from "../../../src/core/links/socket";
import { FakeTicker } from "../fakes/fake_hub";

class FakeSocket {
	static readonly all: FakeSocket[] = [];
	binaryType = "blob";
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: unknown }) => void) | null = null;
	onclose: ((event: { code: number }) => void) | null = null;
	closed = false;
	readonly sent: Uint8Array[] = [];
	readonly address: string;

	constructor(address: string) {
		this.address = address;
		FakeSocket.all.push(this);
	}
	send(frame: Uint8Array): void {
		this.sent.push(frame);
	}
	close(): void {
		this.closed = true;
	}
}

let now = 0;
let ticker: FakeTicker;
let link: SocketLink;
const states: [string, number | null][] = [];
const newest = () => FakeSocket.all.at(-1) as FakeSocket;

beforeEach(() => {
	vi.useFakeTimers();
	FakeSocket.all.length = 0;
	states.length = 0;
	now = 0;
	ticker = new FakeTicker();
	link = new SocketLink({
		addresses: () => ["one", "two"],
		open: (address) => new FakeSocket(address) as unknown as WebSocket,
		ticker,
		now: () => now,
		random: () => 0.5,
	});
	link.onState((state, code) => states.push([state, code]));
});
afterEach(() => {
	link.close();
	vi.useRealTimers();
});

describe("the hub's socket", () => {
	it("hands over frames both ways once it is open", () => {
		const heard: Uint8Array[] = [];
		link.onMessage((frame) => heard.push(frame));
		expect(link.send(Uint8Array.of(1))).toBe(false);
		newest().onopen?.();
		expect(link.send(Uint8Array.of(1))).toBe(true);
		newest().onmessage?.({ data: Uint8Array.of(2).buffer });
		newest().onmessage?.({ data: "text" });
		expect(heard).toEqual([Uint8Array.of(2)]);
	});

	it("gives a silent socket up after 5 s, though it says that it is open", () => {
		const first = newest();
		first.onopen?.();
		now = 5_000;
		ticker.tick();
		expect(first.closed).toBe(false);
		now = 5_001;
		ticker.tick();
		expect(first.closed).toBe(true);
		expect(states.at(-1)).toEqual(["closed", null]);
		vi.advanceTimersByTime(5_000);
		expect(newest()).not.toBe(first);
	});

	it("tells the close code and tries the next address, later each time, at most every 5 s", () => {
		const waits: number[] = [];
		for (let attempt = 0; attempt < 6; attempt++) {
			const count = FakeSocket.all.length;
			newest().onclose?.({ code: 4403 });
			let waited = 0;
			while (FakeSocket.all.length === count) {
				vi.advanceTimersByTime(125);
				waited += 125;
			}
			waits.push(waited);
		}
		expect(states[0]).toEqual(["closed", 4403]);
		expect(FakeSocket.all.map((socket) => socket.address).slice(0, 3)).toEqual([
			"one",
			"two",
			"one",
		]);
		expect(waits).toEqual([500, 750, 1_500, 3_000, 3_750, 3_750]);
	});

	it("closes for good when told", () => {
		link.close();
		vi.advanceTimersByTime(60_000);
		expect(FakeSocket.all).toHaveLength(1);
	});
});
