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

/** Closes one socket after the other and tells how long each next one took, in steps of 125 ms. */
function sixWaits(code: number): number[] {
	const waits: number[] = [];
	for (let attempt = 0; attempt < 6; attempt++) {
		const count = FakeSocket.all.length;
		newest().onclose?.({ code });
		let waited = 0;
		while (FakeSocket.all.length === count) {
			vi.advanceTimersByTime(125);
			waited += 125;
		}
		waits.push(waited);
	}
	return waits;
}

let now = 0;
const reached: string[] = [];
let ticker: FakeTicker;
let link: SocketLink;
const states: [string, number | null][] = [];
const newest = () => FakeSocket.all.at(-1) as FakeSocket;

beforeEach(() => {
	vi.useFakeTimers();
	FakeSocket.all.length = 0;
	states.length = 0;
	reached.length = 0;
	now = 0;
	ticker = new FakeTicker();
	link = new SocketLink({
		addresses: () => ["one", "two"],
		reached: (address) => reached.push(address),
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

	it("tells the close code and asks the hub that closed it again, later each time, at most every 5 s", () => {
		const waits = sixWaits(4403);
		expect(states[0]).toEqual(["closed", 4403]);
		expect(new Set(FakeSocket.all.map((socket) => socket.address))).toEqual(new Set(["one"]));
		expect(waits).toEqual([500, 750, 1_500, 3_000, 3_750, 3_750]);
	});

	it("goes to the next address at once when a hub is gone, and waits only when all were tried (MH9, MH11)", () => {
		const waits = sixWaits(1012);
		expect(FakeSocket.all.map((socket) => socket.address).slice(0, 4)).toEqual([
			"one",
			"two",
			"one",
			"two",
		]);
		expect(waits).toEqual([250, 500, 750, 1_500, 3_000, 3_750]);
	});

	it("stays where it was heard until that is lost, and says where it is", () => {
		newest().onmessage?.({ data: new ArrayBuffer(1) });
		newest().onclose?.({ code: 1006 });
		vi.advanceTimersByTime(300);
		expect(newest().address).toBe("two");
		newest().onmessage?.({ data: new ArrayBuffer(1) });
		newest().onmessage?.({ data: new ArrayBuffer(1) });
		expect(reached).toEqual(["one", "two"]);
		newest().onclose?.({ code: 4205 });
		vi.advanceTimersByTime(5_000);
		expect(newest().address).toBe("two");
		newest().onmessage?.({ data: new ArrayBuffer(1) });
		newest().onclose?.({ code: 1006 });
		vi.advanceTimersByTime(300);
		expect(newest().address).toBe("one");
	});

	it("leaves a hub that is silent for the next one within 5.5 s", () => {
		newest().onmessage?.({ data: new ArrayBuffer(1) });
		now = 5_001;
		ticker.tick();
		vi.advanceTimersByTime(300);
		expect(newest().address).toBe("two");
	});

	it("closes for good when told", () => {
		link.close();
		vi.advanceTimersByTime(60_000);
		expect(FakeSocket.all).toHaveLength(1);
	});
});
