/** What goes wrong, at random times: each fault has its end, so that the ward is whole again by itself or at the last. */
import type { Seeded } from "./seeded";
import type { World } from "./world";

/** A fault that begins; returns what ends it, or null when it could not happen now. */
type Fault = (
	world: World,
	chance: Seeded,
) => { detail: string; ms: number; end: () => void } | null;

const some = (world: World, chance: Seeded) => chance.pick([...world.machines.keys()]);

const FAULTS: Record<string, readonly [weight: number, fault: Fault]> = {
	"cable out": [
		10,
		(world, chance) => {
			const id = some(world, chance);
			world.unplug(id, true);
			return { detail: id, ms: chance.whole(800, 45_000), end: () => world.unplug(id, false) };
		},
	],
	"switch dead": [
		9,
		(world, chance) => {
			const parts = partsOf(world, chance);
			world.split(parts);
			const detail = [...parts].map(([id, part]) => `${id}=${part}`).join(" ");
			return { detail, ms: chance.whole(3_000, 60_000), end: () => world.split(new Map()) };
		},
	],
	"hub silent": [
		6,
		(world, chance) => {
			const id = some(world, chance);
			const how = chance.pick([
				{ silentUp: true },
				{ silentDown: true },
				{ silentUp: true, silentDown: true },
			]);
			world.uplink(id, how);
			const end = () => world.uplink(id, { silentUp: false, silentDown: false });
			return { detail: `${id} ${Object.keys(how)}`, ms: chance.whole(1_000, 25_000), end };
		},
	],
	"hub slow": [
		4,
		(world, chance) => {
			const id = some(world, chance);
			world.uplink(id, { latencyMs: chance.whole(100, 1_800) });
			const end = () => world.uplink(id, { latencyMs: 2 });
			return { detail: id, ms: chance.whole(2_000, 30_000), end };
		},
	],
	"frames twice": [
		4,
		(world, chance) => {
			const id = some(world, chance);
			world.uplink(id, { duplicated: 0.5 });
			const end = () => world.uplink(id, { duplicated: 0 });
			return { detail: id, ms: chance.whole(5_000, 40_000), end };
		},
	],
	"hub killed": [
		5,
		(world, chance) => {
			if (world.hub === null) return null;
			const told = chance.chance(0.6);
			world.killHub(told);
			const detail = told ? "process" : "power";
			return { detail, ms: chance.whole(500, 70_000), end: () => world.startHub() };
		},
	],
	"hub killed before it answered": [
		4,
		(world, chance) => {
			const { hub } = world;
			if (hub === null) return null;
			// Dies with the next fact that is durable, and comes back by itself.
			hub.appended = () => {
				if (world.hub !== hub) return;
				world.killHub(chance.chance(0.5));
				world.time.schedule(chance.whole(300, 20_000), () => world.startHub(), null);
			};
			return { detail: "armed", ms: 0, end: () => {} };
		},
	],
	"hub full": [
		2,
		(world, chance) => {
			world.hubDisk.full = true;
			world.journal.disturb("hub");
			const end = () => {
				world.hubDisk.full = false;
				world.journal.disturb("hub");
			};
			return { detail: "", ms: chance.whole(3_000, 25_000), end };
		},
	],
	"hub disk slow": [
		2,
		(world, chance) => {
			world.hubDisk.appendMs = chance.whole(100, 900);
			world.journal.disturb("hub");
			const end = () => {
				world.hubDisk.appendMs = 3;
				world.journal.disturb("hub");
			};
			return { detail: "", ms: chance.whole(3_000, 15_000), end };
		},
	],
	"page killed": [
		8,
		(world, chance) => {
			const id = some(world, chance);
			if (world.machine(id).page === null) return null;
			const power = chance.chance(0.4);
			world.kill(id, power);
			const end = () => world.start(id);
			return { detail: `${id} ${power ? "power" : "page"}`, ms: chance.whole(200, 30_000), end };
		},
	],
	"disk slow": [
		4,
		(world, chance) => {
			const id = some(world, chance);
			const { disk } = world.machine(id);
			disk.flushMs = chance.whole(50, 700);
			world.journal.disturb(id);
			const end = () => {
				disk.flushMs = 4;
				world.journal.disturb(id);
			};
			return { detail: id, ms: chance.whole(3_000, 25_000), end };
		},
	],
	"disk full": [
		1,
		(world, chance) => {
			const id = some(world, chance);
			const { disk } = world.machine(id);
			disk.full = true;
			world.journal.disturb(id);
			const end = () => {
				disk.full = false;
				world.journal.disturb(id);
			};
			return { detail: id, ms: chance.whole(2_000, 15_000), end };
		},
	],
	"clock set": [
		2,
		(world, chance) => {
			const machine = world.machine(some(world, chance));
			machine.skewMs += chance.whole(-90_000, 90_000);
			return { detail: machine.id, ms: 0, end: () => {} };
		},
	],
	"link cut": [8, (world, chance) => world.mesh.fault(chance, { reachable: false }, 40_000)],
	"link silent": [5, (world, chance) => world.mesh.fault(chance, { silent: true }, 25_000)],
	"link slow": [
		4,
		(world, chance) => world.mesh.fault(chance, { latencyMs: chance.whole(80, 1_500) }, 30_000),
	],
	"link twice": [4, (world, chance) => world.mesh.fault(chance, { duplicated: 0.5 }, 30_000)],
};

/** A room by itself, or the ward in two without regard to rooms. */
function partsOf(world: World, chance: Seeded): Map<string, number> {
	const parts = new Map<string, number>();
	const rooms = chance.chance(0.6) ? [chance.pick(world.plan.rooms)] : null;
	for (const { id, self } of world.machines.values()) {
		const away =
			rooms !== null ? self.room !== null && rooms.includes(self.room) : chance.chance(0.5);
		if (away) parts.set(id, 1);
	}
	return parts;
}

export class FaultMaker {
	private readonly world: World;
	private readonly chance: Seeded;
	private readonly everyMs: number;
	private readonly stretch: number;
	private readonly kinds: readonly (readonly [number, string])[];
	private stopped = false;
	private readonly running = new Set<() => void>();

	constructor(world: World, everyMs: number, stretch: number) {
		this.world = world;
		this.chance = world.chance.fork("faults");
		this.everyMs = everyMs;
		this.stretch = stretch;
		this.kinds = Object.entries(FAULTS).map(([kind, [weight]]) => [weight, kind] as const);
	}

	start(): void {
		const { time } = this.world;
		const next = () => {
			if (this.stopped) return;
			this.begin();
			time.schedule(this.chance.wait(this.everyMs), next, null);
		};
		time.schedule(this.chance.wait(this.everyMs), next, null);
	}

	stop(): void {
		this.stopped = true;
		for (const end of this.running) end();
		this.running.clear();
	}

	private begin(): void {
		const { world, chance } = this;
		const kind = chance.weighted(this.kinds);
		const begun = FAULTS[kind]?.[1](world, chance);
		if (!begun) return;
		world.journal.fault(kind, begun.detail);
		const end = () => {
			if (!this.running.delete(end)) return;
			world.journal.line(`whole ${kind} ${begun.detail}`);
			begun.end();
		};
		this.running.add(end);
		world.time.schedule(begun.ms * this.stretch, end, null);
	}
}
