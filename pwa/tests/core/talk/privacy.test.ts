/** Nobody listens or looks in unseen: microphone and camera of a bed, and its privacy key (CALL-01). */
import { beforeEach, describe, expect, it } from "vitest";
import { rest } from "../fakes/fake_hub";
import { bedAndStation, FakeStore, type TalkingTerminal, type TalkingWard } from "./talking_ward";

let ward: TalkingWard;
let bed: TalkingTerminal;
let station: TalkingTerminal;

beforeEach(async () => {
	({ ward, bed, station } = await bedAndStation());
});

describe("nobody listens in unseen", () => {
	it("has the bed's microphone on only while a talk is open there and shown", async () => {
		expect(bed.media.tracks.size).toBe(0);
		await station.talks.call("bed-1");
		await rest();
		expect(bed.leg.state).toBe("ringing");
		expect(bed.chimes).toEqual(["line_open"]);
		await ward.pass(2);
		expect(bed.media.tracks.size).toBe(0);
		await ward.pass(1);
		expect(bed.leg.state).toBe("open");
		expect(bed.media.hot).toBe(true);
		await station.talks.hangUp(station.leg.talk);
		await rest();
		expect(bed.media.tracks.size).toBe(0);
	});

	it("answers nobody by itself while privacy is on, until a hand accepts", async () => {
		bed.talks.setPrivacy(true);
		await station.talks.call("bed-1");
		await ward.pass(10);
		expect(bed.leg.state).toBe("ringing");
		expect(station.leg.state).toBe("inviting");
		expect(bed.media.tracks.size).toBe(0);
		await bed.talks.accept(bed.leg.talk);
		await rest();
		expect(bed.leg).toMatchObject({ state: "open", muted: false });
		expect(bed.media.hot).toBe(true);
	});

	it("stops the warned talk from opening when privacy is pressed meanwhile", async () => {
		await station.talks.call("bed-1");
		await ward.pass(1);
		bed.talks.setPrivacy(true);
		await ward.pass(5);
		expect(bed.leg.state).toBe("ringing");
	});

	it("begins an older call's talk muted, and one pressed after the key unmuted", async () => {
		const row = ward.press();
		ward.time += 1_000;
		bed.talks.setPrivacy(true);
		await station.talks.answer(row);
		await rest();
		expect(bed.leg).toMatchObject({ state: "open", muted: true });
		expect(bed.media.hot).toBe(false);
		expect(station.leg.peerMuted).toBe(true);
		await station.talks.hangUp(station.leg.talk);
		ward.rows = [];
		await ward.pass(6);
		await station.talks.answer(ward.press());
		await rest();
		expect(bed.leg).toMatchObject({ state: "open", muted: false });
		expect(bed.media.hot).toBe(true);
	});

	it("mutes a running talk with the privacy key, and lets go again with it", async () => {
		await ward.talking();
		bed.talks.setPrivacy(true);
		expect(bed.media.hot).toBe(false);
		await rest();
		expect(station.leg.peerMuted).toBe(true);
		bed.talks.setPrivacy(false);
		expect(bed.media.hot).toBe(true);
		bed.talks.mute(bed.leg.talk, true);
		bed.talks.setPrivacy(true);
		bed.talks.setPrivacy(false);
		expect(bed.media.hot).toBe(false);
	});

	it("trusts nobody before the disk has told of the key", async () => {
		const store = new FakeStore();
		let told = () => {};
		store.gate = new Promise((resolve) => {
			told = resolve;
		});
		ward.kill("bed-1");
		bed = await ward.open("bed-1", store);
		await station.talks.call("bed-1");
		await ward.pass(6);
		expect(bed.leg.state).toBe("ringing");
		told();
		await rest();
		await station.talks.hangUp(station.leg.talk);
		await ward.pass(1);
		await station.talks.call("bed-1");
		await ward.pass(4);
		expect(bed.leg.state).toBe("open");
	});

	it("keeps privacy over a restart", async () => {
		bed.talks.setPrivacy(true);
		await rest();
		const { store } = bed;
		ward.kill("bed-1");
		bed = await ward.open("bed-1", store);
		expect(bed.talks.state.privacy).toBe(true);
		await station.talks.call("bed-1");
		await ward.pass(6);
		expect(bed.leg.state).toBe("ringing");
	});

	it("really turns the track off when muted", async () => {
		const talk = await ward.talking();
		bed.talks.mute(talk, true);
		expect(bed.media.hot).toBe(false);
		expect(bed.leg.muted).toBe(true);
		await rest();
		expect(station.leg.peerMuted).toBe(true);
		bed.talks.mute(talk, false);
		expect(bed.media.hot).toBe(true);
	});
});

describe("looking through a camera", () => {
	beforeEach(() => {
		ward.directory.ward.video = true;
		for (const id of ["bed-1", "station-a"]) {
			const entry = ward.directory.terminals[id];
			if (entry) entry.camera = true;
		}
	});

	it("sends a picture and no sound, chimes, and is shown at the bed", async () => {
		await station.talks.call("bed-1", "view");
		await rest();
		expect(bed.leg).toMatchObject({ state: "open", purpose: "view", camera: true });
		expect(bed.chimes).toEqual(["line_open"]);
		expect(bed.media.asked).toEqual([]);
		expect(station.media.tracks.size).toBe(0);
		expect(station.leg.picture).not.toBeNull();
		await station.talks.hangUp(station.leg.talk);
		await rest();
		expect(bed.media.tracks.size).toBe(0);
	});

	it("is refused with privacy on, and ends when it is pressed", async () => {
		await station.talks.call("bed-1", "view");
		await rest();
		bed.talks.setPrivacy(true);
		expect(bed.media.tracks.size).toBe(0);
		await rest();
		expect(station.leg).toMatchObject({ state: "over", end: "refused" });
		await station.talks.call("bed-1", "view");
		await rest();
		expect(station.leg).toMatchObject({ state: "over", end: "privacy" });
	});

	it("is refused where the ward allows no pictures", async () => {
		ward.directory.ward.video = false;
		await station.talks.call("bed-1", "view");
		await rest();
		expect(station.leg.end).toBe("not_allowed");
		expect(bed.talks.state.legs).toEqual([]);
	});

	it("covers the camera of a talk with the privacy key, and leaves it on when only muted", async () => {
		await ward.talking();
		const [picture] = [...bed.media.tracks].filter(({ kind }) => kind === "video");
		bed.talks.mute(bed.leg.talk, true);
		expect(picture?.enabled).toBe(true);
		bed.talks.mute(bed.leg.talk, false);
		bed.talks.setPrivacy(true);
		expect(picture?.enabled).toBe(false);
		expect(bed.leg.camera).toBe(false);
		expect(bed.media.hot).toBe(false);
	});

	it("keeps the camera covered when a press after the key lets the nurse hear", async () => {
		bed.talks.setPrivacy(true);
		await ward.pass(1);
		await ward.talking();
		expect(bed.media.hot).toBe(true);
		expect(bed.leg.camera).toBe(false);
		bed.talks.setPrivacy(false);
		expect(bed.leg.camera).toBe(true);
	});

	it("shows both in a talk when both have a camera and the ward allows it", async () => {
		await ward.talking();
		expect(station.leg).toMatchObject({ camera: true });
		expect(station.leg.picture).not.toBeNull();
		expect(bed.leg.picture).not.toBeNull();
		await station.talks.hangUp(station.leg.talk);
		await rest();
		expect(station.media.tracks.size + bed.media.tracks.size).toBe(0);
	});
});
