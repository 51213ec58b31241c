/** What counts as sound that came in (A16): time with packets, without what the decoder made up. */
import { describe, expect, it } from "vitest";
import { Hearing } from "../../../src/core/talk/hearing";

const stat = (packets: number, ms: number, concealedMs = 0, id = "in") => ({
	id,
	type: "inbound-rtp",
	kind: "audio",
	packetsReceived: packets,
	totalSamplesReceived: ms * 48,
	concealedSamples: concealedMs * 48,
});

/** Looks one second apart, from second 0. */
function heard(...looks: (object | object[])[]): Hearing {
	const hearing = new Hearing();
	looks.forEach((look, second) => {
		hearing.take([look].flat(), second * 1_000);
	});
	return hearing;
}

describe("sound that came in", () => {
	it("counts between two looks while packets progress", () => {
		expect(heard(stat(0, 0), stat(50, 1_000), stat(100, 2_000)).ms).toBe(2_000);
	});

	it("does not count while no packets come, whatever the decoder plays", () => {
		expect(heard(stat(50, 1_000), stat(50, 2_000), stat(50, 3_000)).ms).toBe(0);
	});

	it("does not count what was concealed", () => {
		expect(heard(stat(0, 0), stat(40, 1_000, 250)).ms).toBe(750);
		expect(heard(stat(0, 0), stat(1, 1_000, 1_000)).ms).toBe(0);
	});

	it("does not count packets of a microphone that is off", () => {
		const look = (packets: number, ms: number, energy: number) => ({
			...stat(packets, ms),
			totalAudioEnergy: energy,
		});
		expect(heard(look(0, 0, 0), look(50, 1_000, 0.2), look(100, 2_000, 0.2)).ms).toBe(1_000);
		// the last bit wavers
		expect(heard(look(0, 0, 0), look(50, 1_000, 1e-9), look(100, 2_000, 2e-9)).ms).toBe(0);
	});

	it("is never more than the time gone by", () => {
		expect(heard(stat(0, 0), stat(500, 9_000)).ms).toBe(1_000);
	});

	it("takes seconds of sound where the rate is another", () => {
		const look = (packets: number, samples: number, seconds: number) => ({
			...stat(packets, 0),
			totalSamplesReceived: samples,
			totalSamplesDuration: seconds,
		});
		expect(heard(look(0, 0, 0), look(50, 16_000, 1)).ms).toBe(1_000);
	});

	it("goes by packets alone where no samples are told", () => {
		const look = (packets: number) => ({ ...stat(packets, 0), totalSamplesReceived: undefined });
		expect(heard(look(1), look(51), look(51)).ms).toBe(1_000);
	});

	it("begins anew with another stream and after a pause, and ignores what is not inbound sound", () => {
		expect(heard(stat(50, 1_000), stat(900, 90_000, 0, "other")).ms).toBe(0);
		const hearing = heard(stat(0, 0));
		hearing.pause();
		hearing.take([stat(500, 10_000)], 10_000);
		expect(hearing.ms).toBe(0);
		const noise = [null, 7, { type: "outbound-rtp" }, { ...stat(9, 9), kind: "video" }];
		expect(heard(noise, [...noise, stat(1, 1)]).ms).toBe(0);
	});

	it("is heard lately for 2 s", () => {
		const hearing = heard(stat(0, 0), stat(50, 1_000));
		expect(hearing.hears(2_999)).toBe(true);
		expect(hearing.hears(3_000)).toBe(false);
		// packets came between second 0 and second 1
		expect(hearing.alive).toBe(0);
	});
});
