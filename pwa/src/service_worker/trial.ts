/**
 * A new version on trial: the older one stays on the disk until the new one has run well once. Pure; the worker keeps the
 * value beside its caches. Going back to an older build is the same way: that build is then the new one.
 */

/** A page that has not said that it is well after this, ms, did not come up. */
export const COME_UP_MS = 20_000;
/** A page that was never heard of may have met a power cut: it is served twice before it is given up. */
const SERVED_MOST = 2;

export interface Trial {
	/** build that has run well here, or the first one */
	good: string;
	/** build on trial */
	trying: string | null;
	/** how often it was served without a word from it */
	served: number;
	/** build that failed here, until it is tried again or another comes */
	failed: string | null;
	/** how pages are cut off from the process of the one that hung: 0 not at all (worker.ts) */
	apart: 0 | 1 | 2;
}

/** A worker of `build` takes over; `held`: builds whose pages are on this disk. */
export function takeOver(before: Trial | null, build: string, held: readonly string[]): Trial {
	const apart = before?.apart ?? 0;
	const first = { good: build, trying: null, served: 0, failed: null, apart };
	if (before === null || before.good === build || !held.includes(before.good)) return first;
	// Nothing to show of it: what was there goes on.
	if (!held.includes(build)) return { ...first, good: before.good, failed: build };
	return { ...first, good: before.good, trying: build };
}

/** Which build a page is served from, and the trial after that. */
export function serve(trial: Trial): { build: string; trial: Trial } {
	if (trial.trying === null) return { build: trial.good, trial };
	if (trial.served >= SERVED_MOST) return { build: trial.good, trial: giveUp(trial) };
	return { build: trial.trying, trial: { ...trial, served: trial.served + 1 } };
}

/** A page of `build` has run well. */
export function ranWell(trial: Trial, build: string): Trial {
	if (trial.trying !== build) return trial;
	return { ...trial, good: build, trying: null, served: 0, failed: null };
}

/** It did not come up. */
export function giveUp(trial: Trial): Trial {
	return trial.trying === null
		? trial
		: { ...trial, trying: null, served: 0, failed: trial.trying };
}

/** A person wants the build that failed tried once more. */
export function tryAgain(trial: Trial, build: string): Trial {
	if (trial.failed !== build) return trial;
	return { ...trial, trying: build, served: 0, failed: null };
}

/** Another process than the one before, and than the one before that. */
export function moveOn(trial: Trial): Trial {
	return { ...trial, apart: trial.apart === 1 ? 2 : 1 };
}

/** What must stay on the disk. */
export function kept(trial: Trial, own: string): string[] {
	return [...new Set([trial.good, trial.trying ?? own, own])];
}
