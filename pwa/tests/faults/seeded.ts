/** Chance out of a seed: the same seed gives the same run. Each part of the harness draws from a stream of its own. */

export class Seeded {
	private readonly seed: string;
	private state: number;

	constructor(seed: string) {
		this.seed = seed;
		let hash = 2166136261;
		for (const character of seed) hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
		this.state = hash >>> 0;
		for (let round = 0; round < 8; round++) this.next();
	}

	/** A stream beside this one: what is drawn there changes nothing here. */
	fork(name: string): Seeded {
		return new Seeded(`${this.seed}/${name}`);
	}

	/** In [0, 1): mulberry32. */
	next(): number {
		this.state = (this.state + 0x6d2b79f5) >>> 0;
		let value = this.state;
		value = Math.imul(value ^ (value >>> 15), value | 1);
		value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
		return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
	}

	chance(share: number): boolean {
		return this.next() < share;
	}

	/** A whole number, both ends included. */
	whole(from: number, to: number): number {
		return from + Math.floor(this.next() * (to - from + 1));
	}

	/** Waiting time until the next of events that come by themselves, `mean` apart; at least 1. */
	wait(mean: number): number {
		return Math.max(1, Math.round(-Math.log(1 - this.next()) * mean));
	}

	pick<T>(items: readonly T[]): T {
		const item = items[Math.floor(this.next() * items.length)];
		if (item === undefined) throw new Error("nothing to pick from");
		return item;
	}

	/** One of these, each as likely as its weight says. */
	weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
		let left = this.next() * items.reduce((sum, [weight]) => sum + weight, 0);
		for (const [weight, item] of items) {
			left -= weight;
			if (left < 0) return item;
		}
		return this.pick(items)[1];
	}

	fill(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(this.next() * 256);
	}
}
