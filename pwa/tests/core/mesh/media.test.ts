/** What a talk needs of a connection: sound and pictures that come and go by renegotiation, and clips beside them. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MediaRefused, type PeerMedia, PeerUnreachable } from "../../../src/core/mesh/types";
import { FakeStream, FakeTrack } from "../fakes/fake_rtc";
import { WardOfMeshes } from "./ward_of_meshes";

let ward: WardOfMeshes;

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
	ward = new WardOfMeshes();
});
afterEach(() => {
	vi.useRealTimers();
});

const track = (kind: "audio" | "video" = "audio") =>
	new FakeTrack(kind) as unknown as MediaStreamTrack;
const streamOf = (...tracks: MediaStreamTrack[]) =>
	new FakeStream(tracks as unknown as FakeTrack[]) as unknown as MediaStream;

/** A bed and its station over a living link, the hub dead. */
async function pair(codecs?: {
	audio: string[];
	video: string[];
}): Promise<[PeerMedia, PeerMedia]> {
	await ward.enrol("bed-b01", "station-main");
	ward.open("bed-b01", codecs);
	ward.open("station-main");
	await ward.pass(500);
	ward.hubUp = false;
	return Promise.all([
		ward.page("bed-b01").mesh.connect("station-main"),
		ward.page("station-main").mesh.connect("bed-b01"),
	]);
}

/** Energy heard by a terminal while a second flows. */
async function energy(media: PeerMedia): Promise<number> {
	const sum = async () => {
		let total = 0;
		for (const each of (await media.stats()).values()) total += each.totalAudioEnergy ?? 0;
		return total;
	};
	const before = await sum();
	ward.network.flow(1_000);
	return (await sum()) - before;
}

test("sound flows both ways over the link that is there, and stops when it is taken away", async () => {
	const [bed, station] = await pair();
	const seen: (string | null)[] = [];
	bed.tracks.add((kind, came) => seen.push(came && kind));
	for (const each of [bed, station]) each.receive("audio", true);
	const [one, other] = [track(), track()];
	// Both at once: glare, which perfect negotiation undoes.
	const sent = Promise.all([
		bed.send("audio", one, streamOf(one)),
		station.send("audio", other, streamOf(other)),
	]);
	await ward.pass(300);
	await sent;
	expect([bed.track("audio") !== null, station.track("audio") !== null]).toEqual([true, true]);
	expect([await energy(bed), await energy(station)]).toEqual([0.25, 0.25]);

	await station.send("audio", null, null);
	await ward.pass(300);
	expect([await energy(bed), await energy(station)]).toEqual([0, 0.25]);
	expect(bed.track("audio")).toBeNull();
	expect(seen).toEqual(["audio", null]);

	// A second talk over the same connection takes the same m-lines.
	const again = station.send("audio", track(), null);
	await ward.pass(300);
	await again;
	expect(await energy(bed)).toBe(0.25);
	expect(ward.network.connections.size).toBe(2);
});

test("pictures are added to a talk and removed from it", async () => {
	const [bed, station] = await pair();
	station.receive("video", true);
	const sent = bed.send("video", track("video"), null);
	await ward.pass(300);
	await sent;
	expect(station.track("video")).not.toBeNull();
	expect(station.track("audio")).toBeNull();
	await bed.send("video", null, null);
	await ward.pass(300);
	expect(station.track("video")).toBeNull();
});

test("nothing is heard that is not wanted; wanting it later is enough", async () => {
	const [bed, station] = await pair();
	const sent = station.send("audio", track(), null);
	await ward.pass(300);
	await sent;
	expect([bed.track("audio"), await energy(bed)]).toEqual([null, 0]);
	bed.receive("audio", true);
	await ward.pass(300);
	expect([bed.track("audio") !== null, await energy(bed)]).toEqual([true, 0.25]);
	ward.page("bed-b01").mesh.release("station-main");
	await ward.pass(300);
	expect([bed.track("audio"), await energy(bed)]).toEqual([null, 0]);
});

test("no codec in common: MediaRefused, and the link lives on", async () => {
	const [bed, station] = await pair({ audio: ["G722"], video: [] });
	bed.receive("audio", true);
	const outcome = station.send("audio", track(), null).catch((error: unknown) => error);
	await ward.pass(300);
	expect(await outcome).toBeInstanceOf(MediaRefused);
	expect(ward.linked("bed-b01", "station-main")).toBe(true);
	// Next time it is refused again, not forgotten.
	const again = station.send("audio", track(), null).catch((error: unknown) => error);
	await ward.pass(300);
	expect(await again).toBeInstanceOf(MediaRefused);
});

test("a description that cannot be used ends the connection with no_codec, and the talk is told", async () => {
	const [bed, station] = await pair();
	for (const each of ward.network.connections) {
		if (each.terminal === "bed-b01") {
			each.setRemoteDescription = () => Promise.reject(new Error("OperationError"));
		}
	}
	let lost = 0;
	bed.lost.add(() => lost++);
	const outcome = station.send("audio", track(), null).catch((error: unknown) => error);
	await ward.pass(300);
	expect(await outcome).toBeInstanceOf(MediaRefused);
	expect(lost).toBe(1);
});

test("who goes away loses the talk: the sender is told, and that it is lost", async () => {
	const [, station] = await pair();
	let lost = 0;
	station.lost.add(() => lost++);
	ward.network.cut("bed-b01", "station-main");
	const outcome = station.send("audio", track(), null).catch((error: unknown) => error);
	await ward.pass(8_000);
	expect(await outcome).toBeInstanceOf(PeerUnreachable);
	ward.page("station-main").mesh.stop();
	expect(lost).toBe(1);
});

test("a clip's channel opens beside the ward's own, without renegotiation", async () => {
	const [bed, station] = await pair();
	const came: string[] = [];
	bed.channels.add((channel) => {
		channel.onmessage = ({ data }) => came.push(`${channel.label} ${data}`);
	});
	const channel = station.openChannel("clip:7a1c000000000001");
	channel.onopen = () => channel.send("a");
	await ward.pass(200);
	expect(came).toEqual(["clip:7a1c000000000001 a"]);
	expect(ward.linked("bed-b01", "station-main")).toBe(true);
});

test("an ICE restart keeps the talk: sound is back after a cut of some seconds", async () => {
	const [bed, station] = await pair();
	bed.receive("audio", true);
	const sent = station.send("audio", track(), null);
	await ward.pass(300);
	await sent;
	ward.hubUp = true;
	ward.network.cut("bed-b01", "station-main");
	await ward.pass(4_500);
	ward.network.heal("bed-b01", "station-main");
	await ward.pass(1_500);
	expect(await energy(bed)).toBe(0.25);
});
