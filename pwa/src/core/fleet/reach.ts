/**
 * Whether this phone hears the hub's probes (A14). The hub counts answers; the phone itself notices when no probe came
 * although it believes to be connected: then calls may not come either.
 */
import type { Directory } from "../calls/types";

/** The hub probes each 60 s; two may get lost, ms. */
export const SILENT_MS = 150_000;

export interface Unreachable {
	/** hub time of the first probe missed, ms */
	since: number;
	missed: number;
}

/** The root `pdas` of `ward/{w}/reach`; what is malformed is left out. */
export function readReach(values: Readonly<Record<string, unknown>>): Record<string, Unreachable> {
	const found: Record<string, Unreachable> = {};
	for (const [pda, value] of Object.entries(values)) {
		const { since, missed } = (value ?? {}) as Record<string, unknown>;
		if (typeof since === "number" && typeof missed === "number") found[pda] = { since, missed };
	}
	return found;
}

/** Whether the rota has someone carry this phone now: only then is it probed. */
export function onDuty(directory: Directory, pda: string, now: number): boolean {
	return Object.values(directory.duty).some(
		(duty) =>
			duty.pda === pda && duty.since <= now && (duty.until === undefined || now < duty.until),
	);
}

export class ProbeWatch {
	/** Monotonic ms of the last probe, or of when probes began to be due; null while none are. */
	private from: number | null = null;

	/** A probe came. */
	probed(now: number): void {
		this.from = now;
	}

	/** `expected`: connected, and somebody carries this phone. Returns for how long no probe came, ms; null while that is well. */
	look(expected: boolean, now: number): number | null {
		if (!expected) {
			this.from = null;
			return null;
		}
		this.from ??= now;
		const silent = now - this.from;
		return silent > SILENT_MS ? silent : null;
	}
}
