/**
 * Hub time at this terminal: an offset from the hub's time frames against the monotonic clock. A jump between the wall
 * and the monotonic clock (clock set, machine asleep) means that neither can be trusted: the clock is `own` until the hub
 * is heard again. So it is after a start, because no monotonic clock lives through one.
 */
import type { ClockKind } from "./calls/types";

/** Wall and monotonic clock may part by this much between two looks, and by 0.1 % (slewing by NTP) of the time between. */
const JUMP_MS = 250;
const SLEW = 0.001;
/** A sample with a short round trip is kept this long against worse ones; then drift weighs more. */
const SAMPLE_LIFE_MS = 120_000;

/** What is kept on disk. */
export interface KeptClock {
	/** hub − wall, ms */
	offset: number;
	/** wall time when last heard, ms */
	wall: number;
}

interface Sample {
	/** hub − monotonic, ms */
	offset: number;
	roundTrip: number;
	at: number;
}

export class HubClock {
	private readonly wall: () => number;
	private readonly monotonic: () => number;
	private best: Sample | null = null;
	private offset: number;
	private look: { wall: number; monotonic: number };
	private trusted = false;
	/** Round trip of the last time frame, ms; null before the first. */
	roundTrip: number | null = null;

	constructor(wall: () => number, monotonic: () => number, kept: KeptClock | null) {
		this.wall = wall;
		this.monotonic = monotonic;
		this.look = { wall: wall(), monotonic: monotonic() };
		this.offset = this.look.wall + (kept?.offset ?? 0) - this.look.monotonic;
	}

	/** Hub time as far as known, integer ms. */
	now(): number {
		this.check();
		return Math.round(this.monotonic() + this.offset);
	}

	kind(): ClockKind {
		this.check();
		return this.trusted ? "hub" : "own";
	}

	/** A hello: hub time without a round trip. Used until the first time frame comes back. */
	greeted(hubNow: number): void {
		this.check();
		if (!this.trusted)
			this.take({ offset: hubNow - this.monotonic(), roundTrip: Infinity, at: this.monotonic() });
	}

	/** A time frame came back: sent at `sent` (monotonic ms), stamped `hubNow` by the hub. */
	heard(sent: number, hubNow: number): void {
		this.check();
		const now = this.monotonic();
		const roundTrip = now - sent;
		if (roundTrip < 0) return;
		this.roundTrip = roundTrip;
		const old = this.best !== null && now - this.best.at > SAMPLE_LIFE_MS;
		if (this.best === null || !this.trusted || old || roundTrip <= this.best.roundTrip) {
			this.take({ offset: hubNow + roundTrip / 2 - now, roundTrip, at: now });
		}
	}

	keep(): KeptClock | null {
		if (!this.trusted) return null;
		const wall = this.wall();
		return { offset: this.now() - wall, wall };
	}

	private take(sample: Sample): void {
		this.best = sample;
		this.offset = sample.offset;
		this.trusted = true;
	}

	private check(): void {
		const wall = this.wall();
		const monotonic = this.monotonic();
		const elapsed = monotonic - this.look.monotonic;
		const jump = wall - this.look.wall - elapsed;
		this.look = { wall, monotonic };
		if (Math.abs(jump) <= JUMP_MS + Math.abs(elapsed) * SLEW) return;
		this.trusted = false;
		this.best = null;
		// Forward: the machine slept and the monotonic clock with it, so follow the wall. Backward: time never goes back.
		if (jump > 0) this.offset += jump;
	}
}
