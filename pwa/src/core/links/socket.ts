/**
 * The link to a hub: a WebSocket that is opened again whenever it dies. An open socket can go silent without closing,
 * so life is judged by messages alone, and never by navigator.onLine (false on a LAN without a default route).
 */
import { CLOSE } from "../protocol/close_codes";
import { type Link, type LinkState, Listeners, type Ticker } from "./link";

/** The hub sends at least every 2 s. */
export const DEAD_AFTER_MS = 5_000;
const BACK_OFF_MIN_MS = 500;
const BACK_OFF_MAX_MS = 5_000;
/** Terminals of a hub that died knock at the next one spread over this, not all in one moment. */
const MOVE_WITHIN_MS = 300;
/** Codes of a hub that is alive and means this socket: the same hub is asked again. */
const STAYS = new Set<number | null>([
	CLOSE.tooBig,
	CLOSE.reset,
	CLOSE.unauthorized,
	CLOSE.forbidden,
	CLOSE.timeout,
	CLOSE.openedElsewhere,
]);

export interface SocketOptions {
	/** Addresses of hubs, tried in turn. */
	addresses: () => string[];
	/** The hub at this address has spoken. */
	reached?: (address: string) => void;
	open: (address: string) => WebSocket;
	ticker: Ticker;
	/** Monotonic, ms. */
	now: () => number;
	/** In [0, 1). */
	random: () => number;
}

export class SocketLink implements Link {
	state: LinkState = "closed";
	private readonly options: SocketOptions;
	private readonly messages = new Listeners<[Uint8Array]>();
	private readonly states = new Listeners<[LinkState, number | null]>();
	private socket: WebSocket | null = null;
	private heardAt = 0;
	private attempt = 0;
	/** Which of the addresses is tried. */
	private at = 0;
	private timer: ReturnType<typeof setTimeout> | null = null;
	private ended = false;
	private readonly stopTicks: () => void;

	constructor(options: SocketOptions) {
		this.options = options;
		this.stopTicks = options.ticker.onTick(() => this.check());
		this.connect();
	}

	send(frame: Uint8Array): boolean {
		if (this.state !== "open" || this.socket === null) return false;
		this.socket.send(frame as Uint8Array<ArrayBuffer>);
		return true;
	}

	onMessage(listener: (frame: Uint8Array) => void): () => void {
		return this.messages.add(listener);
	}

	onState(listener: (state: LinkState, code: number | null) => void): () => void {
		return this.states.add(listener);
	}

	reset(): void {
		this.lost(null);
	}

	close(): void {
		this.ended = true;
		this.stopTicks();
		this.lost(null);
	}

	private connect(): void {
		this.timer = null;
		const addresses = this.options.addresses();
		const address = addresses[this.at % addresses.length];
		if (this.ended || address === undefined) return;
		const socket = this.options.open(address);
		socket.binaryType = "arraybuffer";
		this.socket = socket;
		let spoke = false;
		this.heardAt = this.options.now();
		socket.onopen = () => {
			this.heardAt = this.options.now();
			this.become("open", null);
		};
		socket.onmessage = (event: MessageEvent<unknown>) => {
			this.heardAt = this.options.now();
			// Only a hub that talks ends the back-off: a proxy in front of a dead hub accepts too.
			if (this.attempt !== 0 || !spoke) this.options.reached?.(address);
			this.attempt = 0;
			spoke = true;
			if (event.data instanceof ArrayBuffer) this.messages.emit(new Uint8Array(event.data));
		};
		socket.onclose = (event) => this.lost(event.code);
		this.become("connecting", null);
	}

	private check(): void {
		if (this.socket !== null && this.options.now() - this.heardAt > DEAD_AFTER_MS) this.lost(null);
	}

	/** The closing of a silent socket takes its time: it is let go of at once. */
	private lost(code: number | null): void {
		const socket = this.socket;
		this.socket = null;
		if (socket !== null) {
			socket.onopen = socket.onmessage = socket.onclose = null;
			socket.close();
		}
		if (this.state !== "closed") this.become("closed", code);
		if (!this.ended && this.timer === null) {
			this.timer = setTimeout(() => this.connect(), this.pause(code));
		}
	}

	/** ms until the next try, and which address that will be at. */
	private pause(code: number | null): number {
		const count = this.options.addresses().length;
		const moves = !STAYS.has(code) && count > 1;
		if (moves) this.at = (this.at + 1) % count;
		const tries = this.attempt;
		this.attempt += 1;
		// Each address is tried once before any of them is given time.
		if (moves && tries < count - 1) return this.options.random() * MOVE_WITHIN_MS;
		const rounds = moves ? tries - (count - 1) : tries;
		const bound = Math.min(BACK_OFF_MAX_MS, BACK_OFF_MIN_MS * 2 ** rounds);
		return Math.max(BACK_OFF_MIN_MS, bound * (0.5 + this.options.random() / 2));
	}

	private become(state: LinkState, code: number | null): void {
		this.state = state;
		this.states.emit(state, code);
	}
}
