/**
 * The platform as a run sees it: clock, timers, chance and WebCrypto are the run's own while one is on, and the real ones
 * otherwise. To be imported before anything of core: Yjs and its like take hold of Date.now when they are loaded.
 */
import { Seeded } from "./seeded";
import { subtle } from "./subtle";
import type { VirtualTime } from "./virtual_time";

/** Hub time at the beginning of a run: a morning, so that no ward is in its night. */
export const BEGIN = Date.UTC(2026, 2, 2, 2, 0);

let time: VirtualTime | null = null;
let chance = new Seeded("none");

const real = {
	now: Date.now,
	random: Math.random,
	setTimeout,
	clearTimeout,
	setInterval,
	clearInterval,
	timeout: AbortSignal.timeout,
	getRandomValues: crypto.getRandomValues.bind(crypto),
	subtle: crypto.subtle,
};

type Work = (...values: unknown[]) => void;

/** A running timer of the virtual time; what setTimeout and setInterval hand out. */
class Timer {
	event: ReturnType<VirtualTime["schedule"]> | null = null;
	unref(): this {
		return this;
	}
}

function start(work: Work, ms: number, again: boolean, values: unknown[]): Timer {
	const timer = new Timer();
	const clock = time as VirtualTime;
	const run = () => {
		timer.event = again ? clock.schedule(Math.max(1, ms), run) : null;
		work(...values);
	};
	timer.event = clock.schedule(ms, run);
	return timer;
}

function stop(timer: unknown): boolean {
	if (!(timer instanceof Timer)) return false;
	if (timer.event !== null) time?.cancel(timer.event);
	timer.event = null;
	return true;
}

Date.now = () => (time === null ? real.now() : BEGIN + Math.floor(time.now));
Math.random = () => (time === null ? real.random() : chance.next());
Object.assign(globalThis, {
	setTimeout: (work: Work, ms = 0, ...values: unknown[]) =>
		time === null ? real.setTimeout(work, ms, ...values) : start(work, ms, false, values),
	setInterval: (work: Work, ms = 0, ...values: unknown[]) =>
		time === null ? real.setInterval(work, ms, ...values) : start(work, ms, true, values),
	clearTimeout: (timer: never) => stop(timer) || real.clearTimeout(timer),
	clearInterval: (timer: never) => stop(timer) || real.clearInterval(timer),
});
AbortSignal.timeout = (ms) => {
	if (time === null) return real.timeout.call(AbortSignal, ms);
	const controller = new AbortController();
	setTimeout(() => controller.abort(new DOMException("timeout", "TimeoutError")), ms);
	return controller.signal;
};
Object.defineProperties(crypto, {
	getRandomValues: {
		configurable: true,
		value: <T extends Uint8Array>(bytes: T): T => {
			if (time === null) return real.getRandomValues(bytes as never) as T;
			chance.fill(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
			return bytes;
		},
	},
	subtle: { configurable: true, get: () => (time === null ? real.subtle : subtle) },
});

/** Puts the platform under this time; null gives it back. One run at a time. */
export function govern(virtual: VirtualTime | null, seed = ""): void {
	if (virtual !== null && time !== null) throw new Error("another run is on");
	time = virtual;
	chance = new Seeded(`${seed}/platform`);
}
