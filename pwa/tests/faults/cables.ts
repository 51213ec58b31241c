/**
 * The ward's cables as far as the hub: sockets and HTTP between terminals and the hub's process. TCP keeps order and loses
 * nothing while both ends live; a cable that is pulled leaves both ends open and silent.
 */
import type { Seeded } from "./seeded";
import type { Owner, VirtualTime } from "./virtual_time";

export interface Uplink {
	/** nothing arrives either way */
	cut: boolean;
	/** to the hub, or from it, nothing arrives, and nobody is told (half-open) */
	silentUp: boolean;
	silentDown: boolean;
	/** one way, ms */
	latencyMs: number;
	/** part of stateless frames that arrive twice */
	duplicated: number;
}

/** What a hub's process offers. */
export interface Listening extends Owner {
	accept(connection: HubSide): void;
	http(path: string, body: Record<string, string>): { status: number; body: object };
}

/** The hub's end of a socket. */
export interface HubSide {
	readonly terminal: string;
	onframe: (frame: Uint8Array) => void;
	/** told, or noticed by the hub's machine */
	onclose: () => void;
	send(frame: Uint8Array): void;
	close(code: number): void;
}

const CONNECT_TRIPS = 3;

export class Cables {
	readonly time: VirtualTime;
	/** the process that listens, if one does */
	hub: Listening | null = null;
	/** the hub's machine answers that nobody listens; false: it is without power, or far away */
	hubHostUp = true;
	private readonly chance: Seeded;
	private readonly uplinks = new Map<string, Uplink>();
	readonly sockets = new Set<SimSocket>();

	constructor(time: VirtualTime, chance: Seeded) {
		this.time = time;
		this.chance = chance;
	}

	uplink(terminal: string): Uplink {
		let uplink = this.uplinks.get(terminal);
		if (uplink === undefined) {
			uplink = { cut: false, silentUp: false, silentDown: false, latencyMs: 2, duplicated: 0 };
			this.uplinks.set(terminal, uplink);
		}
		return uplink;
	}

	set(terminal: string, change: Partial<Uplink>): void {
		Object.assign(this.uplink(terminal), change);
		for (const socket of this.sockets) if (socket.terminal === terminal) socket.flow();
	}

	trip(terminal: string): number {
		return this.uplink(terminal).latencyMs * (0.75 + this.chance.next() / 2);
	}

	twice(terminal: string): boolean {
		const { duplicated } = this.uplink(terminal);
		return duplicated > 0 && this.chance.chance(duplicated);
	}

	open(terminal: string, page: Owner): WebSocket {
		const socket = new SimSocket(this, terminal, page);
		this.sockets.add(socket);
		return socket as unknown as WebSocket;
	}

	/** A page's fetch. */
	fetch(terminal: string, page: Owner): typeof fetch {
		return (input, init) =>
			new Promise((resolve, reject) => {
				const refused = () => reject(new TypeError("fetch failed"));
				init?.signal?.addEventListener("abort", refused);
				const uplink = this.uplink(terminal);
				const lost = () => uplink.cut || uplink.silentUp || uplink.silentDown || !this.hubHostUp;
				const { pathname } = new URL(String(input));
				const body = JSON.parse(String(init?.body ?? "{}")) as Record<string, string>;
				this.time.schedule(
					this.trip(terminal),
					() => {
						if (lost()) return;
						const { hub } = this;
						const answer = hub === null || hub.dead ? null : hub.http(pathname, body);
						const back = () => {
							if (lost()) return;
							if (answer === null) refused();
							else resolve(answerOf(answer));
						};
						this.time.schedule(this.trip(terminal), back, page);
					},
					null,
				);
			});
	}

	/** The page was killed: its machine closes its sockets. Without power nobody is told. */
	drop(terminal: string, told: boolean): void {
		for (const socket of [...this.sockets]) {
			if (socket.terminal !== terminal) continue;
			if (told) socket.close();
			else socket.abandon();
		}
	}

	/** The hub's process is gone; `told`: its machine is not, and says so. */
	dropHub(told: boolean): void {
		this.hub = null;
		this.hubHostUp = told;
		for (const socket of [...this.sockets]) socket.hubGone(told);
	}
}

/** Response.json() of the platform goes through streams and takes tasks of its own. */
function answerOf({ status, body }: { status: number; body: object }): Response {
	const answer = { ok: status < 400, status, json: async () => body };
	return answer as unknown as Response;
}

interface Sent {
	at: number;
	deliver: () => void;
}

/** One direction of a connection: whole, in order, and held up while the cable is silent. */
class Lane {
	private readonly queue: Sent[] = [];
	private readonly time: VirtualTime;
	private readonly silent: () => boolean;
	private readonly owner: Owner;
	private last = 0;

	constructor(time: VirtualTime, owner: Owner, silent: () => boolean) {
		this.time = time;
		this.owner = owner;
		this.silent = silent;
	}

	send(trip: number, deliver: () => void): void {
		const at = Math.max(this.last, this.time.now + trip);
		this.last = at;
		this.queue.push({ at, deliver });
		this.time.schedule(at - this.time.now, () => this.flow(), this.owner);
	}

	flow(): void {
		const first = this.queue[0];
		if (first === undefined || this.silent() || first.at > this.time.now) return;
		this.queue.shift();
		first.deliver();
		const next = this.queue[0];
		if (next !== undefined && next.at <= this.time.now) {
			this.time.schedule(0, () => this.flow(), this.owner);
		}
	}

	/** The cable is back: what waited comes, an event a frame. */
	resume(): void {
		if (this.queue.length > 0) this.time.schedule(1, () => this.flow(), this.owner);
	}

	clear(): void {
		this.queue.length = 0;
	}
}

/** The hub's end. */
class HubEnd implements HubSide {
	readonly terminal: string;
	onframe: (frame: Uint8Array) => void = () => {};
	onclose: () => void = () => {};
	/** the hub holds it open */
	open = false;
	private readonly socket: SimSocket;

	constructor(socket: SimSocket) {
		this.socket = socket;
		this.terminal = socket.terminal;
	}

	send(frame: Uint8Array): void {
		if (this.open) this.socket.down(frame);
	}

	close(code: number): void {
		this.socket.closedByHub(code);
	}
}

/** A WebSocket of a page. */
class SimSocket {
	readonly terminal: string;
	binaryType = "arraybuffer";
	onopen: (() => void) | null = null;
	onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
	onclose: ((event: { code: number }) => void) | null = null;
	private readonly cables: Cables;
	private readonly page: Owner;
	private readonly end: HubEnd;
	private toHub: Lane | null = null;
	private toPage: Lane | null = null;
	/** the page holds it open */
	private open = true;

	constructor(cables: Cables, terminal: string, page: Owner) {
		this.cables = cables;
		this.terminal = terminal;
		this.page = page;
		this.end = new HubEnd(this);
		cables.time.schedule(cables.trip(terminal) * CONNECT_TRIPS, () => this.connect(), null);
	}

	send(frame: Uint8Array): void {
		const copy = frame.slice();
		const times = isStateless(copy) && this.cables.twice(this.terminal) ? 2 : 1;
		for (let each = 0; each < times; each++) {
			this.toHub?.send(this.cables.trip(this.terminal), () => {
				if (this.end.open) this.end.onframe(copy);
			});
		}
	}

	/** By the page, or by its machine when the page was killed. */
	close(): void {
		if (!this.open) return;
		this.abandon();
		this.toHub?.send(this.cables.trip(this.terminal), () => {
			if (!this.end.open) return;
			this.end.open = false;
			this.forget();
			this.end.onclose();
		});
	}

	/** Without a word. */
	abandon(): void {
		this.open = false;
		this.toPage?.clear();
		this.forget();
	}

	flow(): void {
		this.toHub?.resume();
		this.toPage?.resume();
	}

	/** A frame of the hub. */
	down(frame: Uint8Array): void {
		const times = isStateless(frame) && this.cables.twice(this.terminal) ? 2 : 1;
		for (let each = 0; each < times; each++) {
			this.toPage?.send(this.cables.trip(this.terminal), () => {
				if (this.open) this.onmessage?.({ data: frame.slice().buffer });
			});
		}
	}

	closedByHub(code: number): void {
		if (!this.end.open) return;
		this.hubGone(true, code);
	}

	/** The hub's end is no more; `told`: what is left of its machine says so. */
	hubGone(told: boolean, code = 1006): void {
		const was = this.end.open;
		this.end.open = false;
		this.toHub?.clear();
		if (told && was) this.refuse(code);
		this.forget();
	}

	private connect(): void {
		const { cables, terminal, page, end } = this;
		const { hub } = cables;
		const uplink = cables.uplink(terminal);
		const silent = uplink.cut || uplink.silentUp || uplink.silentDown;
		if (!this.open || silent || !cables.hubHostUp) return;
		if (hub === null) {
			this.refuse(1006);
			return;
		}
		end.open = true;
		this.toHub = new Lane(cables.time, hub, () => uplink.cut || uplink.silentUp);
		this.toPage = new Lane(cables.time, page, () => uplink.cut || uplink.silentDown);
		this.toPage.send(0, () => {
			if (this.open) this.onopen?.();
		});
		cables.time.schedule(0, () => hub.accept(end), hub);
	}

	private refuse(code: number): void {
		const tell = () => {
			if (!this.open) return;
			this.abandon();
			this.onclose?.({ code });
		};
		const trip = this.cables.trip(this.terminal);
		if (this.toPage) this.toPage.send(trip, tell);
		else this.cables.time.schedule(trip, tell, this.page);
	}

	private forget(): void {
		if (!this.open && !this.end.open) this.cables.sockets.delete(this);
	}
}

/** Only what the protocol may say twice is said twice: stateless frames (type 5 after the address). */
function isStateless(frame: Uint8Array): boolean {
	const length = frame[0] ?? 0;
	return frame.length > 2 && length < 128 && frame[1 + length] === 5;
}
