/** The fake behaves as real connections were measured to; what is built on it rests on that. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeNetwork, FakeTrack } from "./fake_rtc";

const schedule = (ms: number, work: () => void): void => {
	setTimeout(work, ms);
};

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

/** Perfect negotiation between two, without a mesh. */
async function join(network: FakeNetwork, codecs = { audio: ["opus"], video: ["VP8"] }) {
	const a = network.peerConnections("a")();
	const b = network.peerConnections("b", codecs)();
	wire(a, b, false);
	wire(b, a, true);
	const heard: string[] = [];
	b.ondatachannel = ({ channel }) => {
		channel.onmessage = ({ data }) => heard.push(data as string);
	};
	const channel = a.createDataChannel("ward");
	await vi.advanceTimersByTimeAsync(50);
	return { a, b, channel, heard };
}

function wire(own: RTCPeerConnection, other: RTCPeerConnection, polite: boolean): void {
	own.onnegotiationneeded = async () => {
		await own.setLocalDescription();
		setTimeout(() => void take(own.localDescription as RTCSessionDescription), 1);
	};
	own.onicecandidate = ({ candidate }) => {
		setTimeout(() => void other.addIceCandidate(candidate ?? undefined).catch(() => {}), 2);
	};
	const take = async (offer: RTCSessionDescriptionInit) => {
		const glare = other.signalingState !== "stable";
		if (glare && polite) return;
		await other.setRemoteDescription(offer);
		await other.setLocalDescription();
		const answer = other.localDescription as RTCSessionDescription;
		setTimeout(() => void own.setRemoteDescription(answer), 1);
	};
}

test("two connections meet, a channel opens, messages keep their order", async () => {
	const network = new FakeNetwork(schedule);
	const { a, channel, heard } = await join(network);
	expect([a.connectionState, channel.readyState]).toEqual(["connected", "open"]);
	channel.send("1");
	network.set("a", "b", { latencyMs: 0 });
	channel.send("2");
	await vi.advanceTimersByTimeAsync(5);
	expect(heard).toEqual(["1", "2"]);
});

test("a cut channel says open and loses what it is given; before 17 s it heals by itself, later it does not", async () => {
	const network = new FakeNetwork(schedule);
	const { a, b, channel, heard } = await join(network);
	network.cut("a", "b");
	channel.send("lost");
	await vi.advanceTimersByTimeAsync(7_000);
	expect([a.connectionState, channel.readyState]).toEqual(["disconnected", "open"]);
	network.heal("a", "b");
	await vi.advanceTimersByTimeAsync(10);
	channel.send("back");
	await vi.advanceTimersByTimeAsync(10);
	expect([a.connectionState, heard]).toEqual(["connected", ["back"]]);

	network.cut("a", "b");
	await vi.advanceTimersByTimeAsync(17_000);
	expect([a.connectionState, b.connectionState]).toEqual(["failed", "failed"]);
	network.heal("a", "b");
	channel.send("lost too");
	await vi.advanceTimersByTimeAsync(5_000);
	expect([a.connectionState, heard]).toEqual(["failed", ["back"]]);

	a.restartIce();
	await vi.advanceTimersByTimeAsync(50);
	channel.send("restarted");
	await vi.advanceTimersByTimeAsync(10);
	expect([a.connectionState, b.connectionState]).toEqual(["connected", "connected"]);
	expect(heard).toEqual(["back", "restarted"]);
});

test("a page that died is silent; a connection that was closed says so", async () => {
	const network = new FakeNetwork(schedule);
	const first = await join(network);
	network.die("b");
	await vi.advanceTimersByTimeAsync(1_000);
	expect([first.a.connectionState, first.channel.readyState]).toEqual(["connected", "open"]);
	await vi.advanceTimersByTimeAsync(6_000);
	expect(first.a.connectionState).toBe("disconnected");
	await vi.advanceTimersByTimeAsync(11_000);
	expect(first.a.connectionState).toBe("failed");

	const second = await join(network);
	second.b.close();
	await vi.advanceTimersByTimeAsync(10);
	expect(second.channel.readyState).toBe("closed");
});

test("messages can be doubled, and a path can be silent while ICE is content", async () => {
	const network = new FakeNetwork(schedule, { random: () => 0.1 });
	const { a, channel, heard } = await join(network);
	network.set("a", "b", { duplicated: 0.2 });
	channel.send("twice");
	await vi.advanceTimersByTimeAsync(10);
	network.set("a", "b", { silent: true });
	channel.send("never");
	await vi.advanceTimersByTimeAsync(20_000);
	expect([heard, a.connectionState]).toEqual([["twice", "twice"], "connected"]);
});

test("sound flows once it is negotiated, and its energy tells a muted track", async () => {
	const network = new FakeNetwork(schedule);
	const { a, b } = await join(network);
	const came: string[] = [];
	b.ontrack = ({ track }) => came.push(track.kind);
	const track = new FakeTrack("audio");
	a.addTransceiver(track as unknown as MediaStreamTrack, { direction: "sendonly" });
	await vi.advanceTimersByTimeAsync(50);
	expect(came).toEqual(["audio"]);
	network.flow(1_000);
	track.enabled = false;
	network.flow(1_000);
	const [inbound] = [...(await b.getStats()).values()];
	expect(inbound).toMatchObject({ type: "inbound-rtp", packetsReceived: 100 });
	expect(inbound?.totalAudioEnergy).toBeCloseTo(0.25);
});

test("without a common codec the answer rejects the m-line", async () => {
	const network = new FakeNetwork(schedule);
	const { a } = await join(network, { audio: ["G722"], video: [] });
	const transceiver = a.addTransceiver("audio", { direction: "sendonly" });
	await vi.advanceTimersByTimeAsync(50);
	expect(transceiver.currentDirection).toBe("stopped");
	expect(a.remoteDescription?.sdp).toContain("m=audio 0 ");
});
