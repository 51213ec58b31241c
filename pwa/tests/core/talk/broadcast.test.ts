/** One station to many: straight, through the hub's relay, and as a clip (CALL-02). */
import { beforeEach, describe, expect, it } from "vitest";
import { MAX_DIRECT } from "../../../src/core/talk/broadcast";
import { PIECE_BYTES } from "../../../src/core/talk/clip";
import { rest } from "../fakes/fake_hub";
import { FakePeers } from "./fake_peers";
import { type TalkingTerminal, TalkingWard } from "./talking_ward";

let ward: TalkingWard;
let station: TalkingTerminal;

beforeEach(async () => {
	ward = new TalkingWard();
	station = await ward.open("station-a");
});

async function beds(count: number): Promise<TalkingTerminal[]> {
	const open: TalkingTerminal[] = [];
	for (let bed = 10; bed < 10 + count; bed += 1) {
		ward.enter(`bed-${bed}`);
		open.push(await ward.open(`bed-${bed}`));
	}
	return open;
}

const ids = (terminals: TalkingTerminal[]) => terminals.map(({ id }) => id);

describe("a broadcast straight from the page", () => {
	it("reaches every target, counts only those that say they hear it, and ends everywhere", async () => {
		const all = await beds(3);
		await station.talks.broadcast([...ids(all), ids(all)[0] ?? ""]);
		await rest();
		expect(station.talks.state.broadcast).toMatchObject({
			way: "direct",
			targets: ids(all),
			reached: [],
		});
		expect(station.talks.state.legs).toEqual([]);
		await ward.pass(2);
		expect(station.talks.state.broadcast).toMatchObject({ reached: ids(all), missed: [] });
		for (const { leg, media, chimes } of all) {
			expect(leg).toMatchObject({ state: "open", purpose: "broadcast", invited: false });
			expect(media.tracks.size).toBe(0);
			expect(media.sounding).toBe(true);
			expect(chimes).toEqual(["broadcast"]);
		}
		// one microphone, and a track of its own for each connection
		expect(station.media.tracks.size).toBe(4);
		await ward.pass(150);
		expect(all[0]?.leg.state).toBe("open");
		await station.talks.endBroadcast();
		await rest();
		expect(station.talks.state.broadcast).toBeNull();
		expect(station.media.tracks.size).toBe(0);
		expect(all.map(({ leg }) => leg.end)).toEqual(["hung_up", "hung_up", "hung_up"]);
		expect([...station.peers.uses.values()]).toEqual([0, 0, 0]);
	});

	it("ends at a bed where a call is pressed, at once and there only", async () => {
		const [bed, other] = [await ward.open("bed-1"), await ward.open("bed-2")];
		await station.talks.broadcast(["bed-1", "bed-2"]);
		await ward.pass(2);
		ward.press();
		expect(bed.leg).toMatchObject({ state: "over", end: "call" });
		expect(bed.media.sounding).toBe(false);
		await rest();
		expect(other.leg.state).toBe("open");
		expect(station.talks.state.broadcast).toMatchObject({
			reached: ["bed-2"],
			missed: [{ terminal: "bed-1", reason: "call" }],
		});
	});

	it("leaves those that talk, call, or are not there, and says why", async () => {
		const other = await ward.open("station-b");
		const bed = await ward.open("bed-1");
		await ward.open("bed-2");
		await other.talks.answer(ward.press());
		await rest();
		ward.rows = [];
		ward.press("bed:b2", "bed-2");
		await station.talks.broadcast(["bed-1", "bed-2", "door-1"]);
		await ward.pass(5);
		expect(station.talks.state.broadcast?.missed).toEqual([
			{ terminal: "bed-1", reason: "talking" },
			{ terminal: "bed-2", reason: "call" },
			{ terminal: "door-1", reason: "lost" },
		]);
		expect(bed.states).toEqual(["open"]);
	});

	it("ends before its speaker answers a patient, and holds whom it spoke to", async () => {
		const [bed, other] = [await ward.open("bed-1"), await ward.open("bed-2")];
		await station.talks.broadcast(["bed-2"]);
		await ward.pass(2);
		await station.talks.answer(ward.press());
		await rest();
		expect(station.talks.state.broadcast).toBeNull();
		expect(other.leg.state).toBe("over");
		expect(bed.leg.state).toBe("open");
		await station.talks.broadcast(["bed-2"]);
		await rest();
		expect(bed.leg.state).toBe("held");
		expect(other.leg.state).toBe("open");
	});

	it("gives way at a bed to a talk", async () => {
		const bed = await ward.open("bed-1");
		const other = await ward.open("station-b");
		await station.talks.broadcast(["bed-1"]);
		await ward.pass(1);
		await other.talks.call("bed-1");
		await ward.pass(4);
		expect(bed.talks.state.legs.filter(({ purpose }) => purpose === "talk")).toMatchObject([
			{ state: "open" },
		]);
	});

	it("tells that there is no microphone, and is over", async () => {
		await ward.open("bed-1");
		station.media.refuses = "missing";
		await station.talks.broadcast(["bed-1"]);
		await rest();
		expect(station.talks.state.microphone).toBe("missing");
		expect(station.talks.state.broadcast?.missed).toEqual([
			{ terminal: "bed-1", reason: "no_media" },
		]);
		await ward.pass(6);
		expect(station.talks.state.broadcast).toBeNull();
	});

	it("is for stations only", async () => {
		const bed = await ward.open("bed-1");
		await bed.talks.broadcast(["station-a"]);
		expect(bed.talks.state.broadcast).toBeNull();
	});

	it("ends at a bed whose station is gone", async () => {
		const bed = await ward.open("bed-1");
		await station.talks.broadcast(["bed-1"]);
		await ward.pass(2);
		ward.kill("station-a");
		await ward.pass(6);
		expect(bed.leg).toMatchObject({ state: "over", end: "lost" });
	});
});

describe("a broadcast to more than a page can feed", () => {
	const targets = Array.from({ length: MAX_DIRECT + 2 }, (_, bed) => `far-${bed + 10}`);

	beforeEach(() => {
		ward.directory.ward.relay_key = "key";
	});

	it("goes through the hub's relay, which says who hears it", async () => {
		const hub = new FakePeers("hub", ward.peers);
		hub.signals.add((signal) => {
			if (signal.kind !== "invite") return;
			hub.signal("station-a", { kind: "accept", talk: signal.talk, video: 0 });
		});
		await station.talks.broadcast(targets);
		await rest();
		const [invite] = station.peers.said("invite");
		expect(invite).toMatchObject({ purpose: "broadcast", targets });
		const { broadcast } = station.talks.state;
		expect(broadcast).toMatchObject({ way: "relay", targets, reached: [], missed: [] });
		expect(hub.links.get("station-a")?.track("audio")).not.toBeNull();
		const [first = "", second = ""] = targets;
		const missed = [{ terminal: second, reason: "privacy" }];
		const report = { t: "broadcast", talk: broadcast?.talk, reached: [first], missed };
		expect(station.talks.heardFromHub({ ...report, talk: "f".repeat(16) })).toBe(true);
		expect(station.talks.state.broadcast?.reached).toEqual([]);
		expect(station.talks.heardFromHub(report)).toBe(true);
		expect(station.talks.state.broadcast).toMatchObject({ reached: [first], missed });
		expect(station.talks.heardFromHub({ t: "present" })).toBe(false);
		await station.talks.endBroadcast();
		await rest();
		expect(station.peers.said("bye", "hub")).toHaveLength(1);
		expect(station.media.tracks.size).toBe(0);
	});

	it("is done without a relay that does not answer, for as many as the page can feed", async () => {
		await station.talks.broadcast(targets);
		await ward.pass(5);
		expect(station.talks.state.broadcast?.way).toBe("direct");
		const { missed = [] } = station.talks.state.broadcast ?? {};
		expect(missed).toEqual([
			{ terminal: targets[MAX_DIRECT], reason: "full" },
			{ terminal: targets[MAX_DIRECT + 1], reason: "full" },
		]);
	});

	it("does not ask a hub that is away", async () => {
		ward.hubThere = false;
		await station.talks.broadcast(targets);
		expect(station.talks.state.broadcast?.way).toBe("direct");
	});
});

describe("a broadcast of the hub's relay at a bed", () => {
	it("is heard like a station's", async () => {
		const bed = await ward.open("bed-1");
		const hub = new FakePeers("hub", ward.peers);
		const talk = "e".repeat(16);
		hub.signal("bed-1", { kind: "invite", talk, purpose: "broadcast", calls: [], video: 0 });
		await rest();
		expect(bed.leg).toMatchObject({ with: "hub", state: "open", purpose: "broadcast" });
		expect(hub.said("heard")).toEqual([]);
		await ward.pass(1);
		expect(bed.peers.said("heard", "hub").length).toBeGreaterThan(0);
		hub.signal("bed-1", { kind: "bye", talk, reason: "hung_up" });
		await rest();
		expect(bed.leg).toMatchObject({ state: "over", end: "hung_up" });
	});
});

describe("a recorded announcement", () => {
	async function recorded(...bytes: number[]): Promise<string> {
		await station.talks.recordAnnouncement();
		expect(station.talks.state.recordingClip).toBe(true);
		station.media.recorders.at(-1)?.piece(...bytes);
		await ward.pass(3);
		await station.talks.recordAnnouncement();
		expect(station.talks.state.recordingClip).toBe(false);
		await station.talks.keepAnnouncement("午饭");
		const [kept] = station.talks.state.announcements;
		return kept?.id ?? "";
	}

	it("is recorded, kept on disk under its name, and dropped", async () => {
		const id = await recorded(1, 2, 3);
		expect(station.talks.state.announcements).toEqual([{ id, name: "午饭", seconds: 3 }]);
		expect(station.media.tracks.size).toBe(0);
		const again = await ward.open("station-b", station.store);
		expect(again.talks.state.announcements).toEqual([{ id, name: "午饭", seconds: 3 }]);
		await station.talks.dropAnnouncement(id);
		expect(station.talks.state.announcements).toEqual([]);
		expect(station.store.values.size).toBe(0);
	});

	it("stops after a minute, and is thrown away without a name", async () => {
		await station.talks.recordAnnouncement();
		await ward.pass(60);
		expect(station.talks.state.recordingClip).toBe(false);
		expect(station.media.tracks.size).toBe(0);
		await station.talks.keepAnnouncement(null);
		expect(station.talks.state.announcements).toEqual([]);
		expect(station.store.values.size).toBe(0);
	});

	it("is played whole at each target, which shows it like a broadcast", async () => {
		const [bed, other] = [await ward.open("bed-1"), await ward.open("bed-2")];
		const bytes = Array.from({ length: 3 * PIECE_BYTES }, (_, at) => at % 251);
		const id = await recorded(...bytes);
		await station.talks.announce(id, ["bed-1", "bed-2"]);
		await ward.pass(2);
		expect(bed.leg).toMatchObject({ state: "open", purpose: "broadcast" });
		expect([...(bed.media.clips[0]?.bytes ?? [])]).toEqual([...bytes, 99]);
		expect(station.media.tracks.size).toBe(0);
		await ward.pass(2);
		expect(station.talks.state.broadcast).toMatchObject({
			way: "clip",
			targets: ["bed-1", "bed-2"],
			reached: ["bed-1", "bed-2"],
		});
		ward.press("bed:b2", "bed-2");
		expect(other.media.clips[0]?.stopped).toBe(true);
		bed.media.clips[0]?.finish();
		await rest();
		expect(bed.leg).toMatchObject({ state: "over", end: "hung_up" });
		expect(station.talks.state.broadcast).toMatchObject({
			reached: ["bed-1"],
			missed: [{ terminal: "bed-2", reason: "call" }],
		});
		await ward.pass(7);
		expect(station.talks.state.broadcast).toBeNull();
		expect(station.errors).toEqual([]);
	});

	it("waits for a bed that is not ready for its channel yet", async () => {
		const bed = await ward.open("bed-1");
		const id = await recorded(1, 2);
		let connected = () => {};
		bed.peers.gate = new Promise((resolve) => {
			connected = resolve;
		});
		await station.talks.announce(id, ["bed-1"]);
		await rest();
		station.ticker.tick();
		await rest();
		connected();
		await ward.pass(2);
		expect([...(bed.media.clips[0]?.bytes ?? [])]).toEqual([1, 2, 99]);
	});

	it("goes to more than a page can feed at once, one after the other", async () => {
		const all = await beds(MAX_DIRECT + 3);
		const id = await recorded(1);
		await station.talks.announce(id, ids(all));
		await ward.pass(2);
		expect(all.filter(({ media }) => media.clips.length > 0)).toHaveLength(MAX_DIRECT);
		await ward.pass(1);
		for (const { media } of all) media.clips[0]?.finish();
		await ward.pass(4);
		expect(all.filter(({ media }) => media.clips.length > 0)).toHaveLength(MAX_DIRECT + 3);
		for (const { media } of all) media.clips[0]?.finish();
		await rest();
		expect(station.talks.state.broadcast?.reached).toHaveLength(MAX_DIRECT + 3);
	});

	it("tells of a bed that cannot play it", async () => {
		const bed = await ward.open("bed-1");
		const id = await recorded(1, 2, 3);
		await station.talks.announce(id, ["bed-1"]);
		await ward.pass(2);
		bed.media.clips[0]?.fail(new Error("no sound"));
		await rest();
		expect(station.talks.state.broadcast?.missed).toEqual([
			{ terminal: "bed-1", reason: "no_media" },
		]);
	});
});
