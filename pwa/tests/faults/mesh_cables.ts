/** The cables between terminals: paths of the faked network, and what a page needs to use them. */
import { planned } from "../../src/core/mesh/plan";
import {
	FakeDataChannel,
	FakeNetwork,
	FakePeerConnection,
	type Path,
} from "../core/fakes/fake_rtc";
import { Emitter } from "../core/fakes/fake_rtc_parts";
import type { LinkParts } from "./machine";
import type { Seeded } from "./seeded";
import type { Owner, VirtualTime } from "./virtual_time";
import type { WardPlan } from "./ward_plan";
import { directoryOf } from "./ward_plan";

/** Slower than this a link counts as disturbed. */
const QUICK_MS = 20;
const LATENCY_MS = 3;

interface Home {
	time: VirtualTime;
	page: Owner;
}

const homes = new WeakMap<object, Home>();

/** Events come as tasks of the page they are for, as in a browser: its work is its own, and ends with it. */
function asTasks(prototype: Emitter, homeOf: (emitter: object) => Home | undefined): void {
	prototype.fire = function (this: Emitter, type: string, event: object = {}): void {
		const home = homeOf(this);
		const fire = () => Emitter.prototype.fire.call(this, type, event);
		if (home) home.time.schedule(0, fire, home.page);
		else fire();
	};
}
asTasks(FakePeerConnection.prototype, (connection) => homes.get(connection));
asTasks(FakeDataChannel.prototype, (channel) =>
	homes.get((channel as unknown as { owner: object }).owner),
);

export class MeshCables {
	readonly network: FakeNetwork;
	private readonly time: VirtualTime;
	private readonly disturbed: (...who: string[]) => void;
	private readonly ids: string[];
	/** pairs that may have a link */
	private readonly pairs: (readonly [string, string])[];
	private readonly faults = new Map<string, Partial<Path>>();
	private reachable: (one: string, other: string) => boolean = () => true;

	constructor(
		plan: WardPlan,
		time: VirtualTime,
		chance: Seeded,
		disturbed: (...who: string[]) => void,
	) {
		this.time = time;
		this.disturbed = disturbed;
		this.network = new FakeNetwork((ms, work) => void time.schedule(ms, work, null), {
			random: () => chance.next(),
			path: { latencyMs: () => LATENCY_MS * (0.75 + chance.next() / 2) },
		});
		this.ids = plan.terminals.map(({ self }) => self.terminal);
		const directory = directoryOf(plan);
		this.pairs = this.ids.flatMap((one) =>
			planned(one, directory)
				.filter((other) => one < other)
				.map((other) => [one, other] as const),
		);
	}

	parts(): LinkParts {
		return (terminal, page) => {
			const make = this.network.peerConnections(terminal);
			const connections = (config?: RTCConfiguration) => {
				const connection = make(config);
				homes.set(connection, { time: this.time, page });
				return connection;
			};
			return { connections, certificate: async () => this.network.certificate() };
		};
	}

	/** The page is gone with all its connections. */
	die(terminal: string): void {
		this.network.die(terminal);
	}

	/** Cables and switches have changed. */
	rewire(reachable: (one: string, other: string) => boolean): void {
		this.reachable = reachable;
		for (const [at, one] of this.ids.entries()) {
			for (const other of this.ids.slice(at + 1)) this.apply(one, other);
		}
	}

	heal(): void {
		const pairs = [...this.faults.keys()];
		this.faults.clear();
		for (const pair of pairs) {
			const [one = "", other = ""] = pair.split(" ");
			this.apply(one, other);
		}
	}

	/** A fault of one path. */
	fault(
		chance: Seeded,
		change: Partial<Path>,
		atMostMs: number,
	): { detail: string; ms: number; end: () => void } {
		const [one, other] = chance.pick(this.pairs);
		const pair = `${one} ${other}`;
		const put = (fault: Partial<Path> | null) => {
			if (fault === null) this.faults.delete(pair);
			else this.faults.set(pair, fault);
			this.disturbed(one, other);
			this.apply(one, other);
		};
		put(change);
		return { detail: pair, ms: chance.whole(1_000, atMostMs), end: () => put(null) };
	}

	/** Whether what is sent on the path arrives soon. */
	quick(one: string, other: string): boolean {
		const path = this.network.path(one, other);
		return path.reachable && !path.silent && this.network.latency(one, other) < QUICK_MS;
	}

	private apply(one: string, other: string): void {
		const fault = this.faults.get(one < other ? `${one} ${other}` : `${other} ${one}`) ?? {};
		const { reachable = true, silent = false, duplicated = 0, latencyMs } = fault;
		const path = this.network.path(one, other);
		const standard = this.network.path("-", "-").latencyMs;
		const whole = reachable && this.reachable(one, other);
		path.latencyMs = latencyMs ?? standard;
		path.duplicated = duplicated;
		path.silent = silent;
		if (path.reachable !== whole) this.network.set(one, other, { reachable: whole });
	}
}
