/** Recording where the ward allows it: told to both, kept until the hub has it. */
import { beforeEach, describe, expect, it } from "vitest";
import { type Recording, UploadRefused } from "../../../src/core/talk/port";
import { rest } from "../fakes/fake_hub";
import { type TalkingTerminal, TalkingWard } from "./talking_ward";

let ward: TalkingWard;
let bed: TalkingTerminal;
let station: TalkingTerminal;

beforeEach(async () => {
	ward = new TalkingWard();
	ward.directory.ward.recording = true;
	bed = await ward.open("bed-1");
	station = await ward.open("station-a");
});

async function recording(): Promise<string> {
	await station.talks.answer(ward.press());
	await rest();
	const { talk } = station.leg;
	await station.talks.record(talk, true);
	await rest();
	return talk;
}

describe("recording a talk", () => {
	it("is shown and heard at both ends, takes both voices, and goes to the hub when it is over", async () => {
		const talk = await recording();
		expect(station.leg.recording && bed.leg.recording).toBe(true);
		expect(station.chimes).toContain("recording");
		expect(bed.chimes).toContain("recording");
		expect(station.media.recorders[0]?.tracks).toBe(2);
		station.media.recorders[0]?.piece(1, 2);
		await ward.pass(3);
		await station.talks.hangUp(talk);
		await rest();
		expect(station.uploads).toHaveLength(1);
		expect(station.uploads[0]).toMatchObject({
			talk,
			calls: ward.rows[0]?.calls,
			purpose: "talk",
			with: ["bed-1"],
			type: "audio/webm;codecs=opus",
		});
		expect([...(station.uploads[0]?.bytes ?? [])]).toEqual([1, 2, 99]);
		const { startedAt = 0, endedAt = 0 } = station.uploads[0] ?? {};
		expect(endedAt - startedAt).toBe(3_000);
		expect(station.store.values.size).toBe(0);
		expect(station.talks.unsentRecordings).toBe(0);
	});

	it("is not there where the ward does not allow it, nor for a patient", async () => {
		const talk = await recording();
		await bed.talks.record(talk, true);
		expect(bed.media.recorders).toEqual([]);
		await station.talks.hangUp(talk);
		ward.directory.ward.recording = false;
		ward.rows = [];
		await recording();
		expect(station.media.recorders).toHaveLength(1);
		expect(station.leg.recording).toBe(false);
	});

	it("pauses and goes on as one", async () => {
		const talk = await recording();
		await station.talks.record(talk, false);
		await rest();
		expect(bed.leg.recording).toBe(false);
		expect(station.media.recorders[0]?.paused).toBe(true);
		await station.talks.record(talk, true);
		expect(station.media.recorders).toHaveLength(1);
		expect(station.media.recorders[0]?.paused).toBe(false);
	});

	it("is kept until the hub takes it, over a restart too", async () => {
		station.upload = () => Promise.reject(new Error("away"));
		const talk = await recording();
		await station.talks.hangUp(talk);
		await rest();
		expect(station.talks.unsentRecordings).toBe(1);
		expect(station.store.values.has(`recording:${talk}`)).toBe(true);
		await ward.pass(4);
		expect(station.uploads).toHaveLength(1);
		await ward.pass(2);
		expect(station.uploads).toHaveLength(2);
		const { store } = station;
		ward.kill("station-a");
		const again = await ward.open("station-a", store);
		await ward.pass(1);
		expect(again.uploads.map(({ talk }) => talk)).toEqual([talk]);
		expect(store.values.size).toBe(0);
	});

	it("is on disk while it runs: a page that dies loses the last seconds only", async () => {
		const talk = await recording();
		station.media.recorders[0]?.piece(7);
		await ward.pass(11);
		const kept = station.store.values.get(`recording:${talk}`) as Recording | undefined;
		expect([...(kept?.bytes ?? [])]).toEqual([7]);
	});

	it("is not sent again and again when the hub refuses it", async () => {
		station.upload = () => Promise.reject(new UploadRefused("recording_off"));
		const talk = await recording();
		await station.talks.hangUp(talk);
		await ward.pass(400);
		expect(station.uploads).toHaveLength(1);
		expect(station.errors).toHaveLength(1);
		expect(station.store.values.has(`recording:${talk}`)).toBe(true);
	});
});

describe("recording a broadcast", () => {
	it("is told at each bed and goes to the hub with who was meant", async () => {
		await station.talks.broadcast(["bed-1"]);
		await ward.pass(2);
		await station.talks.recordBroadcast(true);
		await rest();
		expect(bed.leg.recording).toBe(true);
		expect(station.talks.state.broadcast?.recording).toBe(true);
		await station.talks.endBroadcast();
		await rest();
		expect(station.uploads).toMatchObject([{ purpose: "broadcast", with: ["bed-1"], calls: [] }]);
	});
});
