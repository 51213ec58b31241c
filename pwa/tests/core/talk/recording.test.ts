/** Recording where the ward allows it: told to both, kept until the hub has it. */

import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it } from "vitest";
import { Store } from "../../../src/core/store/store";
import { MAX_DIRECT } from "../../../src/core/talk/broadcast";
import { type Recording, UploadRefused } from "../../../src/core/talk/port";
import { KEPT_MS, Recordings } from "../../../src/core/talk/recording";
import { rest } from "./crypto_rest";
import { FakePeers } from "./fake_peers";
import { bedAndStation, type TalkingTerminal, type TalkingWard } from "./talking_ward";

let ward: TalkingWard;
let bed: TalkingTerminal;
let station: TalkingTerminal;

beforeEach(async () => {
	({ ward, bed, station } = await bedAndStation());
	ward.directory.ward.recording = true;
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
		expect(station.store.recordings).toEqual([]);
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
		expect(store.recordings).toEqual([]);
	});

	it("is on disk while it runs: a page that dies loses the last seconds only", async () => {
		const talk = await recording();
		station.media.recorders[0]?.piece(7);
		await ward.pass(11);
		expect(station.store.recordings).toEqual([`recording:${talk}`]);
		ward.kill("station-a");
		const again = await ward.open("station-a", station.store);
		await ward.pass(1);
		expect([...(again.uploads[0]?.bytes ?? [])]).toEqual([7]);
	});

	it("is told and deleted when the hub refuses it: the reason stays, the sound goes", async () => {
		station.upload = () => Promise.reject(new UploadRefused("no", "recording_off"));
		const talk = await recording();
		await station.talks.hangUp(talk);
		await ward.pass(400);
		expect(station.uploads).toHaveLength(1);
		expect(station.errors).toHaveLength(1);
		expect(station.refused).toEqual([{ talk, reason: "recording_off" }]);
		expect(station.store.recordings).toEqual([]);
		expect(station.talks.unsentRecordings).toBe(0);
	});
});

/** A recorder over a real database: what lies there, and what of it can be read. */
describe("a recording on the disk", () => {
	const TALK = "00000000000000aa";
	const WORDS = new TextEncoder().encode("what the patient said");
	let store: Store;
	let now: number;
	let monotonic: number;
	let answer: () => Promise<void>;
	let told: string[];
	let uploads: Recording[];
	let errors: unknown[];

	const outside = (refused: boolean) => ({
		store,
		media: station.media,
		directory: () => ward.directory,
		upload: (recording: Recording) => {
			uploads.push(recording);
			return answer();
		},
		...(refused && {
			refused: async (talk: string, reason: string) => void told.push(`${talk} ${reason}`),
		}),
		now: () => now,
		monotonic: () => monotonic,
		failed: (error: unknown) => void errors.push(error),
	});
	/** Sealing and opening are done by threads: what was begun before a digest is done about when that is. */
	const settled = async () => {
		for (let round = 0; round < 5; round++) {
			await crypto.subtle.digest("SHA-256", new Uint8Array(1));
			await rest();
		}
	};
	async function recorded(refused = true): Promise<Recordings> {
		const recordings = new Recordings(outside(refused));
		recordings.start({ talk: TALK, calls: [], purpose: "talk", with: ["bed-1"] }, []);
		station.media.recorders.at(-1)?.piece(...WORDS);
		await recordings.finish(TALK);
		await settled();
		return recordings;
	}
	async function started(refused = true): Promise<Recordings> {
		const recordings = new Recordings(outside(refused));
		await recordings.load();
		recordings.tick();
		await settled();
		return recordings;
	}
	const kept = () =>
		store.metas<{ bytes?: unknown; sealed?: Uint8Array<ArrayBuffer> }>("recording:");
	/** as the recorder's file lay there before recordings were sealed */
	const inTheClear = (): Recording => ({
		talk: TALK,
		calls: [],
		purpose: "talk",
		with: ["bed-1"],
		startedAt: now - 1_000,
		endedAt: now,
		type: "audio/webm",
		bytes: WORDS,
	});

	beforeEach(async () => {
		store = await Store.open("station-a", new IDBFactory());
		now = 10 * KEPT_MS;
		monotonic = 0;
		answer = () => Promise.reject(new Error("away"));
		told = [];
		uploads = [];
		errors = [];
	});

	it("cannot be read without this slot's key, which does not leave the browser", async () => {
		await recorded();
		const [entry] = await kept();
		expect(entry?.value.bytes).toBeUndefined();
		const sealed = entry?.value.sealed ?? new Uint8Array();
		expect(Buffer.from(sealed).includes("patient")).toBe(false);
		const key = await store.meta<CryptoKey>("recordingKey");
		expect(key?.extractable).toBe(false);
		// A copy of the entry elsewhere opens under no other key.
		const copy = entry?.value;
		store = await Store.open("station-b", new IDBFactory());
		await store.putMeta(`recording:${TALK}`, copy);
		uploads = [];
		await started();
		expect(uploads).toEqual([]);
		expect(told).toEqual([`${TALK} unreadable`]);
		expect(await kept()).toEqual([]);
	});

	it("is handed over whole by a later start", async () => {
		await recorded();
		answer = async () => {};
		uploads = [];
		const recordings = await started();
		expect(uploads).toHaveLength(1);
		expect(Buffer.from(uploads[0]?.bytes ?? []).toString()).toContain("what the patient said");
		expect([recordings.waiting, await kept(), told]).toEqual([0, [], []]);
	});

	it("that an earlier version left open is sealed at the next start, and goes to the hub", async () => {
		await store.putMeta(`recording:${TALK}`, inTheClear());
		const recordings = await started();
		const [entry] = await kept();
		expect(Object.keys(entry?.value ?? {})).toContain("sealed");
		expect(entry?.value.bytes).toBeUndefined();
		expect(recordings.waiting).toBe(1);
		answer = async () => {};
		monotonic = 1e6;
		recordings.tick();
		await settled();
		expect(uploads.at(-1)?.bytes).toEqual(WORDS);
		expect(await kept()).toEqual([]);
	});

	it("is told and deleted after a week, whether the hub was ever there or not", async () => {
		const recordings = await recorded();
		now += KEPT_MS;
		recordings.tick();
		await settled();
		expect([told, (await kept()).length]).toEqual([[], 1]);
		now += 1;
		recordings.tick();
		await settled();
		expect([told, await kept(), recordings.waiting]).toEqual([[`${TALK} never_sent`], [], 0]);
		await store.putMeta(`recording:${TALK}`, { ...inTheClear(), endedAt: now - KEPT_MS - 1 });
		uploads = [];
		await started();
		expect([told.length, await kept(), uploads]).toEqual([2, [], []]);
	});

	it("that was refused where nobody can be told stays a week and no longer", async () => {
		answer = () => Promise.reject(new UploadRefused("forbidden"));
		const recordings = await recorded(false);
		expect((await kept()).length).toBe(1);
		now += KEPT_MS + 1;
		recordings.tick();
		await settled();
		expect(await kept()).toEqual([]);
	});

	it("waits while the disk does not give its key", async () => {
		await recorded();
		answer = async () => {};
		uploads = [];
		const real = store.meta.bind(store);
		store.meta = () => Promise.reject(new Error("disk"));
		const recordings = await started();
		expect([uploads, told, recordings.waiting]).toEqual([[], [], 1]);
		store.meta = real;
		monotonic = 1e6;
		recordings.tick();
		await settled();
		expect(uploads).toHaveLength(1);
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

	it("through the relay is told to the hub, again now and then, and shown at a bed that hears the hub", async () => {
		ward.directory.ward.relay_key = "key";
		const hub = new FakePeers("hub", ward.peers);
		hub.signals.add((signal) => {
			if (signal.kind !== "invite") return;
			hub.signal("station-a", { kind: "accept", talk: signal.talk, video: 0 });
		});
		await station.talks.broadcast(
			Array.from({ length: MAX_DIRECT + 1 }, (_, n) => `bed-${n + 10}`),
		);
		await ward.pass(1);
		expect(station.talks.state.broadcast?.way).toBe("relay");
		await station.talks.recordBroadcast(true);
		await rest();
		const told = () =>
			station.peers.said("recording", "hub").flatMap((one) => ("on" in one ? [one.on] : []));
		expect(told()).toEqual([1]);
		for (let second = 0; second < 6; second += 1) {
			const running = station.talks.state.broadcast?.talk ?? "";
			hub.signal("station-a", { kind: "heard", talk: running, ms: 0 });
			await ward.pass(1);
		}
		expect(told().length).toBeGreaterThan(1);
		await station.talks.recordBroadcast(false);
		expect(told().at(-1)).toBe(0);

		const talk = "e".repeat(16);
		hub.signal("bed-1", { kind: "invite", talk, purpose: "broadcast", calls: [], video: 0 });
		await ward.pass(1);
		hub.signal("bed-1", { kind: "recording", talk, on: 1 });
		await rest();
		expect(bed.leg).toMatchObject({ with: "hub", recording: true });
		expect(bed.chimes).toContain("recording");
		hub.signal("bed-1", { kind: "recording", talk, on: 0 });
		await rest();
		expect(bed.leg.recording).toBe(false);
	});
});
