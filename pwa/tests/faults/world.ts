/** The simulated ward: terminals that run the real core, the hub's process and disk, the cables between them. */
import { Cables, type Uplink } from "./cables";
import { HubDisk, HubModel } from "./hub_model";
import { Journal, type Way } from "./journal";
import { Machine } from "./machine";
import { MeshCables } from "./mesh_cables";
import { Seeded } from "./seeded";
import { VirtualTime } from "./virtual_time";
import { mayKnow, planWard, type WardPlan, type WardSize } from "./ward_plan";

/** Slower than this a cable counts as disturbed. */
const QUICK_MS = 20;

export class World {
	readonly time = new VirtualTime();
	readonly chance: Seeded;
	readonly plan: WardPlan;
	readonly cables: Cables;
	readonly mesh: MeshCables;
	readonly hubDisk: HubDisk;
	readonly journal: Journal;
	readonly machines = new Map<string, Machine>();
	hub: HubModel | null = null;
	private hubHeld = false;
	/** terminals whose own cable is out */
	private readonly unplugged = new Set<string>();
	/** terminal → part of the ward that a dead switch cut off; the hub is in part 0 */
	private parts = new Map<string, number>();

	constructor(seed: string, size: WardSize, echo: ((line: string) => void) | null) {
		this.chance = new Seeded(seed);
		this.plan = planWard(size);
		this.journal = new Journal(() => this.time.now, echo);
		this.cables = new Cables(this.time, this.chance.fork("cables"));
		this.mesh = new MeshCables(this.plan, this.time, this.chance.fork("mesh"), (...who) =>
			this.journal.disturb(...who),
		);
		this.hubDisk = new HubDisk(this.plan);
		for (const planned of this.plan.terminals) {
			const { terminal: id } = planned.self;
			const machine = new Machine(
				planned,
				this.time,
				this.cables,
				this.chance.fork(id),
				this.mesh.parts(),
			);
			machine.drawn = (_machine, state) => this.journal.drawn(id, state);
			machine.disk.made = (fact, body) =>
				this.journal.made(fact, body, (document) => {
					const { layer = 4, neighbours = [] } = machine.state ?? {};
					this.journal.line(`layer ${layer} at ${id}, near ${neighbours.join(" ") || "nobody"}`);
					return this.waysFrom(id, document);
				});
			machine.disk.kept = (fact) => this.journal.durable(fact);
			this.machines.set(id, machine);
		}
	}

	machine(id: string): Machine {
		const machine = this.machines.get(id);
		if (machine === undefined) throw new Error(`no terminal ${id}`);
		return machine;
	}

	startHub(): void {
		if (this.hub !== null || this.hubHeld) return;
		this.hub = new HubModel(this.plan, this.hubDisk, this.time, this.chance.fork("hub"));
		this.cables.hub = this.hub;
		this.cables.hubHostUp = true;
		this.journal.disturb("hub");
	}

	/** Kills the hub for good, until all is healed. */
	holdHub(told: boolean): void {
		this.killHub(told);
		this.hubHeld = true;
	}

	/** `told`: the machine lives on and closes the sockets. */
	killHub(told: boolean): void {
		if (this.hub === null) return;
		this.hub.dead = true;
		this.hub = null;
		this.cables.dropHub(told);
		this.journal.disturb("hub");
	}

	kill(id: string, power: boolean): void {
		const machine = this.machine(id);
		machine.kill(power);
		this.journal.died(id, machine.disk.full, (fact) => machine.disk.tables.facts.has(fact));
		this.mesh.die(id);
		this.journal.disturb(id);
	}

	start(id: string): void {
		this.machine(id).start();
		this.journal.disturb(id);
	}

	unplug(id: string, out: boolean): void {
		if (out) this.unplugged.add(id);
		else this.unplugged.delete(id);
		this.journal.disturb(id);
		this.rewire();
	}

	/** A switch died: only terminals of one part reach each other, and the hub those of part 0. */
	split(parts: Map<string, number>): void {
		for (const id of this.machines.keys()) {
			if ((this.parts.get(id) ?? 0) !== (parts.get(id) ?? 0)) this.journal.disturb(id);
		}
		this.parts = parts;
		this.rewire();
	}

	/** The way to the hub alone. */
	uplink(id: string, change: Partial<Uplink>): void {
		this.cables.set(id, change);
		this.journal.disturb(id);
	}

	/** All cables whole, everything on. */
	heal(): void {
		this.unplugged.clear();
		this.parts = new Map();
		this.mesh.heal();
		for (const machine of this.machines.values()) {
			machine.disk.flushMs = 4;
			machine.disk.full = false;
			this.cables.set(machine.id, {
				silentUp: false,
				silentDown: false,
				latencyMs: 2,
				duplicated: 0,
			});
		}
		this.rewire();
		this.hubDisk.full = false;
		this.hubDisk.appendMs = 3;
		this.hubHeld = false;
		this.startHub();
		for (const id of this.machines.keys()) this.start(id);
	}

	private rewire(): void {
		const part = (id: string) => this.parts.get(id) ?? 0;
		for (const id of this.machines.keys()) {
			const cut = this.unplugged.has(id) || part(id) !== 0;
			if (this.cables.uplink(id).cut !== cut) this.cables.set(id, { cut });
		}
		this.mesh.rewire(
			(one, other) =>
				!this.unplugged.has(one) && !this.unplugged.has(other) && part(one) === part(other),
		);
	}

	/** How each terminal that may know of the document's calls could be reached from this one now. */
	private waysFrom(from: string, document: string): Map<string, Way> {
		const ways = new Map<string, Way>();
		const readers = [...this.machines.values()].filter(({ self }) => mayKnow(self, document));
		const byHub = new Set(readers.filter(({ id }) => this.onHub(id)).map(({ id }) => id));
		const byMesh = this.meshFrom([from], readers);
		const room = this.machine(from).self.room;
		const stations = readers.filter(({ self }) => self.kind === "station");
		const stationless = !stations.some(({ id }) => byMesh.has(id));
		const mixed = this.meshFrom(
			byHub.has(from) || overlap(byHub, byMesh) ? [from, ...byHub] : [from],
			readers,
		);
		for (const { id, self } of readers) {
			if (id === from) continue;
			if (byHub.has(from) && byHub.has(id)) ways.set(id, "hub");
			else if (byMesh.has(id) && stationless && self.room === room && room !== null)
				ways.set(id, "room");
			else if (byMesh.has(id)) ways.set(id, "mesh");
			else ways.set(id, mixed.has(id) ? "mixed" : "cut");
		}
		return ways;
	}

	private onHub(id: string): boolean {
		const { cut, silentDown, silentUp, latencyMs } = this.cables.uplink(id);
		const sound = !cut && !silentDown && !silentUp && latencyMs < QUICK_MS;
		const { state } = this.machine(id);
		const ready = this.hub !== null && !this.hubDisk.full && this.hubDisk.appendMs < QUICK_MS;
		return ready && sound && state?.layer === 1;
	}

	/** Terminals to which living links lead, by terminals that may pass the call on. */
	private meshFrom(from: readonly string[], readers: readonly Machine[]): Set<string> {
		const left = new Set(readers.map(({ id }) => id));
		const reached = new Set(from);
		const next = [...from];
		for (let id = next.pop(); id !== undefined; id = next.pop()) {
			for (const other of this.machine(id).state?.neighbours ?? []) {
				if (!left.has(other) || reached.has(other)) continue;
				const back = this.machine(other).state?.neighbours.includes(id);
				if (!back || !this.mesh.quick(id, other)) continue;
				reached.add(other);
				next.push(other);
			}
		}
		return reached;
	}
}

function overlap(one: Set<string>, other: Set<string>): boolean {
	return [...one].some((each) => other.has(each));
}
