/** Answering and ending a talk, between terminals in one process (CALL-01, A16; SG21 to SG23). */
import { beforeEach, describe, expect, it } from "vitest";
import { rest } from "../fakes/fake_hub";
import { bedAndStation, type TalkingTerminal, type TalkingWard } from "./talking_ward";

let ward: TalkingWard;
let bed: TalkingTerminal;
let station: TalkingTerminal;

beforeEach(async () => {
	({ ward, bed, station } = await bedAndStation());
});

describe("answering a call", () => {
	it("makes the fact and opens the talk at once, hands-free, shown and heard at the bed", async () => {
		const row = ward.press();
		await station.talks.answer(row);
		expect(station.facts).toEqual([{ act: "answered", calls: row.calls, talkMs: undefined }]);
		await rest();
		expect(bed.leg).toMatchObject({ state: "open", with: "station-a", calls: row.calls });
		expect(bed.chimes).toEqual(["line_open"]);
		expect(bed.media.hot).toBe(true);
		expect(station.media.hot).toBe(true);
		expect(bed.media.sounding && station.media.sounding).toBe(true);
		expect(bed.talks.state.microphone).toBe("ok");
	});

	it("needs a call type that may talk, a kind that answers, and someone at the other end", async () => {
		const row = ward.press();
		const door = await ward.open("door-1");
		const otherDoor = await ward.open("door-2");
		const bathroom = ward.press("bathroom:r1", "door-1", "bathroom");
		const empty = ward.press("bed:b9", "pda-1");
		expect(station.talks.canAnswer(row)).toBe(true);
		expect(door.talks.canAnswer(row)).toBe(true);
		expect(otherDoor.talks.canAnswer(row)).toBe(false);
		expect(bed.talks.canAnswer(row)).toBe(false);
		expect(station.talks.canAnswer(bathroom)).toBe(false);
		expect(station.talks.canAnswer(empty)).toBe(false);
		await station.talks.answer(bathroom);
		expect(station.facts).toEqual([]);
		expect(station.talks.state.legs).toEqual([]);
	});

	it("ends exactly once, with the smaller of both ends' sound, by the end that answered", async () => {
		const talk = await ward.talking();
		await ward.pass(4);
		await station.talks.hangUp(talk);
		await rest();
		expect(bed.leg).toMatchObject({ state: "over", end: "hung_up" });
		expect(bed.ended).toEqual([]);
		expect(station.ended).toHaveLength(1);
		const ms = station.ended[0]?.talkMs ?? 0;
		expect(ms).toBeGreaterThanOrEqual(2_000);
		expect(ms).toBeLessThanOrEqual(4_000);
		await ward.pass(10);
		expect(station.ended).toHaveLength(1);
		expect(station.talks.state.legs).toEqual([]);
	});

	it("is ended by the bed too when a hand there hangs up", async () => {
		await ward.talking();
		await ward.pass(3);
		await bed.talks.hangUp(bed.leg.talk);
		await rest();
		expect(bed.ended).toHaveLength(1);
		expect(station.ended).toHaveLength(1);
		expect(station.leg).toMatchObject({ state: "over", end: "hung_up" });
	});

	it("by two at once lets exactly one talk, and the other sees who", async () => {
		const other = await ward.open("station-b");
		const row = ward.press();
		await Promise.all([station.talks.answer(row), other.talks.answer(row)]);
		await rest();
		expect(station.leg.state).toBe("open");
		expect(other.leg).toMatchObject({ state: "over", end: "talking", by: "station-a" });
		expect(other.facts).toEqual([
			{ act: "answered", calls: row.calls, talkMs: undefined },
			{ act: "ended", calls: row.calls, talkMs: 0 },
		]);
		expect(other.media.tracks.size).toBe(0);
		expect(station.ended).toEqual([]);
	});

	it("twice by the same hand is one answer", async () => {
		const row = ward.press();
		await Promise.all([station.talks.answer(row), station.talks.answer(row)]);
		await rest();
		expect(station.facts).toHaveLength(1);
		expect(station.states).toEqual(["open"]);
	});

	it("names no press that came while they talked: that one rings on", async () => {
		const talk = await ward.talking();
		const [row] = ward.rows;
		if (row)
			ward.rows = [
				{ ...row, calls: [...row.calls, "f".repeat(32)], terminals: ["bed-1", "bed-1"] },
			];
		await station.talks.hangUp(talk);
		expect(station.ended[0]?.calls).toEqual(row?.calls);
	});

	it("survives an answer that is lost on its way", async () => {
		let lost = 0;
		bed.peers.drops = (draft) => draft.kind === "accept" && lost++ === 0;
		await station.talks.answer(ward.press());
		await rest();
		expect(station.leg.state).toBe("inviting");
		await ward.pass(1);
		expect(station.leg.state).toBe("open");
		expect(bed.states).toEqual(["open"]);
	});
});

describe("the end of a talk", () => {
	it("comes at the limit, with a warning before", async () => {
		ward.directory.ward.talk_limit_ms = 20_000;
		await ward.talking();
		expect(station.leg.endsAt).toBe((station.leg.openedAt ?? 0) + 20_000);
		await ward.pass(4);
		expect(bed.chimes).not.toContain("ending");
		await ward.pass(1);
		expect(bed.chimes.filter((kind) => kind === "ending")).toHaveLength(1);
		expect(station.chimes.filter((kind) => kind === "ending")).toHaveLength(1);
		await ward.pass(15);
		expect(station.leg).toMatchObject({ state: "over", end: "limit" });
		expect(bed.leg).toMatchObject({ state: "over", end: "limit" });
		expect(station.ended).toHaveLength(1);
	});

	it("is told within 5 s when the other page is gone", async () => {
		await ward.talking();
		ward.kill("station-a");
		await ward.pass(5);
		expect(bed.leg).toMatchObject({ state: "over", end: "lost" });
		expect(bed.media.tracks.size).toBe(0);
		// Who answered may be gone: the bed gives the call back at once, and it was no talk that anyone ended.
		expect(bed.ended).toEqual([{ act: "ended", calls: ward.rows[0]?.calls, talkMs: 0 }]);
	});

	it("that breaks after minutes clears nothing: nobody has hung up", async () => {
		await ward.talking();
		await ward.pass(10);
		expect(station.leg.talkMs).toBeGreaterThanOrEqual(2_000);
		ward.kill("bed-1");
		await ward.pass(6);
		expect(station.leg).toMatchObject({ state: "over", end: "lost" });
		expect(station.ended.map(({ talkMs }) => talkMs)).toEqual([0]);
	});

	it("that ends with a page clears nothing either", async () => {
		await ward.talking();
		await ward.pass(10);
		station.talks.close();
		await rest();
		expect(station.ended.map(({ talkMs }) => talkMs)).toEqual([0]);
		expect(bed.leg).toMatchObject({ state: "over", end: "closed" });
		expect(bed.ended.map(({ talkMs }) => talkMs)).toEqual([0]);
	});

	it("leaves no ghost when a page starts anew in the middle, and gives the call back", async () => {
		await ward.talking();
		const { store } = station;
		ward.kill("station-a");
		const [row] = ward.rows;
		const by = { fact: "x", terminal: "station-a", staff: null, at: 0 };
		if (row) ward.rows = [{ ...row, state: "talking", talking: by }];
		const again = await ward.open("station-a", store);
		await ward.pass(1);
		expect(again.ended).toEqual([{ act: "ended", calls: row?.calls, talkMs: 0 }]);
		expect(bed.leg).toMatchObject({ state: "over", end: "lost" });
		await again.talks.answer(ward.rows[0] ?? ward.press());
		await rest();
		expect(again.leg.state).toBe("open");
		expect(bed.leg.state).toBe("open");
	});

	it("comes at once when the connection breaks", async () => {
		await ward.talking();
		station.peers.lose("bed-1");
		await rest();
		expect(bed.leg).toMatchObject({ state: "over", end: "lost" });
		expect(station.leg).toMatchObject({ state: "over", end: "lost" });
		expect(station.ended).toHaveLength(1);
	});

	it("does not come while sound goes on though signals have lost their way", async () => {
		await ward.talking();
		bed.peers.drops = () => true;
		station.peers.drops = () => true;
		await ward.pass(20);
		expect(bed.leg.state).toBe("open");
		expect(station.leg.state).toBe("open");
	});
});

describe("a talk that does not come about", () => {
	it("tells that there is no codec; the call stays", async () => {
		bed.peers.refuses = true;
		await station.talks.answer(ward.press());
		await rest();
		expect(station.leg).toMatchObject({ state: "over", end: "no_codec" });
		expect(bed.leg).toMatchObject({ state: "over", end: "no_codec" });
		expect(station.ended.map(({ talkMs }) => talkMs)).toEqual([0]);
		expect(station.media.tracks.size + bed.media.tracks.size).toBe(0);
	});

	it("goes on one-way without a microphone, says so, and counts as no talk", async () => {
		bed.media.refuses = "missing";
		await ward.talking();
		expect(bed.talks.state.microphone).toBe("missing");
		expect(station.leg.peerMuted).toBe(true);
		expect(bed.media.sounding).toBe(true);
		await ward.pass(5);
		await station.talks.hangUp(station.leg.talk);
		expect(station.ended[0]?.talkMs).toBe(0);
	});

	it("does not wait for a question about the microphone that nobody answers", async () => {
		station.media.asks = true;
		await station.talks.answer(ward.press());
		await ward.pass(3);
		expect(station.talks.state.microphone).toBe("blocked");
		expect(station.leg.state).toBe("open");
		station.media.allow();
		await rest();
		expect(station.talks.state.microphone).toBe("ok");
		expect(station.media.hot).toBe(true);
		await ward.pass(1);
		expect(bed.leg.peerMuted).toBe(false);
		await station.talks.hangUp(station.leg.talk);
		expect(station.media.tracks.size).toBe(0);
	});

	it("stops a microphone that comes when the talk is over", async () => {
		station.media.asks = true;
		await station.talks.answer(ward.press());
		await station.talks.hangUp(station.leg.talk);
		station.media.allow();
		await rest();
		expect(station.media.tracks.size).toBe(0);
	});

	it("tells that nobody is there within 5 s; the call stays", async () => {
		ward.kill("bed-1");
		await station.talks.answer(ward.press());
		await ward.pass(5);
		expect(station.leg).toMatchObject({ state: "over", end: "lost" });
		expect(station.ended.map(({ talkMs }) => talkMs)).toEqual([0]);
	});

	it("rings at a station until a hand accepts, refuses, or 30 s are over", async () => {
		const other = await ward.open("station-b");
		await other.talks.call("station-a");
		await ward.pass(20);
		expect(station.leg.state).toBe("ringing");
		expect(other.leg.state).toBe("inviting");
		await station.talks.hangUp(station.leg.talk);
		await rest();
		expect(other.leg).toMatchObject({ state: "over", end: "refused" });
		await other.talks.call("station-a");
		await ward.pass(30);
		expect(station.leg).toMatchObject({ state: "over", end: "unanswered" });
		expect(other.leg).toMatchObject({ state: "over", end: "unanswered" });
	});

	it("stops ringing when whoever rang is gone", async () => {
		const other = await ward.open("station-b");
		await other.talks.call("station-a");
		await ward.pass(2);
		ward.kill("station-b");
		await ward.pass(5);
		expect(station.leg).toMatchObject({ state: "over", end: "lost" });
	});

	it("becomes one talk when both invite each other at the same moment", async () => {
		const other = await ward.open("station-b");
		await Promise.all([other.talks.call("station-a"), station.talks.call("station-b")]);
		await rest();
		await ward.pass(1);
		const [ringing, inviting] = [station, other].map(
			({ talks }) => talks.state.legs.filter(({ state }) => state !== "over").length,
		);
		expect([ringing, inviting]).toEqual([1, 1]);
	});
});

describe("what stays behind", () => {
	it("is nothing, after 50 talks", async () => {
		const before = [bed, station].map(({ peers, talks }) => [
			peers.signals.size,
			talks.changes.size,
		]);
		for (let talk = 0; talk < 50; talk += 1) {
			const row = ward.press();
			await station.talks.answer(row);
			await rest();
			expect(station.leg.state).toBe("open");
			if (talk % 10 === 0) await ward.pass(1);
			await (talk % 2 === 0 ? station : bed).talks.hangUp(station.leg.talk);
			await rest();
			ward.rows = [];
		}
		await ward.pass(6);
		for (const { peers, media, talks, store, errors } of [bed, station]) {
			expect(talks.state.legs).toEqual([]);
			expect(media.tracks.size).toBe(0);
			expect(media.sounding).toBe(false);
			expect(peers.listeners).toBe(0);
			expect([...peers.uses.values()]).toEqual([0]);
			expect([...store.values.keys()]).toEqual([]);
			expect(errors).toEqual([]);
		}
		const [link] = station.peers.links.values();
		expect(link?.sending).toEqual({ audio: null, video: null });
		const after = [bed, station].map(({ peers, talks }) => [
			peers.signals.size,
			talks.changes.size,
		]);
		expect(after).toEqual(before);
	});

	it("is nothing when the page closes in a talk", async () => {
		await ward.talking();
		station.talks.close();
		await rest();
		expect(bed.leg).toMatchObject({ state: "over", end: "closed" });
		expect(station.peers.signals.size).toBe(0);
		expect(station.media.tracks.size).toBe(0);
	});

	it("switches to the handset in the middle of a talk", async () => {
		await ward.talking();
		await station.talks.setDevice("handset");
		await rest();
		expect(station.media.asked).toEqual(["hands_free", "handset"]);
		expect(station.media.tracks.size).toBe(1);
		expect(station.media.hot).toBe(true);
		expect(station.talks.state.device).toBe("handset");
		const again = await ward.open("station-b", station.store);
		expect(again.talks.state.device).toBe("handset");
	});
});
