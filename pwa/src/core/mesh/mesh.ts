/**
 * The ward mesh: links with the neighbours of the plan, signals by whatever way there is, and connections for talks. Facts,
 * presence and what a talk says are others': they see neighbours and peers.
 */
import { Listeners, type Listeners as Many } from "../links/link";
import type { Message } from "../protocol/messages";
import * as names from "../protocol/names";
import { allowed } from "../signalling/allowed";
import { readSignalFrame } from "../signalling/frame";
import { parseSignal, type WireSignal } from "../signalling/signals";
import type { TalkDraft, TalkSignal } from "../signalling/types";
import type { Layer } from "../terminal_types";
import { Incoming } from "./incoming";
import { LinkKeeper } from "./link_keeper";
import type { PeerLink } from "./peer_link";
import { planned } from "./plan";
import type { MeshPort } from "./port";
import { type Hop, SignalPost } from "./post";
import { Relay } from "./relay";
import { Router } from "./router";
import type { Neighbours, PeerMedia, Peers } from "./types";
import { Ways } from "./ways";

const MAX_VERSION = 64;

export class Mesh implements Neighbours, Peers {
	readonly received: Many<[terminal: string, message: Message]> = new Listeners();
	readonly changes: Many<[terminal: string, up: boolean]> = new Listeners();
	readonly signals: Many<[signal: TalkSignal]> = new Listeners();
	/** Signals that were not taken: for tests and for who looks after the ward. */
	readonly refused: Incoming["refused"];
	private readonly port: MeshPort;
	private readonly presence: string;
	private readonly incoming: Incoming;
	private readonly ways: Ways;
	private readonly router: Router;
	private readonly relay: Relay;
	private readonly keeper: LinkKeeper;
	private readonly stopTicks: () => void;
	private plan: Set<string>;
	private layer: Layer;

	constructor(port: MeshPort) {
		this.port = port;
		this.presence = names.presence(port.self.ward);
		this.layer = port.layer();
		this.plan = new Set(planned(port.self.terminal, port.directory()));
		const living = () => this.keeper.living();
		const post = new SignalPost((hop, frame) => this.sendFrame(hop, frame));
		this.incoming = new Incoming(port);
		this.refused = this.incoming.refused;
		this.ways = new Ways(port, living, (terminal) => this.channelOf(terminal) !== null);
		this.router = new Router(port, this.ways, post);
		this.relay = new Relay(port, this.incoming, post, living);
		this.keeper = new LinkKeeper({
			mesh: port,
			ways: this.ways,
			planned: () => this.plan,
			owner: {
				signal: ({ terminal }, draft, way) => this.router.send(terminal, draft, way),
				opened: (link) => this.greet(link),
				message: (link, message) => this.hear(link, message),
				malformed: ({ terminal }) => this.drop(terminal),
			},
			report: (terminal, up) => this.changes.emit(terminal, up),
		});
		this.incoming.taken.add((signal) => {
			this.keeper.take(signal);
			if (!("connection" in signal)) this.signals.emit(signal);
		});
		this.incoming.refused.add((signal, reason) => this.keeper.refuse(signal, reason));
		this.stopTicks = port.ticker.onTick(() => this.tick());
		this.presenceChanged();
	}

	alive(): string[] {
		return this.keeper.living().filter((terminal) => this.plan.has(terminal));
	}

	planned(): string[] {
		return [...this.plan].sort();
	}

	send(terminal: string, message: Message): boolean {
		const link = this.plan.has(terminal) ? this.keeper.at(terminal)?.link : null;
		return link?.alive === true && link.sendMessage(message);
	}

	drop(terminal: string): void {
		this.keeper.drop(terminal);
	}

	signal(to: string, draft: TalkDraft): void {
		if (draft.kind === "invite") this.keeper.of(to).inviter = "self";
		this.router.send(to, draft);
	}

	connect(terminal: string): Promise<PeerMedia> {
		return this.keeper.connect(terminal);
	}

	release(terminal: string): void {
		this.keeper.release(terminal);
	}

	/** What a neighbour last said of itself; null before it has. */
	neighbour(terminal: string): { session: string | null; layer: Layer; version: string } | null {
		const known = this.keeper.at(terminal);
		if (!known || known.layer === null || known.version === null) return null;
		return { session: known.session, layer: known.layer, version: known.version };
	}

	/** A stateless payload of the hub at the presence document. True when it was the mesh's. */
	receiveFromHub(payload: object): boolean {
		const { t, to } = payload as Record<string, unknown>;
		switch (t) {
			case "signal":
				for (const text of readSignalFrame(payload)?.signals ?? []) this.takeFromHub(text);
				return true;
			case "unreachable":
				for (const each of Array.isArray(to) ? to : []) {
					if (typeof each === "string") this.router.hubMissed(each);
				}
				return true;
			case "signal_refused":
				if (typeof to === "string") this.router.hubMissed(to);
				return true;
			default:
				return false;
		}
	}

	/** The hub came or went, or its presence says something new. */
	presenceChanged(): void {
		this.keeper.look();
		this.keeper.dialAll();
	}

	directoryChanged(): void {
		const { self, directory } = this.port;
		this.plan = new Set(planned(self.terminal, directory()));
		this.keeper.directoryChanged((terminal) => allowed(self.terminal, terminal, directory()));
	}

	/** The page ends: links are closed, nothing is dialled any more. */
	stop(): void {
		this.stopTicks();
		this.keeper.end();
	}

	private tick(): void {
		this.keeper.tick();
		this.router.tick();
		const layer = this.port.layer();
		if (layer === this.layer) return;
		this.layer = layer;
		for (const { link } of this.keeper.all()) if (link) this.greet(link);
	}

	/** The first frame of a channel, and again when the layer changes. */
	private greet(link: PeerLink): void {
		const { session, version } = this.port;
		const frame = { t: "neighbour", session, layer: this.port.layer(), version };
		this.sendTo(link, frame);
	}

	private hear(link: PeerLink, message: Message): void {
		if (!this.takes(link, message)) this.drop(link.terminal);
	}

	/** False for what no neighbour may send. */
	private takes(link: PeerLink, message: Message): boolean {
		if (message.type === "stateless" && message.address === this.presence) {
			const payload = readObject(message.payload);
			if (payload === null) return false;
			if (payload.t === "neighbour") return this.meets(link, payload);
			if (payload.t === "signal" && link.greeted) return this.takesFrame(link, payload);
		}
		// Whoever has not said who it is has nothing to say.
		if (!link.greeted) return false;
		if (this.plan.has(link.terminal)) this.received.emit(link.terminal, message);
		return true;
	}

	private meets(link: PeerLink, payload: Record<string, unknown>): boolean {
		const { session, layer, version } = payload;
		const isLayer = layer === 1 || layer === 2 || layer === 3 || layer === 4;
		const isVersion = typeof version === "string" && version.length <= MAX_VERSION;
		if (!isLayer || !isVersion || session !== link.session) return false;
		const neighbour = this.keeper.of(link.terminal);
		neighbour.layer = layer;
		neighbour.version = version;
		link.greeted = true;
		return true;
	}

	private takesFrame(link: PeerLink, payload: object): boolean {
		const frame = readSignalFrame(payload);
		if (frame === null) return false;
		for (const text of frame.signals) {
			const wire = readWire(text);
			// A neighbour forwards only what it could read.
			if (wire === null) return false;
			if (!this.relay.admits(link.terminal)) continue;
			if (wire.signal.to === this.port.self.terminal) this.incoming.take(wire);
			else this.relay.take(link.terminal, wire, text, frame.hops);
		}
		return true;
	}

	private takeFromHub(text: string): void {
		const wire = readWire(text);
		if (wire?.signal.to === this.port.self.terminal) this.incoming.take(wire);
	}

	private sendFrame(hop: Hop, frame: object): void {
		if ("hub" in hop) this.port.hub.send(frame);
		else {
			const link = this.channelOf(hop.link);
			if (link) this.sendTo(link, frame);
		}
	}

	private channelOf(terminal: string): PeerLink | null {
		return this.keeper.at(terminal)?.channel ?? null;
	}

	private sendTo(link: PeerLink, frame: object): void {
		const payload = JSON.stringify(frame);
		link.sendMessage({ type: "stateless", address: this.presence, payload });
	}
}

function readObject(text: string): Record<string, unknown> | null {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null && !Array.isArray(value)
			? (value as Record<string, unknown>)
			: null;
	} catch {
		return null;
	}
}

function readWire(text: string): WireSignal | null {
	try {
		return parseSignal(text);
	} catch {
		return null;
	}
}
