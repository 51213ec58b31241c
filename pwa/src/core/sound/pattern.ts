/** Tones as pulses with times (A7): pure, from the one table both languages share. No audio here. */
import vectors from "../../../../sync/vectors/tones.json";
import type { Tone } from "../calls/types";

/** Times in seconds from the start of a period. */
export interface Pulse {
	at_s: number;
	length_s: number;
}

export interface Pattern {
	pulses: Pulse[];
	/** the pattern starts anew after so many seconds */
	repeat_s: number;
	/** fundamental frequency */
	base_hz: number;
	/** share of a pulse in which it rises, and falls again */
	rise: number;
}

/** Higher for more urgent; within the table's band, so that four harmonics stay below 4 kHz. */
const SHARE_OF_BAND: Record<Tone, number> = { high: 1, medium: 0.5, low: 0 };

/**
 * Strength of the fundamental and its harmonics: none more than 15 dB below the strongest, so that a tone
 * is not lost to an ear or a speaker that misses one of them.
 */
export const HARMONICS: readonly number[] = [1, 0.8, 0.6, 0.45, 0.3];

export function patternOf(tone: Tone): Pattern {
	const { pulses, repeat_ms } = vectors.tones[tone];
	const [lowest = 440, highest = 880] = vectors.base_hz;
	const [least = 0.1, most = 0.2] = vectors.rise;
	return {
		pulses: pulses.map(([at = 0, length = 0]) => ({ at_s: at / 1000, length_s: length / 1000 })),
		repeat_s: repeat_ms / 1000,
		base_hz: lowest + (highest - lowest) * SHARE_OF_BAND[tone],
		rise: (least + most) / 2,
	};
}

/** Loudness of a pulse at `at_s` after its start, 0 to 1: straight rise, level, straight fall. */
export function envelopeAt(pulse: Pulse, rise: number, at_s: number): number {
	if (at_s <= 0 || at_s >= pulse.length_s) return 0;
	const edge = pulse.length_s * rise;
	return Math.min(1, at_s / edge, (pulse.length_s - at_s) / edge);
}
