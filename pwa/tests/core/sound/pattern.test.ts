/** A7: pulses of each tone, where they lie, and that they come again in time. */
import { describe, expect, it } from "vitest";
import type { Tone } from "../../../src/core/calls/types";
import { envelopeAt, patternOf } from "../../../src/core/sound/pattern";
import { SAMPLE_RATE_HZ, samplesOf } from "../../../src/core/sound/render";

const TONES: Tone[] = ["high", "medium", "low"];

describe("patternOf", () => {
	it.each([
		["high", 10, 2.5, 15],
		["medium", 3, 2.5, 30],
		["low", 2, 0, 10],
	] as const)(
		"%s has %i pulses and comes again within the standard's time",
		(tone, count, least, most) => {
			const pattern = patternOf(tone);
			expect(pattern.pulses).toHaveLength(count);
			expect(pattern.repeat_s).toBeGreaterThanOrEqual(least);
			expect(pattern.repeat_s).toBeLessThanOrEqual(most);
		},
	);

	it("has the high tone as 3 and 2, twice", () => {
		const { pulses } = patternOf("high");
		const gaps = pulses.slice(1).map((pulse, index) => {
			const before = pulses[index];
			return before === undefined
				? 0
				: Math.round((pulse.at_s - before.at_s - before.length_s) * 1000);
		});
		expect(gaps).toEqual([100, 100, 300, 100, 600, 100, 100, 300, 100]);
	});

	it("is higher for what is more urgent", () => {
		const [high, medium, low] = TONES.map((tone) => patternOf(tone).base_hz);
		expect([low, medium, high]).toEqual([440, 660, 880]);
	});
});

describe("envelopeAt", () => {
	it("rises, stands and falls, and is silent outside", () => {
		const pulse = { at_s: 0, length_s: 0.2 };
		const values = [-0.1, 0, 0.015, 0.03, 0.1, 0.185, 0.2].map((at) => envelopeAt(pulse, 0.15, at));
		expect(values[0]).toBe(0);
		expect(values[1]).toBe(0);
		expect(values[2]).toBeCloseTo(0.5);
		expect(values[3]).toBeCloseTo(1);
		expect(values[4]).toBe(1);
		expect(values[5]).toBeCloseTo(0.5);
		expect(values[6]).toBe(0);
	});
});

describe("samplesOf", () => {
	it.each(TONES)(
		"%s is one period exactly, does not clip, and is silent between pulses",
		(tone) => {
			const { pulses, repeat_s } = patternOf(tone);
			const samples = samplesOf(tone);
			expect(samples).toHaveLength(repeat_s * SAMPLE_RATE_HZ);
			let most = 0;
			for (const value of samples) most = Math.max(most, Math.abs(value));
			expect(most).toBeGreaterThan(0.5);
			expect(most).toBeLessThan(1);
			const last = pulses[pulses.length - 1];
			const after = Math.ceil(((last?.at_s ?? 0) + (last?.length_s ?? 0)) * SAMPLE_RATE_HZ);
			expect(samples.slice(after).every((value) => value === 0)).toBe(true);
		},
	);
});
