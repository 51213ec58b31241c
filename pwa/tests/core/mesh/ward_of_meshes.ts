/** A ward of meshes in one process: real signatures, the fake network, a hub that only relays signals, and time by hand. */
import { vi } from "vitest";
import { readDirectory } from "../../../src/core/calls/directory";
import type { Directory } from "../../../src/core/calls/types";
import { signWith } from "../../../src/core/facts/signing";
import { publicPoint } from "../../../src/core/identity/keys";
import { Mesh } from "../../../src/core/mesh/mesh";
import type { MeshPort } from "../../../src/core/mesh/port";
import type { Message } from "../../../src/core/protocol/messages";
import type { Refusal } from "../../../src/core/signalling/signals";
import { parseSignal } from "../../../src/core/signalling/signals";
import { HUB_PARTY, type Signal, type TalkSignal } from "../../../src/core/signalling/types";
import { verify } from "../../../src/core/signalling/verify";
import type { Layer } from "../../../src/core/terminal_types";
import { FakeTicker } from "../fakes/fake_hub";
import { type Codecs, FakeNetwork } from "../fakes/fake_rtc";

export const WARD = "thoracic";
type Entry = Directory["terminals"][string];
const ENTRIES: Record<string, Pick<Entry, "kind" | "room" | "bed">> = {
	"bed-b01": { kind: "bedside", room: "r01", bed: "b01" },
	"bed-b02": { kind: "bedside", room: "r01", bed: "b02" },
	"door-r01": { kind: "door", room: "r01" },
	"door-r02": { kind: "door", room: "r02" },
	"station-main": { kind: "station" },
	"station-vice": { kind: "station" },
	"corridor-1": { kind: "corridor" },
	"pda-01": { kind: "pda" },
};

/** One page of a terminal. */
export interface Page {
	mesh: Mesh;
	port: MeshPort;
	ticker: FakeTicker;
	session: string;
	layer: Layer;
	up: [terminal: string, up: boolean][];
	heard: [terminal: string, message: Message][];
	signals: TalkSignal[];
	refused: [signal: Signal, reason: Refusal][];
}

export class WardOfMeshes {
	readonly network = new FakeNetwork((ms, work) => {
		setTimeout(work, ms);
	});
	readonly pages = new Map<string, Page>();
	readonly keys = new Map<string, CryptoKeyPair>();
	/** terminals the hub reaches; none while it is down */
	hubUp = true;
	readonly cutFromHub = new Set<string>();
	/** wires that went over the hub */
	overHub: Signal[] = [];
	/** changes a wire on its way over the hub, or loses it */
	tamper: (wire: string, signal: Signal) => string | null = (wire) => wire;
	directory = readDirectory({ ward: { id: WARD } });
	now = 0;
	private sessions = 0;
	/** signatures being made or checked: by another thread, in a time of its own */
	private busy = 0;
	private next = 1_000;

	async enrol(...terminals: string[]): Promise<void> {
		for (const id of terminals) {
			const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
				"sign",
				"verify",
			]);
			this.keys.set(id, pair);
			const entry = { ...ENTRIES[id], id, state: "active", key: await publicPoint(pair) };
			this.edit(id, entry as Partial<Entry>);
		}
	}

	/** The ward has a media relay; its signals are the test's. `known`: to the directory. */
	async openRelay(known = true): Promise<void> {
		const how = { name: "ECDSA", namedCurve: "P-256" };
		const pair = await crypto.subtle.generateKey(how, true, ["sign", "verify"]);
		this.keys.set("hub", pair);
		if (!known) return;
		const relay_key = await publicPoint(pair);
		this.directory = { ...this.directory, ward: { ...this.directory.ward, relay_key } };
		for (const { mesh } of this.pages.values()) mesh.directoryChanged();
	}

	/** Changes an entry of everyone's directory. */
	edit(id: string, change: Partial<Entry>): void {
		const terminals = { ...this.directory.terminals };
		terminals[id] = { ...terminals[id], ...change } as Entry;
		this.directory = { ...this.directory, terminals };
		for (const { mesh } of this.pages.values()) mesh.directoryChanged();
	}

	open(terminal: string, codecs?: Codecs): Page {
		const session = (++this.sessions).toString(16).padStart(16, "0");
		const pair = this.keys.get(terminal) as CryptoKeyPair;
		const { kind, room, bed } = this.directory.terminals[terminal] as Entry;
		const ticker = new FakeTicker();
		const reaches = () => this.hubUp && !this.cutFromHub.has(terminal);
		const port: MeshPort = {
			self: {
				terminal,
				kind,
				room: room ?? null,
				bed: bed ?? null,
				ward: WARD,
				name: terminal,
				profile: kind,
			},
			key: pair.privateKey,
			directory: () => this.directory,
			hub: {
				connected: reaches,
				send: (payload) => reaches() && this.relay(terminal, payload),
				present: () => (reaches() && kind !== "bedside" ? this.present() : {}),
			},
			connections: this.network.peerConnections(terminal, codecs),
			certificate: this.network.certificate(),
			iceServers: () => [],
			ticker,
			monotonic: () => this.now,
			now: () => 1_800_000_000_000 + this.now,
			random: () => 0.5,
			session,
			version: "1",
			sign: (bytes) => this.wait(signWith(pair.privateKey)(bytes)),
			verify: (...what) => this.wait(verify(...what)),
			layer: () => page.layer,
		};
		const page: Page = {
			port,
			ticker,
			session,
			layer: 1,
			up: [],
			heard: [],
			signals: [],
			refused: [],
		} as unknown as Page;
		page.mesh = new Mesh(port);
		page.mesh.changes.add((...change) => page.up.push(change));
		page.mesh.received.add((...message) => page.heard.push(message));
		page.mesh.signals.add((signal) => page.signals.push(signal));
		page.mesh.refused.add((...refusal) => page.refused.push(refusal));
		this.pages.set(terminal, page);
		this.tellPresence();
		return page;
	}

	/** The page is gone without a word. */
	kill(terminal: string): void {
		this.network.die(terminal);
		this.pages.delete(terminal);
		this.tellPresence();
	}

	tellPresence(): void {
		for (const { mesh } of this.pages.values()) mesh.presenceChanged();
	}

	page(terminal: string): Page {
		return this.pages.get(terminal) as Page;
	}

	/** Lets time go by, with a beat each second. */
	async pass(ms: number, step = 50): Promise<void> {
		for (let gone = 0; gone < ms; gone += step) {
			this.now += step;
			await vi.advanceTimersByTimeAsync(step);
			await this.settle();
			if (this.now >= this.next) {
				this.next += 1_000;
				for (const { ticker } of this.pages.values()) ticker.tick();
				await this.settle();
			}
		}
	}

	/** Passes time until it is so; the time it took, ms. */
	async until(condition: () => boolean, atMost = 30_000): Promise<number> {
		const from = this.now;
		while (!condition()) {
			if (this.now - from > atMost) throw new Error(`not so within ${atMost} ms`);
			await this.pass(50);
		}
		return this.now - from;
	}

	private async settle(): Promise<void> {
		for (let quiet = 0; quiet < 3; quiet++) {
			await new Promise((resolve) => setImmediate(resolve));
			if (this.busy > 0) quiet = 0;
		}
	}

	private async wait<T>(work: Promise<T>): Promise<T> {
		this.busy += 1;
		try {
			return await work;
		} finally {
			this.busy -= 1;
		}
	}

	linked(one: string, other: string): boolean {
		return (
			this.page(one).mesh.alive().includes(other) && this.page(other).mesh.alive().includes(one)
		);
	}

	private present(): Record<string, { session: string | null }> {
		const there = [...this.pages].filter(([id]) => !this.cutFromHub.has(id));
		return Object.fromEntries(there.map(([id, { session }]) => [id, { session }]));
	}

	private relay(sender: string, payload: object): boolean {
		const { signals, hops } = payload as { signals: string[]; hops: number };
		for (const each of signals) {
			const { signal } = parseSignal(each);
			this.overHub.push(signal);
			const wire = this.tamper(each, signal);
			if (wire === null) continue;
			const { to } = signal;
			if (to === HUB_PARTY) continue;
			setTimeout(() => {
				if (!this.hubUp) return;
				const page = this.cutFromHub.has(to) ? undefined : this.pages.get(to);
				if (page) page.mesh.receiveFromHub({ t: "signal", hops, signals: [wire] });
				else this.pages.get(sender)?.mesh.receiveFromHub({ t: "unreachable", to: [to] });
			}, 2);
		}
		return true;
	}
}
