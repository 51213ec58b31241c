/**
 * Call facts among neighbours (rules NB of sync/SPEC.md): what this terminal makes or learns goes to every neighbour that
 * may have it, until each says that it holds it; what a neighbour sends is judged, kept and passed on. Rights are
 * fact_rights.ts, bytes fact_frames.ts, the worth of a fact fact_judge.ts, who has what fact_flows.ts; the hub's side is
 * hub_handover.ts.
 */
import { own } from "../calls/directory";
import { closingFacts } from "../calls/retention";
import type { Directory } from "../calls/types";
import type { FactStore, KnownFact, ToldFact } from "../facts/fact_store";
import { Listeners, type Ticker } from "../links/link";
import type { Message } from "../protocol/messages";
import * as names from "../protocol/names";
import type { SelfInfo } from "../terminal_types";
import { FactFlows, type Flow } from "./fact_flows";
import { type FactFrame, factFrames, heldFrames, MAX_IDS, parseFactFrame } from "./fact_frames";
import { judgeTold, type VerifyWith } from "./fact_judge";
import { mayHave, sharedDocuments } from "./fact_rights";
import { HubHandover, type HubPort } from "./hub_handover";
import { documentOf, OpenCalls } from "./open_calls";
import type { Neighbours } from "./types";

/** Presses nobody can verify, open at a time, that one link may bring. */
const MAX_UNVERIFIED = 3;
/** Frames of one link that wait to be judged. A link that is this far ahead of its listener is broken or worse. */
const MAX_QUEUED = 64;

export interface GossipPort {
	neighbours: Neighbours;
	facts: FactStore;
	self: SelfInfo;
	directory(): Directory;
	verify: VerifyWith;
	hub: HubPort;
	/** Whether a neighbour is known to be without the hub: it is told what the hub told this terminal. */
	withoutHub(terminal: string): boolean;
	/** Hub time as far as known, ms. */
	now(): number;
	monotonic(): number;
	ticker: Ticker;
	failed(error: unknown): void;
}

export class Gossip {
	/** Who holds what has changed. */
	readonly changes = new Listeners<[]>();
	private readonly port: GossipPort;
	private readonly flows = new FactFlows();
	private readonly handover: HubHandover;
	private readonly stops: (() => void)[];
	/** The frames of a link are judged one after the other. */
	private readonly queues = new Map<string, { length: number; last: Promise<void> }>();
	/** Presses taken unverified, by the neighbour that brought them. */
	private readonly unverified = new Map<string, Set<string>>();
	private readonly open: OpenCalls;
	/** Living neighbours with whom nothing is shared so far. */
	private readonly unmet = new Set<string>();
	private hubWas: boolean;

	constructor(port: GossipPort) {
		this.port = port;
		const { neighbours, facts, ticker, hub } = port;
		this.hubWas = hub.connected;
		this.handover = new HubHandover(port.self, facts, hub, port.monotonic);
		this.open = new OpenCalls(facts, port.directory, port.now);
		this.stops = [
			facts.changes.add(() => this.open.stale()),
			facts.added.add((fact, from) => this.safely(() => this.added(fact, from))),
			facts.dropped.add((fact) => this.dropped(fact)),
			neighbours.received.add((terminal, message) =>
				this.safely(() => this.receive(terminal, message)),
			),
			neighbours.changes.add((terminal, up) => {
				if (up) this.safely(() => this.meet(terminal));
				else this.left(terminal);
			}),
			ticker.onTick(() => this.safely(() => this.tick())),
		];
		for (const terminal of neighbours.alive()) this.safely(() => this.meet(terminal));
	}

	/** Terminals that said they have the fact on their disk, sorted. */
	heldBy(id: string): string[] {
		return [...(this.flows.get(id)?.holders ?? [])].sort();
	}

	/** No more of it: the terminal was given another place. */
	close(): void {
		for (const stop of this.stops) stop();
	}

	private left(terminal: string): void {
		this.flows.lost(terminal);
		this.unmet.delete(terminal);
	}

	private added(fact: KnownFact, from: "hand" | "hub"): void {
		const { neighbours, withoutHub } = this.port;
		this.open.stale();
		// The hub tells those that have it; of the others it knows nothing.
		const told = neighbours.alive().filter((each) => from === "hand" || withoutHub(each));
		for (const terminal of told) this.offer(terminal, [fact]);
	}

	private dropped(fact: KnownFact): void {
		this.flows.drop(fact.id);
		this.handover.refused(fact);
		for (const brought of this.unverified.values()) brought.delete(fact.id);
	}

	private receive(terminal: string, message: Message): void {
		if (message.type !== "stateless" || !names.isCallsDocument(message.address)) return;
		const { address: document, payload } = message;
		const { neighbours, self } = this.port;
		// Before the own directory has come nobody's rights are known.
		if (own(this.port.directory().terminals, self.terminal) === undefined) return;
		if (![self.terminal, terminal].every((each) => this.mayHave(each, document))) {
			neighbours.drop(terminal, "not_allowed");
			return;
		}
		const frame = parseFactFrame(payload);
		if (frame === null) neighbours.drop(terminal, "malformed");
		else if (frame.t === "facts") this.enqueue(terminal, document, frame.facts);
		else if (frame.t === "held") this.held(frame.by, document, frame.ids);
		else this.answerOpen(terminal, document, frame.ids);
	}

	private enqueue(terminal: string, document: string, wires: string[]): void {
		const queue = this.queues.get(terminal) ?? { length: 0, last: Promise.resolve() };
		this.queues.set(terminal, queue);
		if (queue.length >= MAX_QUEUED) {
			this.port.neighbours.drop(terminal, "too_many");
			return;
		}
		queue.length += 1;
		queue.last = queue.last
			.then(() => this.take(terminal, document, wires))
			.catch((error: unknown) => this.port.failed(error))
			.then(() => {
				queue.length -= 1;
			});
	}

	/** Judges a frame's facts; what is taken counts and goes on at once, and is answered when it is on disk. */
	private async take(terminal: string, document: string, wires: string[]): Promise<void> {
		const { facts, self, directory, verify, neighbours, now } = this.port;
		const judged = await Promise.all(
			wires.map((wire) => judgeTold(wire, document, facts, directory(), verify)),
		);
		const taken = judged.filter(
			(told): told is ToldFact => told !== null && this.accepts(terminal, told),
		);
		const news = taken.filter((told) => this.isNews(told));
		// Their old copy may have been refused where its signature could be read.
		for (const { id } of news) this.flows.drop(id);
		const kept = facts.hearFrom(taken, now()).then((ids) => {
			const held = ids.filter((id) => facts.get(id) !== null);
			this.sendAll(terminal, document, heldFrames(self.terminal, held));
		});
		// The next frame does not wait for the disk.
		kept.catch((error: unknown) => this.port.failed(error));
		for (const { id, body } of taken) {
			const flow = this.flows.of(id, document, this.port.monotonic());
			this.flows.cameFrom(flow, terminal, body.terminal === self.terminal);
		}
		const fresh = news.flatMap(({ id }) => facts.get(id) ?? []);
		for (const other of neighbours.alive()) if (other !== terminal) this.offer(other, fresh);
		this.handover.learned(fresh, this.port.withoutHub(terminal));
		// Who brings a press late may not know what became of it on this side of a cut.
		const presses = taken.filter(({ body }) => body.act === "placed").map(({ id }) => id);
		this.offer(
			terminal,
			presses.flatMap((call) => this.mattering(call)),
		);
	}

	private isNews({ id, verified }: ToldFact): boolean {
		const known = this.port.facts.get(id);
		return known === null || (verified && !known.verified);
	}

	private accepts(terminal: string, { id, wire, verified }: ToldFact): boolean {
		// The hub's word stands, whoever has not heard it yet.
		if (this.handover.isRefused(wire)) return false;
		const { facts } = this.port;
		if (verified || facts.get(id) !== null) return true;
		const brought = this.unverified.get(terminal) ?? new Set();
		this.unverified.set(terminal, brought);
		for (const each of brought) {
			const known = facts.get(each);
			// One of this very frame is not among the facts yet.
			if (known !== null && (known.verified || !this.open.has(each))) brought.delete(each);
		}
		if (brought.size >= MAX_UNVERIFIED) return false;
		brought.add(id);
		return true;
	}

	/** `by` has these on its disk; whoever brought them here is told. */
	private held(by: string, document: string, ids: readonly string[]): void {
		const { self, neighbours } = this.port;
		if (by === self.terminal || !this.mayHave(by, document)) return;
		const alive = new Set(neighbours.alive());
		const back = new Map<string, string[]>();
		let changed = false;
		for (const id of ids) {
			const flow = this.flows.get(id);
			if (flow?.document !== document || !this.flows.held(flow, by)) continue;
			changed = true;
			const source = flow.sources.find((each) => each !== by && alive.has(each));
			if (source === undefined) continue;
			const told = back.get(source);
			if (told) told.push(id);
			else back.set(source, [id]);
		}
		for (const [source, told] of back) this.sendAll(source, document, heldFrames(by, told));
		if (changed) this.changes.emit();
	}

	/** A link is there: each says what it has about its open calls, for every document both may have. */
	private meet(terminal: string): void {
		const { self, directory, facts } = this.port;
		const rooms = [...Object.keys(directory().rooms), ...this.open.rooms()];
		const shared = sharedDocuments(directory(), self.ward, self.terminal, terminal, rooms);
		// The directory may still be on its way: asked again each second.
		if (shared.length === 0) this.unmet.add(terminal);
		else this.unmet.delete(terminal);
		for (const document of shared) {
			const about = [...this.open.of(document)].flatMap((call) => facts.about(call));
			// A call of more facts than a frame names is told of in part: the rest comes once more, and is known.
			const kept = about.filter((fact) => fact.kept).map(({ id }) => id);
			const ids = [...new Set(kept)].slice(0, MAX_IDS);
			this.sendAll(terminal, document, [{ t: "open", ids }]);
		}
	}

	private answerOpen(terminal: string, document: string, ids: readonly string[]): void {
		const { facts, monotonic } = this.port;
		const open = this.open.of(document);
		const inDocument = (fact: KnownFact | null): fact is KnownFact =>
			fact !== null && documentOf(fact.body) === document;
		for (const id of ids) {
			const known = facts.get(id);
			if (!inDocument(known)) continue;
			const flow = this.flows.of(id, document, monotonic());
			// Who made it is to hear who holds it, also after its link was away.
			if (known.body.terminal === terminal) this.tellMaker(terminal, flow, known);
		}
		this.held(terminal, document, ids);
		const beyond = new Map<string, KnownFact>();
		const mine = ids.filter((id) => inDocument(facts.get(id)));
		for (const call of new Set([...open, ...mine])) {
			for (const fact of this.mattering(call)) beyond.set(fact.id, fact);
		}
		for (const id of ids) beyond.delete(id);
		this.offer(terminal, [...beyond.values()], true);
	}

	/** What a call is by: every fact about an open one, what closed one that is over; none of what is no call. */
	private mattering(call: string): KnownFact[] {
		const { facts, directory, now } = this.port;
		const about = facts.about(call);
		if (this.open.has(call)) return about;
		if (about[0]?.body.act !== "placed") return [];
		const closing = new Set(closingFacts(about, call, directory(), now()));
		return about.filter(({ id }) => closing.has(id));
	}

	private tellMaker(terminal: string, flow: Flow, fact: KnownFact): void {
		this.flows.cameFrom(flow, terminal, false);
		const holders = [...flow.holders, ...(fact.kept ? [this.port.self.terminal] : [])];
		for (const by of holders.filter((each) => each !== terminal)) {
			this.sendAll(terminal, flow.document, heldFrames(by, [flow.id]));
		}
	}

	/** Sends facts to a neighbour that may have them; `again`: it says that it has them not. */
	private offer(terminal: string, facts: readonly KnownFact[], again = false): void {
		const flows: Flow[] = [];
		for (const fact of facts) {
			const document = documentOf(fact.body);
			if (!this.mayHave(terminal, document)) continue;
			const flow = this.flows.of(fact.id, document, this.port.monotonic());
			if (again || !this.flows.has(flow, terminal)) flows.push(flow);
		}
		this.sendFlows(terminal, flows);
	}

	private sendFlows(terminal: string, flows: readonly Flow[]): void {
		const now = this.port.monotonic();
		for (const document of new Set(flows.map((flow) => flow.document))) {
			const wires: string[] = [];
			for (const flow of flows) {
				const fact = this.port.facts.get(flow.id);
				if (flow.document !== document || fact === null) continue;
				wires.push(fact.wire);
				this.flows.sent(flow, terminal, now);
			}
			this.sendAll(terminal, document, factFrames(wires));
		}
	}

	private sendAll(terminal: string, address: string, frames: readonly FactFrame[]): void {
		for (const frame of frames) {
			const payload = JSON.stringify(frame);
			if (!this.port.neighbours.send(terminal, { type: "stateless", address, payload })) return;
		}
	}

	private tick(): void {
		const { hub, neighbours, monotonic } = this.port;
		const now = monotonic();
		// What it takes to be open may turn with time.
		this.open.stale();
		this.flows.expire(now, (id) => this.concernsOpen(id));
		const alive = new Set(neighbours.alive());
		for (const [terminal, flows] of this.flows.due(now)) {
			if (alive.has(terminal)) this.sendFlows(terminal, flows);
		}
		// The hub told each of them what it told; from here on neighbours tell each other.
		const lost = this.hubWas && !hub.connected;
		for (const terminal of lost ? alive : [...this.unmet]) this.meet(terminal);
		this.hubWas = hub.connected;
		this.handover.tick();
	}

	private concernsOpen(id: string): boolean {
		const fact = this.port.facts.get(id);
		if (fact === null) return false;
		return [id, ...fact.body.calls].some((call) => this.open.has(call));
	}

	private mayHave(terminal: string, document: string): boolean {
		const { directory, self } = this.port;
		return mayHave(own(directory().terminals, terminal), document, self.ward);
	}

	/** A listener that throws would take the press with it that it was told of. */
	private safely(work: () => void): void {
		try {
			work();
		} catch (error) {
			this.port.failed(error);
		}
	}
}
