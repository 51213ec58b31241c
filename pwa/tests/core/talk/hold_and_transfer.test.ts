/** Second call, hold, and passing a talk on (CALL-01, A16). */
import { beforeEach, describe, expect, it } from "vitest";
import { RINGING_MS } from "../../../src/core/talk/leg_run";
import { rest } from "../fakes/fake_hub";
import { bedAndStation, type TalkingTerminal, type TalkingWard } from "./talking_ward";

let ward: TalkingWard;
let bed: TalkingTerminal;
let station: TalkingTerminal;

beforeEach(async () => {
	({ ward, bed, station } = await bedAndStation());
});

describe("hold and second call", () => {
	it("silences both directions and measures nothing meanwhile", async () => {
		const talk = await ward.talking();
		await ward.pass(2);
		await station.talks.hold(talk, true);
		await rest();
		expect(bed.leg).toMatchObject({ state: "held", heldByPeer: true });
		expect(station.media.hot || bed.media.hot).toBe(false);
		expect(station.media.sounding || bed.media.sounding).toBe(false);
		const before = bed.leg.talkMs;
		await ward.pass(8);
		expect(bed.leg.state).toBe("held");
		expect(bed.leg.talkMs - before).toBeLessThanOrEqual(1_000);
		await bed.talks.hold(talk, false);
		expect(bed.leg.state).toBe("held");
		await station.talks.hold(talk, false);
		await rest();
		expect(bed.leg.state).toBe("open");
		expect(station.media.hot && bed.media.hot).toBe(true);
	});

	it("holds the first talk when a second call is answered; one is open at a time", async () => {
		const second = await ward.open("bed-2");
		const first = await ward.talking();
		await station.talks.answer(ward.press("bed:b2", "bed-2"));
		await rest();
		expect(station.states).toEqual(["open", "held"]);
		expect(bed.leg.state).toBe("held");
		expect(second.leg.state).toBe("open");
		await station.talks.hold(first, false);
		await rest();
		expect(station.states).toEqual(["held", "open"]);
		expect(bed.leg.state).toBe("open");
		expect(second.leg.state).toBe("held");
	});

	it("tells a caller that this terminal talks already, and to whom", async () => {
		const other = await ward.open("station-b");
		await ward.talking();
		await other.talks.call("station-a");
		await rest();
		expect(other.leg).toMatchObject({ end: "talking", by: "bed-1" });
		expect(station.leg.state).toBe("open");
	});
});

describe("passing a talk on", () => {
	it("moves to the other station; only the bed's word decides", async () => {
		const other = await ward.open("station-b");
		const talk = await ward.talking();
		await ward.pass(3);
		await station.talks.transfer(talk, "station-b");
		await rest();
		expect(other.talks.state.transfers).toEqual([
			{ talk, from: "station-a", with: "bed-1", calls: ward.rows[0]?.calls },
		]);
		await other.talks.takeTransfer(talk);
		await rest();
		expect(other.leg.state).toBe("open");
		expect(bed.leg).toMatchObject({ state: "open", with: "station-b" });
		expect(station.leg).toMatchObject({ state: "over", end: "transferred", by: "station-b" });
		// a talk that says its time would close the call while the other one speaks
		expect(station.ended).toEqual([{ act: "ended", calls: ward.rows[0]?.calls, talkMs: 0 }]);
		expect(other.facts.map(({ act }) => act)).toEqual(["answered"]);
		expect(other.talks.state.transfers).toEqual([]);
		await ward.pass(3);
		await other.talks.hangUp(other.leg.talk);
		expect(other.ended[0]?.talkMs).toBeGreaterThanOrEqual(2_000);
	});

	it("is withdrawn when the talk ends before", async () => {
		const other = await ward.open("station-b");
		const talk = await ward.talking();
		await station.talks.transfer(talk, "station-b");
		await station.talks.hangUp(talk);
		await rest();
		expect(other.talks.state.transfers).toEqual([]);
		await other.talks.takeTransfer(talk);
		expect(other.talks.state.legs).toEqual([]);
	});

	it("works for a talk about no call, and is taken from nobody else", async () => {
		const other = await ward.open("station-b");
		await station.talks.call("bed-1");
		await ward.pass(4);
		const { talk } = station.leg;
		await other.talks.call("bed-1");
		await rest();
		expect(other.leg.end).toBe("talking");
		await station.talks.transfer(talk, "station-b");
		await rest();
		await other.talks.takeTransfer(talk);
		await rest();
		expect(other.leg.state).toBe("open");
		expect(other.facts).toEqual([]);
	});

	it("is offered for half a minute, then the offer lapses and the talk goes on", async () => {
		const other = await ward.open("station-b");
		const talk = await ward.talking();
		await station.talks.transfer(talk, "station-b");
		await ward.pass(RINGING_MS / 1_000 - 1);
		expect(other.talks.state.transfers).toHaveLength(1);
		await ward.pass(1);
		expect(other.talks.state.transfers).toEqual([]);
		await other.talks.takeTransfer(talk);
		await rest();
		expect(other.talks.state.legs).toEqual([]);
		expect(station.leg).toMatchObject({ talk, state: "open" });
	});

	it("is one offer a station: its newest", async () => {
		const other = await ward.open("station-b");
		for (const talk of ["a", "b"].map((digit) => digit.repeat(16))) {
			station.peers.signal("station-b", { kind: "transfer", talk, station: "bed-1", calls: [] });
		}
		bed.peers.signal("station-b", {
			kind: "transfer",
			talk: "c".repeat(16),
			station: "bed-1",
			calls: [],
		});
		await rest();
		expect(other.talks.state.transfers.map(({ talk }) => talk)).toEqual(["b".repeat(16)]);
	});

	it("gives who takes it the whole talk time again", async () => {
		const other = await ward.open("station-b");
		const talk = await ward.talking();
		await ward.pass(100);
		await station.talks.transfer(talk, "station-b");
		await rest();
		await other.talks.takeTransfer(talk);
		await rest();
		await ward.pass(110);
		expect([other.leg.state, bed.leg.state]).toEqual(["open", "open"]);
		await ward.pass(12);
		expect(other.leg.end).toBe("limit");
		expect(bed.leg.state).toBe("over");
	});
});
