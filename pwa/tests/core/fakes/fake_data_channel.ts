/** A data channel of a faked peer connection: in order, and lost in silence where the path is cut. */
import type { FakePeerConnection } from "./fake_peer_connection";
import { Emitter } from "./fake_rtc_parts";

export class FakeDataChannel extends Emitter {
	readonly label: string;
	readonly ordered = true;
	binaryType = "arraybuffer";
	readyState: "connecting" | "open" | "closing" | "closed" = "connecting";
	bufferedAmount = 0;
	bufferedAmountLowThreshold = 0;
	onopen = null;
	onmessage = null;
	onclose = null;
	onerror = null;
	onbufferedamountlow = null;
	twin: FakeDataChannel | null = null;
	private readonly owner: FakePeerConnection;
	private readonly queue: (string | ArrayBuffer)[] = [];

	constructor(owner: FakePeerConnection, label: string) {
		super();
		this.owner = owner;
		this.label = label;
	}

	send(data: string | ArrayBuffer | ArrayBufferView): void {
		if (this.readyState !== "open") throw new Error("InvalidStateError: channel is not open");
		let copy: string | ArrayBuffer;
		if (typeof data === "string") copy = data;
		else if (data instanceof ArrayBuffer) copy = data.slice(0);
		else copy = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice().buffer;
		this.bufferedAmount += sizeOf(copy);
		this.queue.push(copy);
		const { network, terminal, partner } = this.owner;
		network.sent += 1;
		network.schedule(partner ? network.latency(terminal, partner.terminal) : 1, () =>
			this.arrive(),
		);
	}

	close(): void {
		if (this.readyState === "closed") return;
		this.readyState = "closed";
		const { twin } = this;
		const { network, terminal, partner } = this.owner;
		network.schedule(0, () => this.fire("close"));
		if (!twin || !partner) return;
		network.schedule(network.latency(terminal, partner.terminal), () => {
			if (this.owner.reaches() && twin.readyState === "open") {
				twin.readyState = "closed";
				twin.fire("close");
			}
		});
	}

	become(state: "open" | "closed"): void {
		if (this.readyState === state || this.readyState === "closed") return;
		this.readyState = state;
		this.fire(state === "open" ? "open" : "close");
	}

	/** The oldest message under way is there, or lost: the order of a channel never changes. */
	private arrive(): void {
		const data = this.queue.shift();
		if (data === undefined) return;
		this.bufferedAmount = Math.max(0, this.bufferedAmount - sizeOf(data));
		const { network, terminal, partner } = this.owner;
		const path = partner && network.path(terminal, partner.terminal);
		if (!path || path.silent || !this.owner.reaches() || this.twin?.readyState !== "open") {
			network.lost += 1;
		} else {
			this.twin.fire("message", { data });
			if (path.duplicated > 0 && network.random() < path.duplicated) {
				this.twin.fire("message", { data });
			}
		}
		if (this.bufferedAmount <= this.bufferedAmountLowThreshold) this.fire("bufferedamountlow");
	}
}

function sizeOf(data: string | ArrayBuffer): number {
	return typeof data === "string" ? data.length : data.byteLength;
}
