/** The cables between terminals: paths of the faked network, and what a page needs to use them. */
import type { MoreParts } from "./machine";
import type { Seeded } from "./seeded";
import type { VirtualTime } from "./virtual_time";

export class MeshCables {
	readonly time: VirtualTime;
	readonly chance: Seeded;

	constructor(time: VirtualTime, chance: Seeded) {
		this.time = time;
		this.chance = chance;
	}

	parts(): MoreParts {
		return () => ({});
	}

	die(_terminal: string): void {}
	rewire(_reachable: (one: string, other: string) => boolean): void {}
	heal(): void {}

	/** A fault of one path; null where there are none. */
	fault(
		_chance: Seeded,
		_change: object,
		_atMostMs: number,
	): { detail: string; ms: number; end: () => void } | null {
		return null;
	}

	quick(_one: string, _other: string): boolean {
		return true;
	}
}
