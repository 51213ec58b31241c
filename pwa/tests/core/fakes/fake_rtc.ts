/**
 * RTCPeerConnections that meet in this process: the subset the mesh and talks use, over a network that can be cut, slowed
 * and doubled. Times of what ICE notices are those measured with real cables: disconnected after 6 s, failed after 17 s,
 * and a channel that says "open" all the while.
 */
import { FakePeerConnection } from "./fake_peer_connection";

export { FakeDataChannel } from "./fake_data_channel";
export { FakePeerConnection } from "./fake_peer_connection";
export { FakeStream, FakeTrack } from "./fake_rtc_parts";

/** Runs `work` after `ms` of whatever time the test keeps. Work of equal times runs in the order it was given. */
export type Schedule = (ms: number, work: () => void) => void;

/** How two terminals reach each other; the same both ways. */
export interface Path {
	reachable: boolean;
	/** one way, ms; a function for jitter (order is kept) */
	latencyMs: number | (() => number);
	/** part of messages that arrive twice, 0..1 */
	duplicated: number;
	/** ICE stays connected, but no message arrives */
	silent: boolean;
}

export interface Codecs {
	audio: string[];
	video: string[];
}

interface NetworkOptions {
	/** in [0, 1); for `duplicated` only */
	random?: () => number;
	/** of every new path */
	path?: Partial<Path>;
}

export class FakeNetwork {
	/** messages handed to channels, and those that were lost on the way */
	sent = 0;
	lost = 0;
	readonly connections = new Set<FakePeerConnection>();
	readonly schedule: Schedule;
	readonly random: () => number;
	private readonly standard: Path;
	private readonly paths = new Map<string, Path>();
	private readonly byUfrag = new Map<string, FakePeerConnection>();
	private made = 0;

	constructor(schedule: Schedule, { random = () => 0.5, path = {} }: NetworkOptions = {}) {
		this.schedule = schedule;
		this.random = random;
		this.standard = { reachable: true, latencyMs: 1, duplicated: 0, silent: false, ...path };
	}

	/** A page's way to make connections; `die(terminal)` ends all that its pages have made so far. */
	peerConnections(
		terminal: string,
		codecs: Codecs = { audio: ["opus"], video: ["VP8"] },
	): (config?: RTCConfiguration) => RTCPeerConnection {
		return (config) =>
			new FakePeerConnection(this, terminal, codecs, config) as unknown as RTCPeerConnection;
	}

	/** A certificate with a fingerprint of its own. */
	certificate(): RTCCertificate {
		const value = this.fingerprint();
		const certificate = {
			expires: Number.MAX_SAFE_INTEGER,
			getFingerprints: () => [{ algorithm: "sha-256", value }],
		};
		return certificate as unknown as RTCCertificate;
	}

	path(one: string, other: string): Path {
		const name = one < other ? `${one} ${other}` : `${other} ${one}`;
		let path = this.paths.get(name);
		if (path === undefined) {
			path = { ...this.standard };
			this.paths.set(name, path);
		}
		return path;
	}

	set(one: string, other: string, change: Partial<Path>): void {
		const path = this.path(one, other);
		const was = path.reachable;
		Object.assign(path, change);
		if (was !== path.reachable) this.told(one, other);
	}

	/** The cable between two is pulled. */
	cut(one: string, other: string): void {
		this.set(one, other, { reachable: false });
	}

	heal(one: string, other: string): void {
		this.set(one, other, { reachable: true });
	}

	/** The terminal's page is gone: nothing of it answers, and nobody is told. */
	die(terminal: string): void {
		for (const each of [...this.connections]) if (each.terminal === terminal) each.die();
	}

	/** Lets `ms` of sound and pictures flow through every connection, into the receivers' statistics. */
	flow(ms: number): void {
		for (const each of this.connections) each.flow(ms);
	}

	latency(one: string, other: string): number {
		const { latencyMs } = this.path(one, other);
		return typeof latencyMs === "function" ? latencyMs() : latencyMs;
	}

	id(): string {
		return (++this.made).toString(16).padStart(8, "0");
	}

	fingerprint(): string {
		const id = this.id().toUpperCase();
		const pairs = Array.from({ length: 32 }, (_, at) => id.slice((at % 4) * 2, (at % 4) * 2 + 2));
		return pairs.join(":");
	}

	register(ufrag: string, connection: FakePeerConnection): void {
		this.byUfrag.set(ufrag, connection);
	}

	forget(connection: FakePeerConnection, ufrags: Iterable<string>): void {
		this.connections.delete(connection);
		for (const ufrag of ufrags) this.byUfrag.delete(ufrag);
	}

	at(ufrag: string): FakePeerConnection | undefined {
		return this.byUfrag.get(ufrag);
	}

	private told(one: string, other: string): void {
		for (const each of [...this.connections]) {
			const peer = each.partner?.terminal ?? each.aimedAt()?.terminal;
			const concerns =
				(each.terminal === one && peer === other) || (each.terminal === other && peer === one);
			if (concerns) each.pathChanged();
		}
	}
}
