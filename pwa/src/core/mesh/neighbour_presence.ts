/**
 * Presence without the hub (rule NB10): each terminal tells its neighbours its state, and what a terminal knows of others
 * is what its own links tell it. With the hub the hub's presence holds; this one goes on being told, so that it is there
 * in the second the hub is lost.
 */
import { own } from "../calls/directory";
import type { Directory, Presence } from "../calls/types";
import { Listeners } from "../links/link";
import { readInputs } from "../presence_view";
import type { Message } from "../protocol/messages";
import * as names from "../protocol/names";
import { parseObject } from "../replica/provider";
import type { Layer, SelfInfo } from "../terminal_types";
import type { Neighbours } from "./types";

type Seen = Presence["terminals"][string];

/** A state has a dozen short values; the hub's own check allows no more. */
const MAX_PAYLOAD_CHARS = 4_096;

export interface NeighbourPresencePort {
	neighbours: Neighbours;
	self: SelfInfo;
	directory(): Directory;
	/** Hub time as far as known, ms. */
	now(): number;
}

export class NeighbourPresence {
	/** Some neighbour came, went, or tells something else. */
	readonly changes = new Listeners<[]>();
	private readonly port: NeighbourPresencePort;
	private readonly stops: (() => void)[];
	/** Every neighbour linked since the start. */
	private readonly seen = new Map<string, Seen>();
	private since: number;
	private hubThere = false;
	/** Own state as last told, JSON. */
	private state: string | null = null;

	constructor(port: NeighbourPresencePort) {
		this.port = port;
		this.since = port.now();
		const { neighbours } = port;
		this.stops = [
			neighbours.received.add((terminal, message) => this.receive(terminal, message)),
			neighbours.changes.add((terminal, up) => (up ? this.met(terminal) : this.lost(terminal))),
		];
		for (const terminal of neighbours.alive()) this.met(terminal);
	}

	/** The own state, as the awareness at the hub has it. Sent when it differs from the last. */
	tell(state: Readonly<Record<string, unknown>>): void {
		const json = JSON.stringify(state);
		if (json === this.state) return;
		this.state = json;
		for (const terminal of this.port.neighbours.alive()) this.send(terminal);
	}

	/** Whether the hub is there: absence counts from when it was lost. */
	hub(connected: boolean): void {
		if (this.hubThere && !connected) this.since = this.port.now();
		this.hubThere = connected;
	}

	/** Whether a neighbour has said that it has no hub. */
	withoutHub(terminal: string): boolean {
		const seen = this.seen.get(terminal);
		return seen?.connected === true && seen.layer !== 1;
	}

	/** What the own links tell; null for those that are told of nobody. For use without the hub. */
	read(): Presence | null {
		if (!this.mayBeTold(this.port.self.terminal)) return null;
		const planned = new Set(this.port.neighbours.planned());
		const scope = [...this.seen.keys()].filter((id) => planned.has(id)).sort();
		const terminals: Presence["terminals"] = {};
		for (const id of scope) {
			const seen = this.seen.get(id);
			if (seen) terminals[id] = seen;
		}
		return { since: this.since, scope, terminals };
	}

	close(): void {
		for (const stop of this.stops) stop();
	}

	private met(terminal: string): void {
		const seen_at = this.port.now();
		const { sound = "ok", inputs = {}, layer = 1 } = this.seen.get(terminal) ?? {};
		this.seen.set(terminal, { connected: true, seen_at, sound, inputs, layer });
		this.send(terminal);
		this.changes.emit();
	}

	private lost(terminal: string): void {
		const before = this.seen.get(terminal);
		if (before) this.seen.set(terminal, { ...before, connected: false, seen_at: this.port.now() });
		this.changes.emit();
	}

	private send(terminal: string): void {
		const { neighbours, self } = this.port;
		if (this.state === null || !this.mayBeTold(terminal)) return;
		const address = names.presence(self.ward);
		const payload = `{"t":"present","state":${this.state}}`;
		neighbours.send(terminal, { type: "stateless", address, payload });
	}

	private receive(terminal: string, message: Message): void {
		const { neighbours, self, now } = this.port;
		if (message.type !== "stateless" || message.address !== names.presence(self.ward)) return;
		const frame = parseObject(message.payload);
		if (frame?.t !== "present" || !this.mayBeTold(self.terminal)) return;
		const told = message.payload.length <= MAX_PAYLOAD_CHARS ? readState(frame, terminal) : null;
		if (told === null) {
			neighbours.drop(terminal, "malformed");
			return;
		}
		const before = this.seen.get(terminal);
		const seen: Seen = { connected: true, seen_at: now(), ...told };
		// Since when it is as it is: a trouble is as old as the state that shows it.
		if (before && same(before, seen)) seen.seen_at = before.seen_at;
		this.seen.set(terminal, seen);
		this.changes.emit();
	}

	/** Bedsides and call points announce and are told of nobody; who the directory does not know neither. */
	private mayBeTold(terminal: string): boolean {
		const { self, directory } = this.port;
		const entry = own(directory().terminals, terminal);
		const kind = terminal === self.terminal ? self.kind : entry?.kind;
		return kind !== undefined && kind !== "bedside" && kind !== "call_point";
	}
}

/** The parts of a neighbour's state that say something here; null when it is no state of that terminal. */
function readState(
	frame: Record<string, unknown>,
	terminal: string,
): Omit<Seen, "connected" | "seen_at"> | null {
	const { state } = frame;
	if (Object.keys(frame).length !== 2 || typeof state !== "object" || state === null) return null;
	const told = state as Record<string, unknown>;
	const sound = (["ok", "blocked", "muted"] as const).find((each) => each === told.sound);
	const layer = ([1, 2, 3, 4] as const).find((each): each is Layer => each === told.layer);
	if (told.terminal !== terminal || sound === undefined || layer === undefined) return null;
	return { sound, layer, inputs: readInputs(told.inputs) };
}

function same(one: Seen, other: Seen): boolean {
	const flat = ({ connected, sound, inputs, layer }: Seen) =>
		JSON.stringify([connected, sound, inputs, layer]);
	return flat(one) === flat(other);
}
