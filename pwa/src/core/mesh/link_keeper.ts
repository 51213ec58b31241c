/**
 * Keeps the links of the plan: dials who is there, replaces what died and what belongs to an older page, and makes connections
 * for talks. A dead connection is held until another one lives: the old one may heal by itself, and costs nothing.
 */
import { own } from "../calls/directory";
import { nonce } from "../facts/signing";
import type { Refusal } from "../signalling/signals";
import { type ConnectionSignal, HUB_PARTY, type Signal } from "../signalling/types";
import { Neighbour } from "./neighbour";
import { type LinkOwner, PeerLink } from "./peer_link";
import { dials } from "./plan";
import type { MeshPort } from "./port";
import { type PeerMedia, PeerUnreachable } from "./types";
import type { Ways } from "./ways";

/** A dial or an ICE restart that has not brought the link up by then will not. */
const ATTEMPT_MS = 5_000;
/** An incoming connection that never lived. */
const STILLBORN_MS = 10_000;
/** A link has proved itself. */
const PROVED_MS = 10_000;
/** Bad frames or a foreign fingerprint: not again before this. */
const REFUSED_MS = 30_000;
/** A talk reaches the other within this, or not. */
const CONNECT_MS = 5_000;
/** Who was invited waits so long for the other's dial. */
const INVITED_WAITS_MS = 2_000;
/** A connection nobody talks over, of two that hold no link. */
const IDLE_MS = 30_000;
/** While the hub is here but does not see a terminal: it may have lost only the hub. */
const LOST_LATELY_MS = 120_000;
/** What is last said over a link is signed and gone by then. */
const LINGER_MS = 500;
/** Dials at once: a station has 77 neighbours, and each dial costs its page some 20 ms. */
const MAX_ATTEMPTS = 12;

export interface KeeperPort {
	mesh: MeshPort;
	ways: Ways;
	planned: () => ReadonlySet<string>;
	/** What links say; `closed` and `changed` come here first. */
	owner: Omit<LinkOwner, "monotonic" | "around" | "changed" | "closed">;
	/** A planned neighbour's link lives, or no longer does. */
	report: (terminal: string, up: boolean) => void;
}

export class LinkKeeper {
	private readonly port: KeeperPort;
	private readonly mesh: MeshPort;
	private readonly neighbours = new Map<string, Neighbour>();
	private readonly owner: LinkOwner;
	private ended = false;

	constructor(port: KeeperPort) {
		this.port = port;
		this.mesh = port.mesh;
		this.owner = {
			...port.owner,
			monotonic: () => this.mesh.monotonic(),
			around: ({ terminal }) => port.ways.around(terminal),
			changed: (link) => this.linkChanged(link),
			closed: (link, { reason, told, lingers }) => {
				if (lingers) this.linger(link);
				this.linkClosed(link, told && reason === "fingerprint" ? REFUSED_MS : 0);
			},
		};
	}

	/** Terminals whose channel lives, whether of the plan or for a talk; sorted. The media relay has none. */
	living(): string[] {
		const found: string[] = [];
		for (const { terminal, link } of this.neighbours.values())
			if (link?.alive && !link.isMediaOnly) found.push(terminal);
		return found.sort();
	}

	at(terminal: string): Neighbour | undefined {
		return this.neighbours.get(terminal);
	}

	of(terminal: string): Neighbour {
		let known = this.neighbours.get(terminal);
		if (!known) {
			known = new Neighbour(terminal);
			this.neighbours.set(terminal, known);
		}
		return known;
	}

	all(): IterableIterator<Neighbour> {
		return this.neighbours.values();
	}

	/** Each second. */
	tick(): void {
		const now = this.mesh.monotonic();
		this.look();
		for (const neighbour of this.neighbours.values()) {
			for (const link of neighbour.links()) link.tick();
			this.tidy(neighbour, now);
			const late = neighbour.waiting.filter(({ since }) => now - since >= CONNECT_MS);
			neighbour.waiting = neighbour.waiting.filter((each) => !late.includes(each));
			for (const { reject } of late) reject(new PeerUnreachable(neighbour.terminal));
		}
		this.dialAll();
	}

	/** Sessions as the hub's presence names them now. */
	look(): void {
		for (const [terminal, { session }] of Object.entries(this.mesh.hub.present())) {
			if (session === null || terminal === this.mesh.self.terminal) continue;
			if (!this.port.planned().has(terminal) && !this.neighbours.has(terminal)) continue;
			const neighbour = this.of(terminal);
			const before = neighbour.sessionPresent;
			if (before === session) continue;
			neighbour.sessionPresent = session;
			// The first sight of it may be older than what its own signals said.
			if (before !== null || neighbour.session === null) this.meet(neighbour, session);
		}
	}

	/** Dials everyone who should be dialled now. */
	dialAll(): void {
		if (this.ended) return;
		const now = this.mesh.monotonic();
		const { hub } = this.mesh;
		const present = hub.connected() ? hub.present() : null;
		let attempts = 0;
		for (const { attempt } of this.neighbours.values()) if (attempt) attempts += 1;
		for (const terminal of this.port.planned()) this.of(terminal);
		for (const neighbour of this.neighbours.values()) {
			const forTalk = neighbour.waiting.length > 0 && this.mayDialForTalk(neighbour, now);
			if (!forTalk && (attempts >= MAX_ATTEMPTS || !this.isDue(neighbour, now, present))) continue;
			if (neighbour.attempt !== null || neighbour.link?.alive) continue;
			if (neighbour.terminal === HUB_PARTY || !this.port.ways.around(neighbour.terminal)) continue;
			this.dial(neighbour);
			attempts += 1;
		}
	}

	/** The connection for a talk. Throws PeerUnreachable after 5 s. */
	async connect(terminal: string): Promise<PeerMedia> {
		const neighbour = this.of(terminal);
		neighbour.talks += 1;
		try {
			if (terminal === HUB_PARTY) return await this.connectHub(neighbour);
			if (neighbour.link?.alive) return neighbour.link;
			return await new Promise((resolve, reject) => {
				neighbour.waiting.push({ since: this.mesh.monotonic(), resolve, reject });
				this.dialAll();
			});
		} catch (error) {
			this.release(terminal);
			throw error;
		}
	}

	release(terminal: string): void {
		const neighbour = this.neighbours.get(terminal);
		if (!neighbour || neighbour.talks === 0) return;
		neighbour.talks -= 1;
		if (neighbour.talks > 0) return;
		if (this.port.planned().has(terminal)) neighbour.link?.quiet();
		else for (const link of neighbour.links()) link.close("closed", "tell");
	}

	/** A verified signal about a connection, or of a talk: its session counts either way. */
	take(signal: Signal): void {
		const neighbour = this.of(signal.from);
		this.meet(neighbour, signal.session);
		if (signal.kind === "invite") neighbour.inviter = "other";
		if (!("connection" in signal)) return;
		const link = neighbour.links().find(({ connection }) => connection === signal.connection);
		if (link) link.take(signal);
		else if (signal.kind === "description" && signal.type === "offer") {
			this.answer(neighbour, signal);
		}
	}

	/** A verified signal that was not taken: a foreign fingerprint ends the connection. */
	refuse(signal: Signal, reason: Refusal): void {
		if (reason !== "fingerprint" || !("connection" in signal)) return;
		const neighbour = this.of(signal.from);
		const { connection } = signal;
		this.bar(neighbour);
		const link = neighbour.links().find((each) => each.connection === connection);
		if (link) link.close("fingerprint", "tell");
		else this.say(neighbour, connection, "fingerprint");
	}

	/** Bad frames: this link and no other. */
	drop(terminal: string): void {
		const neighbour = this.neighbours.get(terminal);
		if (!neighbour) return;
		this.bar(neighbour);
		for (const link of neighbour.links()) link.close("closed", "tell");
	}

	/** Links the directory no longer allows are closed, new ones dialled. */
	directoryChanged(allowed: (terminal: string) => boolean): void {
		for (const neighbour of [...this.neighbours.values()]) {
			const { terminal, talks } = neighbour;
			if (!allowed(terminal) || (talks === 0 && !this.port.planned().has(terminal))) {
				for (const link of neighbour.links()) link.close("closed", "tell");
			}
			this.report(neighbour);
		}
		this.dialAll();
	}

	/** The page ends. */
	end(): void {
		this.ended = true;
		for (const neighbour of this.neighbours.values()) {
			for (const link of neighbour.links()) link.close("closed", "silently");
			neighbour.lingering?.link.shut();
		}
	}

	private async connectHub(neighbour: Neighbour): Promise<PeerMedia> {
		if (neighbour.link !== null) return neighbour.link;
		if (!this.mesh.hub.connected()) throw new PeerUnreachable(HUB_PARTY);
		if (neighbour.inviter !== "other") {
			neighbour.link = this.make(neighbour, nonce(), true);
			return neighbour.link;
		}
		return new Promise((resolve, reject) => {
			neighbour.waiting.push({ since: this.mesh.monotonic(), resolve, reject });
		});
	}

	private mayDialForTalk({ inviter, waiting, link }: Neighbour, now: number): boolean {
		const [first] = waiting;
		// The other is just dialling.
		if (link !== null && link.downSince === null && now - link.bornAt < INVITED_WAITS_MS)
			return false;
		return inviter !== "other" || (first !== undefined && now - first.since >= INVITED_WAITS_MS);
	}

	/** `present`: as the hub tells it, or null without the hub. */
	private isDue(
		neighbour: Neighbour,
		now: number,
		present: Record<string, { session: string | null }> | null,
	): boolean {
		const { terminal, link, dialAt, session, lastAliveAt } = neighbour;
		const { self, directory } = this.mesh;
		if (now < dialAt || now < neighbour.refusedUntil) return false;
		if (!this.port.planned().has(terminal)) return false;
		if (!dials(self.terminal, terminal, directory())) return false;
		if (link !== null && now - (link.downSince ?? link.bornAt) < ATTEMPT_MS) return false;
		if (present === null) return session !== null;
		if (own(present, terminal)?.session != null) return true;
		return lastAliveAt !== null && now - lastAliveAt < LOST_LATELY_MS;
	}

	private dial(neighbour: Neighbour): void {
		neighbour.attempt = this.make(neighbour, nonce(), true);
	}

	private make(neighbour: Neighbour, connection: string, dialled: boolean): PeerLink {
		const { certificate, iceServers, connections } = this.mesh;
		const pc = connections({
			iceServers: iceServers(),
			bundlePolicy: "max-bundle",
			...(certificate && { certificates: [certificate] }),
		});
		const { terminal } = neighbour;
		return new PeerLink({ terminal, connection, dialled, session: null, pc, owner: this.owner });
	}

	/** An offer that names a new connection. */
	private answer(neighbour: Neighbour, signal: ConnectionSignal): void {
		const { attempt } = neighbour;
		if (this.mesh.monotonic() < neighbour.refusedUntil) {
			this.say(neighbour, signal.connection, "closed");
			return;
		}
		if (attempt !== null) {
			// Both dialled at once: who dials by the plan's rule keeps its own (SG20).
			const { self, directory } = this.mesh;
			if (dials(self.terminal, neighbour.terminal, directory())) return;
			neighbour.attempt = null;
			attempt.close("closed", "silently");
		}
		const before = neighbour.link;
		neighbour.link = null;
		before?.close("closed", "silently");
		this.report(neighbour);
		const link = this.make(neighbour, signal.connection, false);
		neighbour.link = link;
		link.take(signal);
		if (link.isMediaOnly) this.ready(neighbour, link);
	}

	private linkChanged(link: PeerLink): void {
		const neighbour = this.of(link.terminal);
		if (link.alive) {
			if (neighbour.attempt === link) {
				const before = neighbour.link;
				neighbour.attempt = null;
				neighbour.link = null;
				before?.close("closed", "silently");
				this.report(neighbour);
				neighbour.link = link;
			} else if (neighbour.link === link && neighbour.attempt !== null) {
				// The old one healed while a new one was being made.
				const { attempt } = neighbour;
				neighbour.attempt = null;
				attempt.close("closed", "tell");
			}
			if (neighbour.link === link) this.ready(neighbour, link);
		}
		this.report(neighbour);
		if (link.alive) this.dialAll();
	}

	private linger(link: PeerLink): void {
		const neighbour = this.of(link.terminal);
		neighbour.lingering?.link.shut();
		neighbour.lingering = { link, since: this.mesh.monotonic() };
	}

	private linkClosed(link: PeerLink, late: number): void {
		const neighbour = this.neighbours.get(link.terminal);
		if (!neighbour) return;
		const now = this.mesh.monotonic();
		if (neighbour.attempt === link) neighbour.attempt = null;
		else if (neighbour.link === link) neighbour.link = null;
		// It was let go of already, for a better one.
		else return;
		neighbour.failed(now, this.mesh.random());
		neighbour.dialAt = Math.max(neighbour.dialAt, now + late);
		this.report(neighbour);
	}

	private ready(neighbour: Neighbour, link: PeerLink): void {
		const { waiting } = neighbour;
		neighbour.waiting = [];
		for (const { resolve } of waiting) resolve(link);
	}

	private report(neighbour: Neighbour): void {
		const { terminal, link } = neighbour;
		const up = this.port.planned().has(terminal) && link?.alive === true;
		if (link?.alive) neighbour.lastAliveAt = this.mesh.monotonic();
		if (up === neighbour.reported) return;
		neighbour.reported = up;
		this.port.report(terminal, up);
	}

	/** A new page of the neighbour: what belonged to the old one is over. */
	private meet(neighbour: Neighbour, session: string): void {
		if (neighbour.session === session || neighbour.ended.has(session)) return;
		const isFirst = neighbour.session === null;
		neighbour.renewed(session);
		for (const link of neighbour.links()) {
			if (link.session === null || link.session === session) continue;
			if (neighbour.link === link) neighbour.link = null;
			if (neighbour.attempt === link) neighbour.attempt = null;
			link.close("closed", "silently");
		}
		this.report(neighbour);
		// Of the first session is heard by presence, or by its own offer: the next beat is soon enough.
		if (!isFirst) this.dialAll();
	}

	private tidy(neighbour: Neighbour, now: number): void {
		const { link, attempt, talks, terminal, lingering } = neighbour;
		if (lingering && now - lingering.since >= LINGER_MS) {
			neighbour.lingering = null;
			lingering.link.shut();
		}
		if (attempt && now - attempt.bornAt >= ATTEMPT_MS) attempt.close("lost", "tell");
		if (link === null) return;
		if (link.alive) neighbour.lastAliveAt = now;
		if (link.aliveSince !== null && now - link.aliveSince >= PROVED_MS) neighbour.proved();
		const born = now - link.bornAt;
		const stillborn = link.aliveSince === null && link.downSince === null && born >= STILLBORN_MS;
		const idle = talks === 0 && !this.port.planned().has(terminal) && born >= IDLE_MS;
		if (stillborn && !(link.isMediaOnly && talks > 0)) link.close("lost", "tell");
		else if (idle) link.close("closed", "tell");
		else if (link.hopeless) link.close("lost", "silently");
	}

	private bar(neighbour: Neighbour): void {
		neighbour.refusedUntil = this.mesh.monotonic() + REFUSED_MS;
	}

	private say(neighbour: Neighbour, connection: string, reason: "closed" | "fingerprint"): void {
		const { terminal } = neighbour;
		this.owner.signal({ terminal } as PeerLink, { kind: "close", connection, reason }, 0);
	}
}
