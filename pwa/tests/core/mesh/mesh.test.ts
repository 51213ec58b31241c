/** The ward's links: how they come up, what ends them, and what comes back. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { signWith } from "../../../src/core/facts/signing";
import { PeerUnreachable } from "../../../src/core/mesh/types";
import { presence } from "../../../src/core/protocol/names";
import { fingerprintsOf } from "../../../src/core/signalling/inbox";
import { encodeSignal, encodeSignalBody, parseSignal } from "../../../src/core/signalling/signals";
import type { Signal, TalkDraft } from "../../../src/core/signalling/types";
import { FakeTrack } from "../fakes/fake_rtc";
import { WARD, WardOfMeshes } from "./ward_of_meshes";

const ADDRESS = presence(WARD);
const TALK = "7a1c000000000001";
let ward: WardOfMeshes;

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
	ward = new WardOfMeshes();
});
afterEach(() => {
	vi.useRealTimers();
});

async function wardOf(...terminals: string[]): Promise<void> {
	await ward.enrol(...terminals);
	for (const each of terminals) ward.open(each);
}

const stateless = (payload: object) => ({
	type: "stateless" as const,
	address: ADDRESS,
	payload: JSON.stringify(payload),
});

/** Signs as a terminal would, whatever it says. */
async function forge(signer: string, signal: Signal): Promise<string> {
	const bytes = encodeSignalBody(signal);
	const key = ward.keys.get(signer)?.privateKey as CryptoKey;
	return encodeSignal(await signWith(key)(bytes), bytes);
}

describe("coming up", () => {
	test("the links of the plan come up by signals over the hub, and no others", async () => {
		await wardOf("bed-b01", "bed-b02", "door-r01", "station-main", "corridor-1", "pda-01");
		await ward.pass(500);
		expect(ward.page("bed-b01").mesh.alive()).toEqual(["door-r01", "station-main"]);
		expect(ward.page("bed-b01").mesh.planned()).toEqual(["door-r01", "station-main"]);
		expect(ward.page("corridor-1").mesh.alive()).toEqual(["door-r01", "station-main"]);
		expect(ward.page("pda-01").mesh.alive()).toEqual(["station-main"]);
		expect(ward.page("station-main").mesh.alive()).toEqual([
			"bed-b01",
			"bed-b02",
			"corridor-1",
			"door-r01",
			"pda-01",
		]);
		expect(ward.page("bed-b01").up.sort()).toEqual([
			["door-r01", true],
			["station-main", true],
		]);
	});

	test("one connection a pair: who dials is one of the two", async () => {
		await wardOf("bed-b01", "station-main");
		await ward.pass(2_000);
		expect(ward.network.connections.size).toBe(2);
		const offers = ward.overHub.filter(
			(each) => each.kind === "description" && each.type === "offer",
		);
		expect(new Set(offers.map(({ from }) => from))).toEqual(new Set(["station-main"]));
	});

	test("frames go to a living neighbour and arrive from it; the neighbour is known", async () => {
		await wardOf("bed-b01", "station-main");
		await ward.pass(500);
		const facts = { type: "stateless", address: `ward/${WARD}/calls`, payload: "{}" } as const;
		expect(ward.page("bed-b01").mesh.send("station-main", facts)).toBe(true);
		expect(ward.page("bed-b01").mesh.send("bed-b02", facts)).toBe(false);
		await ward.pass(100);
		expect(ward.page("station-main").heard).toEqual([["bed-b01", facts]]);
		const { session } = ward.page("bed-b01");
		const known = () => ward.page("station-main").mesh.neighbour("bed-b01");
		expect(known()).toEqual({ session, layer: 1, version: "1" });
		ward.page("bed-b01").layer = 2;
		await ward.pass(1_500);
		expect(known()?.layer).toBe(2);
	});

	test("a terminal nobody has heard of is not dialled; one that comes is, at once", async () => {
		await wardOf("bed-b01", "station-main");
		await ward.enrol("bed-b02");
		await ward.pass(3_000);
		expect(ward.overHub.some(({ to }) => to === "bed-b02")).toBe(false);
		ward.open("bed-b02");
		expect(await ward.until(() => ward.linked("bed-b02", "station-main"))).toBeLessThan(300);
	});

	test("a lost offer is sent once more by itself", async () => {
		await ward.enrol("bed-b01", "station-main");
		let lost = 0;
		ward.tamper = (wire) => (++lost <= 3 ? null : wire);
		for (const each of ["bed-b01", "station-main"]) ward.open(each);
		expect(await ward.until(() => ward.linked("bed-b01", "station-main"))).toBeLessThan(3_000);
	});

	test("two that dial at the same time end with one connection (SG20)", async () => {
		await ward.enrol("station-main", "station-vice");
		ward.hubUp = false;
		for (const each of ["station-main", "station-vice"]) ward.open(each);
		ward.hubUp = true;
		const one = ward.page("station-main").mesh.connect("station-vice");
		const other = ward.page("station-vice").mesh.connect("station-main");
		await ward.until(() => ward.linked("station-main", "station-vice"));
		await Promise.all([one, other]);
		await ward.pass(3_000);
		expect(ward.network.connections.size).toBe(2);
		const answers = ward.overHub.filter(
			(each) => each.kind === "description" && each.type === "answer",
		);
		expect(new Set(answers.map(({ from }) => from))).toEqual(new Set(["station-vice"]));
	});
});

describe("without the hub", () => {
	test("links live on, and a new one is made through a neighbour", async () => {
		await wardOf("bed-b01", "door-r01", "station-main");
		await ward.pass(500);
		ward.hubUp = false;
		await ward.pass(5_000);
		expect(ward.linked("bed-b01", "station-main")).toBe(true);
		// The bed's end of the connection breaks for good; the door still reaches both.
		for (const each of [...ward.network.connections]) {
			const { terminal, partner } = each;
			if (terminal === "bed-b01" && partner?.terminal === "station-main") each.close();
		}
		await ward.until(() => !ward.linked("bed-b01", "station-main"));
		expect(await ward.until(() => ward.linked("bed-b01", "station-main"))).toBeLessThan(3_000);
	});

	test("two that share no link talk by signals over a third, in order and once", async () => {
		await wardOf("bed-b01", "station-main", "pda-01");
		await ward.pass(500);
		ward.hubUp = false;
		const { mesh } = ward.page("pda-01");
		mesh.signal("bed-b01", { kind: "invite", talk: TALK, purpose: "talk", calls: [], video: 0 });
		for (let ms = 1; ms <= 40; ms++) mesh.signal("bed-b01", { kind: "heard", talk: TALK, ms });
		await ward.pass(300);
		const came = ward.page("bed-b01").signals;
		expect(came.map(({ seq }) => seq)).toEqual(Array.from({ length: 41 }, (_, at) => at + 1));
	});

	test("a connection for a talk of two that hold no link, in well under 2 s", async () => {
		await wardOf("bed-b01", "station-main", "pda-01");
		await ward.pass(500);
		ward.hubUp = false;
		const pda = ward.page("pda-01").mesh;
		const bed = ward.page("bed-b01").mesh;
		pda.signal("bed-b01", { kind: "invite", talk: TALK, purpose: "talk", calls: [], video: 0 });
		await ward.pass(100);
		let made = 0;
		void pda.connect("bed-b01").then(() => made++);
		void bed.connect("pda-01").then(() => made++);
		expect(await ward.until(() => made === 2)).toBeLessThan(500);
		expect(pda.alive()).toEqual(["station-main"]);
		expect(ward.page("bed-b01").up.some(([terminal]) => terminal === "pda-01")).toBe(false);
		pda.release("bed-b01");
		await ward.pass(2_000);
		expect(ward.network.connections.size).toBe(4);
	});

	test("nobody reaches it: PeerUnreachable after 5 s", async () => {
		await wardOf("bed-b01", "station-main", "pda-01");
		await ward.pass(500);
		ward.kill("bed-b01");
		let failed = "";
		const from = ward.now;
		ward
			.page("pda-01")
			.mesh.connect("bed-b01")
			.catch((error: Error) => {
				failed = error.constructor.name;
			});
		await ward.until(() => failed !== "");
		expect(failed).toBe("PeerUnreachable");
		expect(ward.now - from).toBeLessThanOrEqual(6_100);
	});

	test("the hub misses a terminal that a neighbour reaches: what it was given goes there", async () => {
		await wardOf("bed-b01", "station-main", "pda-01");
		await ward.pass(500);
		ward.cutFromHub.add("bed-b01");
		const draft: TalkDraft = { kind: "invite", talk: TALK, purpose: "talk", calls: [], video: 0 };
		ward.page("pda-01").mesh.signal("bed-b01", draft);
		await ward.pass(200);
		expect(ward.page("bed-b01").signals).toMatchObject([draft]);
	});
});

describe("what dies", () => {
	test("a pulled cable: dead within 4 s, healed when it is back, and frames flow again", async () => {
		await wardOf("bed-b01", "station-main");
		await ward.pass(500);
		ward.network.cut("bed-b01", "station-main");
		const down = await ward.until(
			() => !ward.page("bed-b01").mesh.alive().includes("station-main"),
		);
		expect(down).toBeGreaterThan(1_900);
		expect(down).toBeLessThan(4_000);
		await ward.pass(1_000);
		expect(ward.page("station-main").up.at(-1)).toEqual(["bed-b01", false]);
		ward.network.heal("bed-b01", "station-main");
		expect(await ward.until(() => ward.linked("bed-b01", "station-main"))).toBeLessThan(16_000);
		const facts = { type: "stateless", address: `ward/${WARD}/calls`, payload: "{}" } as const;
		ward.page("bed-b01").mesh.send("station-main", facts);
		await ward.pass(100);
		expect(ward.page("station-main").heard).toHaveLength(1);
		await ward.pass(10_000);
		expect(ward.network.connections.size).toBe(2);
	});

	test("a cable pulled for minutes: the link is made anew within 20 s of its return", async () => {
		await wardOf("bed-b01", "station-main");
		await ward.pass(500);
		ward.network.cut("bed-b01", "station-main");
		await ward.pass(180_000, 250);
		ward.network.heal("bed-b01", "station-main");
		expect(await ward.until(() => ward.linked("bed-b01", "station-main"))).toBeLessThan(20_000);
		await ward.pass(10_000);
		expect(ward.network.connections.size).toBe(2);
	});

	test("without hub and neighbours a dead link is held: it heals by itself", async () => {
		await wardOf("bed-b01", "station-main");
		await ward.pass(500);
		ward.hubUp = false;
		ward.network.cut("bed-b01", "station-main");
		await ward.pass(12_000);
		ward.network.heal("bed-b01", "station-main");
		expect(await ward.until(() => ward.linked("bed-b01", "station-main"))).toBeLessThan(1_500);
	});

	test("a page that starts anew replaces its old link at once, over the hub", async () => {
		await wardOf("bed-b01", "station-main");
		await ward.pass(500);
		ward.kill("bed-b01");
		await ward.pass(200);
		ward.open("bed-b01");
		expect(await ward.until(() => ward.linked("bed-b01", "station-main"))).toBeLessThan(300);
		expect(ward.page("station-main").up).toEqual([
			["bed-b01", true],
			["bed-b01", false],
			["bed-b01", true],
		]);
		await ward.pass(2_000);
		expect(ward.network.connections.size).toBe(2);
	});

	test("who dials starts anew: the other takes the new connection for the old", async () => {
		await wardOf("bed-b01", "station-main");
		await ward.pass(500);
		ward.kill("station-main");
		await ward.pass(200);
		ward.open("station-main");
		expect(await ward.until(() => ward.linked("bed-b01", "station-main"))).toBeLessThan(300);
		expect(ward.page("bed-b01").up.map(([, up]) => up)).toEqual([true, false, true]);
	});

	test("a revoked terminal has no links any more", async () => {
		await wardOf("bed-b01", "bed-b02", "station-main");
		await ward.pass(500);
		ward.edit("bed-b01", { state: "revoked" });
		await ward.pass(200);
		expect(ward.page("station-main").mesh.alive()).toEqual(["bed-b02"]);
		expect(ward.page("bed-b01").mesh.alive()).toEqual([]);
		await ward.pass(5_000);
		expect(ward.network.connections.size).toBe(2);
	});
});

describe("what is refused", () => {
	test("a foreign fingerprint: the link is not made, and the sender is told (SG14)", async () => {
		await ward.enrol("bed-b01", "station-main");
		// The hub is the attacker: it puts its own fingerprint into the offer.
		ward.tamper = (wire, signal) => {
			if (signal.kind !== "description" || signal.type !== "offer") return wire;
			const { signature, bytes } = parseSignal(wire);
			const text = new TextDecoder().decode(bytes);
			const foreign = text.replaceAll(
				/([0-9A-F]{2}:){31}[0-9A-F]{2}/g,
				Array(32).fill("AA").join(":"),
			);
			return encodeSignal(signature, new TextEncoder().encode(foreign));
		};
		for (const each of ["bed-b01", "station-main"]) ward.open(each);
		await ward.pass(3_000);
		expect(ward.linked("bed-b01", "station-main")).toBe(false);
		expect(ward.page("bed-b01").refused.map(([, reason]) => reason)).toContain("bad_signature");

		// The sender itself says one thing and its SDP another.
		ward.tamper = (wire) => wire;
		const session = ward.page("station-main").session;
		const signed = await forge("station-main", {
			kind: "description",
			from: "station-main",
			to: "bed-b01",
			ward: WARD,
			session,
			seq: 900,
			at: 1_800_000_000_000,
			connection: "00000000000000ff",
			type: "offer",
			sdp: `m=application 9 x\r\na=fingerprint:sha-256 ${Array(32).fill("AA").join(":")}\r\n`,
			fingerprint: `sha-256 ${Array(32).fill("BB").join(":")}`,
		});
		const before = ward.overHub.length;
		ward.page("bed-b01").mesh.receiveFromHub({ t: "signal", hops: 0, signals: [signed] });
		await ward.pass(100);
		expect(ward.page("bed-b01").refused.at(-1)?.[1]).toBe("fingerprint");
		expect(ward.overHub.slice(before)).toMatchObject([
			{ kind: "close", connection: "00000000000000ff", reason: "fingerprint", to: "station-main" },
		]);
	});

	test("a signal without the right, of another ward, or a second time changes nothing", async () => {
		await wardOf("bed-b01", "bed-b02", "door-r02", "station-main");
		await ward.pass(500);
		const bed = ward.page("bed-b01");
		const common = { kind: "bye", talk: TALK, reason: "hung_up" } as const;
		const base = { ...common, to: "bed-b01", seq: 500, at: 1_800_000_000_000 };
		const { session } = ward.page("station-main");
		const right = await forge("station-main", {
			...base,
			from: "station-main",
			ward: WARD,
			session,
		});
		const cases: [string, Signal][] = [
			["bed-b02", { ...base, from: "bed-b02", ward: WARD, session }],
			["door-r02", { ...base, from: "door-r02", ward: WARD, session }],
			["station-main", { ...base, from: "station-main", ward: "other", session }],
			["bed-b02", { ...base, from: "station-main", ward: WARD, session }],
			["station-main", { ...base, from: "station-main", ward: WARD, session, to: "bed-b02" }],
		];
		const wires = [
			right,
			right,
			...(await Promise.all(cases.map(([by, each]) => forge(by, each)))),
		];
		bed.mesh.receiveFromHub({ t: "signal", hops: 0, signals: wires });
		await ward.pass(100);
		expect(bed.signals).toHaveLength(1);
		expect(bed.refused.map(([, reason]) => reason).sort()).toEqual([
			"bad_signature",
			"not_allowed",
			"not_allowed",
			"replay",
			"wrong_ward",
		]);
	});

	test.each([
		["an unknown type", (): Uint8Array => Uint8Array.of(1, 97, 4, 0)],
		["an update", () => Uint8Array.of(1, 97, 0, 2, 0)],
		["an oversized frame", () => new Uint8Array(65_537).fill(65)],
		["text", () => "hello"],
		["nothing", () => new Uint8Array(0)],
	])("%s closes that link and no other; it is dialled again after 30 s", async (_, frame) => {
		await wardOf("bed-b01", "door-r01", "station-main");
		await ward.pass(500);
		badFrame("bed-b01", "station-main", frame());
		await ward.pass(100);
		expect(ward.page("station-main").mesh.alive()).toEqual(["door-r01"]);
		expect(ward.page("bed-b01").mesh.alive()).toEqual(["door-r01"]);
		const back = await ward.until(() => ward.linked("bed-b01", "station-main"), 60_000);
		expect(back).toBeGreaterThan(29_000);
		expect(back).toBeLessThan(47_000);
	});

	test.each([
		["no JSON", stateless({}).payload.slice(1)],
		["too many hops", JSON.stringify({ t: "signal", hops: 3, signals: ["x"] })],
		["no signal", JSON.stringify({ t: "signal", hops: 0, signals: ["x"] })],
	])("a frame of signals with %s closes its link", async (_, payload) => {
		await wardOf("bed-b01", "station-main");
		await ward.pass(500);
		ward.page("bed-b01").mesh.send("station-main", { ...stateless({}), payload });
		await ward.pass(100);
		expect(ward.page("station-main").mesh.alive()).toEqual([]);
	});

	test("candidates beyond 64 are not taken (SG15)", async () => {
		await wardOf("bed-b01", "station-main");
		await ward.pass(500);
		const offer = ward.overHub.find((each) => each.kind === "description");
		const connection = offer?.kind === "description" ? offer.connection : "";
		const { session } = ward.page("station-main");
		const wires: string[] = [];
		for (let at = 0; at < 70; at++) {
			const common = { from: "station-main", to: "bed-b01", ward: WARD, session, seq: 100 + at };
			const said = { connection, candidate: `candidate:${at}`, mid: "0", at: 1_800_000_000_000 };
			wires.push(await forge("station-main", { kind: "candidate", ...common, ...said }));
		}
		for (let at = 0; at < wires.length; at += 16) {
			const signals = wires.slice(at, at + 16);
			ward.page("bed-b01").mesh.receiveFromHub({ t: "signal", hops: 0, signals });
		}
		await ward.pass(100);
		const refused = ward.page("bed-b01").refused.map(([, reason]) => reason);
		expect(refused.length).toBeGreaterThanOrEqual(6);
		expect(new Set(refused)).toEqual(new Set(["too_many"]));
		expect(ward.linked("bed-b01", "station-main")).toBe(true);
	});

	test("a neighbour hands on only what is allowed and signed, and each signal once (SG17)", async () => {
		await wardOf("bed-b01", "station-main", "pda-01");
		await ward.pass(500);
		ward.hubUp = false;
		const { session } = ward.page("pda-01");
		const base = { to: "bed-b01", ward: WARD, session, at: 1_800_000_000_000 };
		const bye = { kind: "bye", talk: TALK, reason: "hung_up" } as const;
		const right = await forge("pda-01", { ...bye, ...base, from: "pda-01", seq: 7 });
		const forged = await forge("bed-b01", { ...bye, ...base, from: "pda-01", seq: 8 });
		const far = stateless({ t: "signal", hops: 2, signals: [right] });
		ward.page("pda-01").mesh.send("station-main", far);
		await ward.pass(100);
		expect(ward.page("bed-b01").signals).toHaveLength(0);
		const near = stateless({ t: "signal", hops: 0, signals: [right, forged, right] });
		ward.page("pda-01").mesh.send("station-main", near);
		await ward.pass(100);
		expect(ward.page("bed-b01").signals).toHaveLength(1);
		expect(ward.page("bed-b01").refused).toHaveLength(0);
	});

	test("one link brings at most 300 signals a second (SG17)", async () => {
		await wardOf("bed-b01", "station-main", "pda-01");
		await ward.pass(500);
		ward.hubUp = false;
		const { session } = ward.page("pda-01");
		const base = { from: "pda-01", to: "bed-b01", ward: WARD, session, at: 1_800_000_000_000 };
		const wires: string[] = [];
		for (let seq = 1; seq <= 400; seq++) {
			wires.push(await forge("pda-01", { kind: "heard", talk: TALK, ms: seq, ...base, seq }));
		}
		for (let at = 0; at < wires.length; at += 16) {
			const frame = stateless({ t: "signal", hops: 0, signals: wires.slice(at, at + 16) });
			ward.page("pda-01").mesh.send("station-main", frame);
		}
		await ward.pass(100);
		expect(ward.page("bed-b01").signals.length).toBeGreaterThanOrEqual(300);
		expect(ward.page("bed-b01").signals.length).toBeLessThan(320);
		expect(ward.linked("pda-01", "station-main")).toBe(true);
	});
});

describe("the hub's media relay", () => {
	test("it dials a bed: sound without a channel, and no place in the mesh (SG9)", async () => {
		await wardOf("bed-b01", "station-main");
		await ward.openRelay();
		await ward.pass(500);
		const pc = ward.network.peerConnections("hub")();
		const audio = new FakeTrack("audio") as unknown as MediaStreamTrack;
		pc.addTransceiver(audio, { direction: "sendonly" });
		await pc.setLocalDescription();
		const sdp = pc.localDescription?.sdp ?? "";
		const connection = "00000000000000aa";
		const session = "00000000000000bb";
		const base = { from: "hub", to: "bed-b01", ward: WARD, session, at: 1_800_000_000_000 };
		const [fingerprint = ""] = fingerprintsOf(sdp);
		const bed = ward.page("bed-b01").mesh;
		const wires = [
			await forge("hub", {
				kind: "invite",
				talk: TALK,
				purpose: "broadcast",
				calls: [],
				video: 0,
				...base,
				seq: 1,
			}),
			await forge("hub", {
				kind: "description",
				connection,
				type: "offer",
				sdp,
				fingerprint,
				...base,
				seq: 2,
			}),
		];
		const [invite, offer] = wires;
		bed.receiveFromHub({ t: "signal", hops: 0, signals: [invite] });
		await ward.pass(100);
		const connecting = bed.connect("hub").then((media) => media.receive("audio", true));
		bed.receiveFromHub({ t: "signal", hops: 0, signals: [offer] });
		await ward.pass(100);
		await connecting;
		const said = ward.overHub.filter(({ to }) => to === "hub");
		expect(said.map(({ kind }) => kind)).toContain("candidate");
		const answers = said.filter((each) => each.kind === "description");
		expect(answers.map((each) => each.kind === "description" && each.type)).toContain("answer");
		expect(bed.alive()).toEqual(["station-main"]);
		expect(ward.page("bed-b01").signals).toMatchObject([{ kind: "invite", from: "hub" }]);
		// Once it is connected it is still no way for signals: those go to the hub as before.
		const [answer] = answers;
		if (answer?.kind !== "description") throw new Error("no answer");
		await pc.setRemoteDescription({ type: "answer", sdp: answer.sdp });
		for (const each of said) {
			if (each.kind === "candidate") await pc.addIceCandidate({ candidate: each.candidate });
		}
		await ward.pass(2_000);
		expect(pc.connectionState).toBe("connected");
		bed.signal("hub", { kind: "heard", talk: TALK, ms: 1_000 });
		await ward.pass(100);
		expect(ward.overHub.at(-1)).toMatchObject({ kind: "heard", to: "hub" });
		bed.release("hub");
		await ward.pass(100);
		expect(ward.overHub.at(-1)).toMatchObject({ kind: "close", to: "hub", connection });
	});

	test("a station dials it by sending its track; without the hub it is not to be reached", async () => {
		await wardOf("station-main");
		await ward.openRelay();
		const { mesh } = ward.page("station-main");
		mesh.signal("hub", {
			kind: "invite",
			talk: TALK,
			purpose: "broadcast",
			calls: [],
			video: 0,
			targets: ["bed-b01"],
		});
		const media = await mesh.connect("hub");
		const audio = new FakeTrack("audio") as unknown as MediaStreamTrack;
		media.send("audio", audio, null).catch(() => undefined);
		await ward.pass(200);
		const kinds = ward.overHub.map(({ kind, to }) => `${kind} ${to}`);
		expect(kinds.slice(0, 2)).toEqual(["invite hub", "description hub"]);
		mesh.release("hub");
		ward.hubUp = false;
		await expect(mesh.connect("hub")).rejects.toThrow(PeerUnreachable);
	});

	test("without a relay key nobody signals to it or is signalled by it", async () => {
		await wardOf("bed-b01");
		await ward.openRelay(false);
		const base = { from: "hub", to: "bed-b01", ward: WARD, at: 1_800_000_000_000, seq: 1 };
		const session = "00000000000000bb";
		const wire = await forge("hub", {
			kind: "bye",
			talk: TALK,
			reason: "closed",
			...base,
			session,
		});
		ward.page("bed-b01").mesh.receiveFromHub({ t: "signal", hops: 0, signals: [wire] });
		await ward.pass(100);
		expect(ward.page("bed-b01").refused.map(([, reason]) => reason)).toEqual(["not_allowed"]);
	});
});

/** What a page of `from` that has gone wrong would send to `to`. */
function badFrame(from: string, to: string, data: Uint8Array | string): void {
	for (const each of ward.network.connections) {
		if (each.terminal === from && each.partner?.terminal === to) {
			const { channels } = each as unknown as {
				channels: { label: string; send(data: Uint8Array | string): void }[];
			};
			for (const channel of channels) if (channel.label === "ward") channel.send(data);
		}
	}
}
