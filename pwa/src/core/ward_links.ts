/**
 * A terminal's own links to others, once it knows which terminal it is: the mesh, facts and presence over it, and talk.
 * What they mean together is terminal.ts's matter; here they are joined to each other and to the hub's socket.
 */
import type { CallRow, Directory, Trouble } from "./calls/types";
import { ApiError } from "./identity/api";
import { Gossip } from "./mesh/gossip";
import { layerOf } from "./mesh/layer";
import { LinkTroubles } from "./mesh/link_troubles";
import { Mesh } from "./mesh/mesh";
import { NeighbourPresence } from "./mesh/neighbour_presence";
import * as names from "./protocol/names";
import { type Provider, parseObject } from "./replica/provider";
import type { Running } from "./running";
import { verify } from "./signalling/verify";
import { UploadRefused } from "./talk/port";
import { Talks } from "./talk/talks";
import type { TalkControl } from "./talk/types";
import type { TerminalParts } from "./terminal_parts";
import type { Layer, SelfInfo } from "./terminal_types";

export interface LinksPort {
	self: SelfInfo;
	key: CryptoKey;
	/** this terminal in it, even before the hub has sent it */
	directory(): Directory;
	rows(): readonly CallRow[];
	/** Makes the fact about the row's calls. */
	act(act: "answered" | "ended", row: CallRow, options: { talkMs?: number }): Promise<void>;
	/** for uploads; null while there is none */
	token(): string | null;
	changed(): void;
	failed(error: unknown): void;
}

export class WardLinks {
	readonly mesh: Mesh;
	readonly gossip: Gossip;
	readonly presence: NeighbourPresence;
	readonly talks: Talks;
	/** 16 hex digits. Another place is another session: its signals are numbered anew. */
	readonly session: string;
	/** Where the terminal stands now. */
	readonly layer: () => Layer;
	private readonly running: Running;
	private readonly port: LinksPort;
	private readonly stops: (() => void)[];
	private directory: Directory | null = null;
	private readonly missing = new LinkTroubles();

	/** `connections`: how this browser makes them; whoever has none has no links. */
	constructor(
		parts: TerminalParts & { connections: NonNullable<TerminalParts["connections"]> },
		running: Running,
		port: LinksPort,
	) {
		this.running = running;
		this.port = port;
		const { self, directory, failed, changed } = port;
		const { provider, clock, identity, facts, store } = running;
		const { ticker, monotonic } = parts;
		const now = () => clock.now();
		const atPresence = names.presence(self.ward);
		this.session = parts.newId();
		let mesh: Mesh | null = null;
		this.layer = () => layerOf(self, directory(), isWithHub(provider, self), mesh?.alive() ?? []);
		mesh = new Mesh({
			self,
			key: port.key,
			directory,
			hub: {
				connected: () => provider.isJoined(atPresence),
				send: (payload) => provider.sendStateless(atPresence, payload),
				present: () => this.present(atPresence),
			},
			connections: parts.connections,
			certificate: running.certificate,
			iceServers: () => identity.iceServers,
			ticker,
			monotonic,
			now,
			random: parts.random,
			session: this.session,
			version: parts.version,
			layer: this.layer,
		});
		this.mesh = mesh;
		this.presence = new NeighbourPresence({ neighbours: mesh, self, directory, now });
		this.gossip = new Gossip({
			neighbours: mesh,
			facts,
			self,
			directory,
			verify,
			hub: {
				get connected() {
					return provider.connected;
				},
				send: (document, payload) => provider.sendStateless(document, payload),
			},
			withoutHub: (terminal) => this.presence.withoutHub(terminal),
			now,
			monotonic,
			ticker,
			failed,
		});
		this.talks = new Talks({
			self,
			get camera() {
				return directory().terminals[self.terminal]?.camera === true;
			},
			directory,
			rows: port.rows,
			peers: mesh,
			hubThere: () => provider.isJoined(atPresence),
			make: port.act,
			media: parts.media,
			now,
			monotonic,
			ticker,
			sounds: parts.sounder,
			store,
			upload: async (recording) => {
				const token = port.token();
				if (token === null) throw new Error("no token yet");
				try {
					await parts.api.putRecording(token, self.ward, recording);
				} catch (error) {
					if (isFinal(error)) throw new UploadRefused(String(error), error.code);
					throw error;
				}
			},
			refused: async (talk, reason, at) => {
				await running.refused.recording(talk, reason, at);
				changed();
			},
			talkId: parts.newId,
			failed,
		});
		const { talks, presence, gossip } = this;
		this.stops = [
			this.mesh.changes.add(changed),
			presence.changes.add(changed),
			gossip.changes.add(changed),
			talks.changes.add(changed),
			provider.contact.add((connected) => {
				presence.hub(connected);
				this.mesh.presenceChanged();
			}),
			provider.stateless.add((name, payload) => {
				if (name === atPresence) this.heardFromHub(payload);
			}),
		];
		presence.hub(provider.connected);
		void talks.askMicrophone().catch(failed);
	}

	/** The directory, the hub's presence or the rows may have changed. */
	look(): void {
		const directory = this.port.directory();
		if (directory !== this.directory) {
			this.directory = directory;
			this.mesh.directoryChanged();
		}
		this.mesh.presenceChanged();
		this.talks.boardChanged();
	}

	/** Links a station should have and has not, while the hub is there. */
	troubles(): Trouble[] {
		return this.port.self.kind === "station" ? this.lacking(() => true) : [];
	}

	/**
	 * Whether a door lacks a link that no station sees, to a bed of its room or another screen: null for who watches none. It
	 * is told as an input that is open, so that the stations show it.
	 */
	linkInput(): "ok" | "open" | null {
		const { self, directory } = this.port;
		if (self.kind !== "door") return null;
		const seen = (terminal: string) => directory().terminals[terminal]?.kind === "station";
		return this.lacking((terminal) => !seen(terminal)).length > 0 ? "open" : "ok";
	}

	private lacking(watched: (terminal: string) => boolean): Trouble[] {
		const { self, directory } = this.port;
		const { provider, clock } = this.running;
		if (!isWithHub(provider, self)) {
			this.missing.forget();
			return [];
		}
		const planned = new Set(this.mesh.planned().filter(watched));
		const there = Object.entries(this.present(names.presence(self.ward)))
			.filter(([terminal, { session }]) => session !== null && planned.has(terminal))
			.map(([terminal]) => terminal);
		return this.missing.read(there, this.mesh.alive(), directory(), clock.now());
	}

	/** The page goes, or the terminal was given another place. */
	close(): void {
		for (const stop of this.stops) stop();
		this.talks.close();
		this.gossip.close();
		this.presence.close();
		this.mesh.stop();
	}

	private heardFromHub(payload: string): void {
		const frame = parseObject(payload);
		if (frame !== null && !this.mesh.receiveFromHub(frame)) this.talks.heardFromHub(frame);
	}

	/** Who is there by the hub's presence, and in which session. */
	private present(document: string): Record<string, { session: string | null }> {
		const { provider } = this.running;
		const found: Record<string, { session: string | null }> = {};
		if (!provider.isJoined(document)) return found;
		for (const state of provider.awareness(document)?.getStates().values() ?? []) {
			const { terminal, session } = state as Record<string, unknown>;
			if (typeof terminal !== "string" || terminal === this.port.self.terminal) continue;
			found[terminal] = { session: typeof session === "string" ? session : null };
		}
		return found;
	}
}

/** Whether calls come by the hub: a hello alone brings none, before the token is there and documents are joined. */
export function isWithHub(provider: Provider, self: SelfInfo): boolean {
	return provider.connected && provider.isJoined(names.presence(self.ward));
}

/** The hub has understood and said no: asking again changes nothing. */
function isFinal(error: unknown): error is ApiError {
	const again = [401, 408, 429];
	return error instanceof ApiError && error.status < 500 && !again.includes(error.status);
}

/** The talk of a terminal whose links may not be there yet, or change with its place: then a hand does nothing. */
export function talkControl(talks: () => Talks | null): TalkControl {
	return {
		answer: async (row) => talks()?.answer(row),
		canAnswer: (row) => talks()?.canAnswer(row) ?? false,
		call: async (terminal, purpose) => talks()?.call(terminal, purpose),
		accept: async (talk) => talks()?.accept(talk),
		hangUp: async (talk) => talks()?.hangUp(talk),
		mute: (talk, muted) => talks()?.mute(talk, muted),
		hold: async (talk, held) => talks()?.hold(talk, held),
		transfer: async (talk, station) => talks()?.transfer(talk, station),
		takeTransfer: async (talk) => talks()?.takeTransfer(talk),
		setPrivacy: (on) => talks()?.setPrivacy(on),
		setDevice: async (device) => talks()?.setDevice(device),
		record: async (talk, on) => talks()?.record(talk, on),
		broadcast: async (targets) => talks()?.broadcast(targets),
		endBroadcast: async () => talks()?.endBroadcast(),
		recordBroadcast: async (on) => talks()?.recordBroadcast(on),
		recordAnnouncement: async () => talks()?.recordAnnouncement(),
		keepAnnouncement: async (name) => talks()?.keepAnnouncement(name),
		dropAnnouncement: async (id) => talks()?.dropAnnouncement(id),
		announce: async (id, targets) => talks()?.announce(id, targets),
	};
}
