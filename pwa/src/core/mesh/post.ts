/** Wire signals on their way out: those of one turn for the same next hop go in one frame. */
import { MAX_SIGNALS, signalFrame } from "../signalling/frame";

/** A frame on a channel has at most 65,536 bytes; a wire signal at most 32,856 characters. */
const MAX_FRAME_CHARACTERS = 60_000;

/** Where a frame goes next: the hub, or the living link with a terminal. */
export type Hop = { hub: true } | { link: string };

export type SendFrame = (hop: Hop, frame: object) => void;

export class SignalPost {
	private readonly send: SendFrame;
	private readonly waiting = new Map<string, { hop: Hop; hops: number; wires: string[] }>();
	private due = false;

	constructor(send: SendFrame) {
		this.send = send;
	}

	/** `hops`: relays the wire will have gone through when it leaves here. */
	add(hop: Hop, wire: string, hops: number): void {
		const name = `${"hub" in hop ? "" : hop.link} ${hops}`;
		const known = this.waiting.get(name);
		if (known) known.wires.push(wire);
		else this.waiting.set(name, { hop, hops, wires: [wire] });
		if (this.due) return;
		this.due = true;
		queueMicrotask(() => this.flush());
	}

	private flush(): void {
		this.due = false;
		const all = [...this.waiting.values()];
		this.waiting.clear();
		for (const { hop, hops, wires } of all) {
			let batch: string[] = [];
			let size = 0;
			for (const wire of wires) {
				const full = batch.length === MAX_SIGNALS || size + wire.length > MAX_FRAME_CHARACTERS;
				if (full && batch.length > 0) {
					this.send(hop, signalFrame(batch, hops));
					batch = [];
					size = 0;
				}
				batch.push(wire);
				size += wire.length;
			}
			this.send(hop, signalFrame(batch, hops));
		}
	}
}
