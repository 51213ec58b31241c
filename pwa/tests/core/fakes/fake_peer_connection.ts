/** RTCPeerConnection, as much of it as the mesh and talks use. */
import { FakeDataChannel } from "./fake_data_channel";
import type { Codecs, FakeNetwork } from "./fake_rtc";
import {
	type Description,
	type Direction,
	directionOf,
	Emitter,
	FakeStream,
	type FakeTrack,
	FakeTransceiver,
	readSdp,
	receives,
	type Section,
	sends,
	writeSdp,
} from "./fake_rtc_parts";

const DISCONNECTED_AFTER_MS = 6_000;
const FAILED_AFTER_MS = 16_700;
/** ICE checks, DTLS and SCTP take about this many one-way trips. */
const SETUP_TRIPS = 4;

export class FakePeerConnection extends Emitter {
	readonly network: FakeNetwork;
	readonly terminal: string;
	signalingState = "stable";
	connectionState = "new";
	iceConnectionState = "new";
	iceGatheringState = "new";
	localDescription: RTCSessionDescriptionInit | null = null;
	remoteDescription: RTCSessionDescriptionInit | null = null;
	onnegotiationneeded = null;
	onicecandidate = null;
	onconnectionstatechange = null;
	oniceconnectionstatechange = null;
	onicegatheringstatechange = null;
	onsignalingstatechange = null;
	ondatachannel = null;
	ontrack = null;
	/** the other end, once the two have met */
	partner: FakePeerConnection | null = null;
	readonly fingerprint: string;
	readonly transceivers: FakeTransceiver[] = [];
	private readonly codecs: Codecs;
	private readonly channels: FakeDataChannel[] = [];
	/** as in the descriptions: m-line by m-line */
	private lines: { kind: Section["kind"]; mid: string; transceiver: FakeTransceiver | null }[] = [];
	private ufrag = "";
	private readonly ufrags = new Set<string>();
	private remote: Description | null = null;
	private stable: {
		ufrag: string;
		lines: FakePeerConnection["lines"];
		local: RTCSessionDescriptionInit | null;
	} | null = null;
	private candidates = 0;
	private restart = false;
	private asked = false;
	private dead = false;
	/** grows with each change of the path, so that older timers fall silent */
	private epoch = 0;

	constructor(
		network: FakeNetwork,
		terminal: string,
		codecs: Codecs,
		config: RTCConfiguration = {},
	) {
		super();
		this.network = network;
		this.terminal = terminal;
		this.codecs = codecs;
		const [certificate] = config.certificates ?? [];
		const given = certificate?.getFingerprints()[0]?.value;
		this.fingerprint = `sha-256 ${(given ?? network.fingerprint()).toUpperCase()}`;
		network.connections.add(this);
	}

	createDataChannel(label: string): FakeDataChannel {
		this.mustLive();
		const channel = new FakeDataChannel(this, label);
		this.channels.push(channel);
		if (this.connectionState === "connected") {
			this.network.schedule(this.delay(), () => this.openChannels());
		}
		this.negotiate();
		return channel;
	}

	addTransceiver(
		what: FakeTrack | "audio" | "video",
		{ direction = "sendrecv" }: { direction?: Direction } = {},
	): FakeTransceiver {
		this.mustLive();
		const [kind, track] = typeof what === "string" ? [what, null] : [what.kind, what];
		const made = new FakeTransceiver(kind, direction, track, () => this.negotiate());
		this.transceivers.push(made);
		this.negotiate();
		return made;
	}

	getTransceivers(): FakeTransceiver[] {
		return [...this.transceivers];
	}
	getSenders(): FakeTransceiver["sender"][] {
		return this.transceivers.map(({ sender }) => sender);
	}
	getReceivers(): FakeTransceiver["receiver"][] {
		return this.transceivers.map(({ receiver }) => receiver);
	}

	restartIce(): void {
		this.restart = true;
		this.negotiate();
	}

	async setLocalDescription(given?: { type?: string }): Promise<void> {
		await null;
		this.mustLive();
		if (given?.type === "rollback") {
			this.rollBack();
			return;
		}
		if (this.signalingState === "have-remote-offer") this.setAnswer();
		else this.setOffer();
		this.asked = false;
		this.gather();
		this.attempt();
	}

	async setRemoteDescription(given: RTCSessionDescriptionInit): Promise<void> {
		await null;
		this.mustLive();
		const description = readSdp(given.sdp ?? "");
		if (given.type === "offer") {
			if (this.signalingState === "have-local-offer") this.rollBack();
			this.takeOffer(description);
			this.remoteDescription = given;
			this.signal("have-remote-offer");
		} else {
			if (this.signalingState !== "have-local-offer") {
				throw new Error(`InvalidStateError: answer in ${this.signalingState}`);
			}
			this.takeAnswer(description);
			this.remoteDescription = given;
			this.stable = null;
			this.signal("stable");
			this.negotiate();
		}
		if (this.remote?.ufrag !== description.ufrag) this.candidates = 0;
		this.remote = description;
		this.attempt();
	}

	async addIceCandidate(candidate?: { candidate?: string }): Promise<void> {
		await null;
		this.mustLive();
		if (this.remote === null) throw new Error("InvalidStateError: no remote description");
		const text = candidate?.candidate ?? "";
		if (text === "") return;
		if (!text.startsWith("candidate:")) throw new Error("OperationError: no candidate");
		if (text.includes(` ufrag ${this.remote.ufrag}`)) this.candidates += 1;
		this.attempt();
	}

	async getStats(): Promise<Map<string, object>> {
		const report = new Map<string, object>();
		for (const { mid, kind, flow, currentDirection, receiver } of this.transceivers) {
			if (mid === null || !receives(currentDirection)) continue;
			const id = `in-${mid}`;
			const trackIdentifier = receiver.track.id;
			report.set(id, { id, type: "inbound-rtp", kind, mid, trackIdentifier, ...flow });
		}
		return report;
	}

	close(): void {
		if (this.signalingState === "closed") return;
		const { partner } = this;
		// DTLS says goodbye: the other side's channels close when that arrives.
		if (partner && !this.dead) {
			this.network.schedule(this.delay(), () => {
				if (partner.partner !== this || partner.signalingState === "closed") return;
				if (!this.network.path(this.terminal, partner.terminal).reachable) {
					partner.watch();
					return;
				}
				partner.become("closed");
				for (const channel of partner.channels) channel.become("closed");
			});
		}
		this.end();
		for (const channel of this.channels) channel.readyState = "closed";
	}

	/** The page died: no events, no messages, no goodbye. */
	die(): void {
		this.dead = true;
		this.end();
		for (const channel of this.channels) channel.readyState = "closed";
	}

	/** Messages arrive: the path is there, and neither end has given it up. */
	reaches(): boolean {
		return this.pathUp() && this.carries() && (this.partner as FakePeerConnection).carries();
	}

	/** Whom the remote description names, met or not. */
	aimedAt(): FakePeerConnection | undefined {
		return this.remote === null ? undefined : this.network.at(this.remote.ufrag);
	}

	pathChanged(): void {
		if (this.partner === null || this.connectionState === "connecting") {
			this.attempt();
			return;
		}
		this.epoch += 1;
		if (!this.pathUp()) this.watch();
		// What has failed does not heal by itself.
		else if (this.carries()) this.later(this.delay() * 2, () => this.become("connected"));
	}

	private pathUp(): boolean {
		const { partner } = this;
		return (
			partner !== null &&
			!this.dead &&
			partner.partner === this &&
			partner.signalingState !== "closed" &&
			this.network.path(this.terminal, partner.terminal).reachable
		);
	}

	private carries(): boolean {
		return this.connectionState === "connected" || this.connectionState === "disconnected";
	}

	flow(ms: number): void {
		if (this.connectionState !== "connected" || !this.reaches()) return;
		const from = this.partner as FakePeerConnection;
		for (const { mid, currentDirection, flow, kind } of this.transceivers) {
			const sending = from.transceivers.find((each) => each.mid === mid && mid !== null);
			const track = sending?.sender.track ?? null;
			if (!receives(currentDirection) || !sends(sending?.currentDirection ?? null)) continue;
			if (track === null || track.readyState === "ended") continue;
			flow.packetsReceived += Math.round(ms / 20);
			if (kind === "video") flow.framesDecoded += Math.round(ms / 50);
			else {
				flow.totalSamplesReceived += ms * 48;
				flow.totalSamplesDuration += ms / 1_000;
				if (track.enabled) flow.totalAudioEnergy += ms / 4_000;
			}
		}
	}

	private setOffer(): void {
		if (this.signalingState === "stable") {
			const local = this.localDescription;
			this.stable = { ufrag: this.ufrag, lines: [...this.lines], local };
		}
		if (this.ufrag === "" || this.restart) this.renew();
		this.restart = false;
		if (this.channels.length > 0 && !this.lines.some(({ kind }) => kind === "application")) {
			this.lines.push({ kind: "application", mid: `${this.lines.length}`, transceiver: null });
		}
		for (const transceiver of this.transceivers) {
			if (transceiver.mid !== null || transceiver.direction === "stopped") continue;
			transceiver.mid = `${this.lines.length}`;
			this.lines.push({ kind: transceiver.kind, mid: transceiver.mid, transceiver });
		}
		const sections = this.lines.map(({ kind, mid, transceiver }): Section => {
			if (transceiver) transceiver.described = transceiver.direction;
			const rejected = transceiver?.direction === "stopped";
			const codecs = kind === "application" ? [] : this.codecs[kind];
			return { kind, mid, rejected, direction: transceiver?.direction ?? "inactive", codecs };
		});
		this.describe("offer", sections);
		this.signal("have-local-offer");
	}

	private setAnswer(): void {
		const offered = this.remote?.sections ?? [];
		const sections = offered.map((section): Section => {
			const { kind, mid } = section;
			const transceiver = this.transceivers.find((each) => each.mid === mid);
			if (kind === "application" || !transceiver) {
				return { kind, mid, rejected: false, direction: "inactive", codecs: [] };
			}
			const common = section.codecs.filter((codec) => this.codecs[kind].includes(codec));
			const rejected =
				section.rejected || common.length === 0 || transceiver.direction === "stopped";
			const direction = directionOf(
				sends(transceiver.direction) && receives(section.direction),
				receives(transceiver.direction) && sends(section.direction),
			);
			transceiver.described = transceiver.direction;
			transceiver.currentDirection = direction;
			if (rejected) transceiver.halt();
			return { kind, mid, rejected, direction: rejected ? "inactive" : direction, codecs: common };
		});
		if (this.ufrag === "" || this.restart) this.renew();
		this.restart = false;
		this.stable = null;
		this.describe("answer", sections);
		this.signal("stable");
		this.negotiate();
	}

	private takeOffer(description: Description): void {
		const local = this.localDescription;
		this.stable = { ufrag: this.ufrag, lines: [...this.lines], local };
		// New credentials of the other side are a restart: own ones must be new as well.
		if (this.remote !== null && this.remote.ufrag !== description.ufrag) this.restart = true;
		description.sections.forEach((section, at) => {
			const { kind, mid } = section;
			let line = this.lines[at];
			if (line && line.kind !== kind) throw new Error("InvalidAccessError: m-lines changed");
			if (!line) {
				line = { kind, mid, transceiver: null };
				if (kind !== "application") {
					const made = new FakeTransceiver(kind, "recvonly", null, () => this.negotiate());
					made.mid = mid;
					made.byPeer = true;
					this.transceivers.push(made);
					line.transceiver = made;
				}
				this.lines.push(line);
			}
			if (line.transceiver) this.tell(line.transceiver, section);
		});
	}

	private takeAnswer(description: Description): void {
		description.sections.forEach((section, at) => {
			const transceiver = this.lines[at]?.transceiver;
			if (!transceiver) return;
			if (section.rejected) {
				transceiver.halt();
				return;
			}
			this.tell(transceiver, section);
			transceiver.currentDirection = directionOf(
				sends(transceiver.described) && receives(section.direction),
				receives(transceiver.described) && sends(section.direction),
			);
		});
	}

	/** Says that the other's track has come, or is silent from now on. */
	private tell(transceiver: FakeTransceiver, { direction, rejected }: Section): void {
		const { track } = transceiver.receiver;
		const comes = sends(direction) && !rejected && receives(transceiver.direction);
		const came = receives(transceiver.currentDirection);
		if (rejected) transceiver.halt();
		if (comes && !came) {
			const { receiver } = transceiver;
			const streams = [new FakeStream([track])];
			queueMicrotask(() => {
				if (!this.dead) this.fire("track", { track, receiver, transceiver, streams });
			});
		} else if (!comes && came) queueMicrotask(() => track.fire("mute"));
	}

	private rollBack(): void {
		if (this.stable === null) throw new Error("InvalidStateError: nothing to roll back");
		const { ufrag, lines, local } = this.stable;
		for (const { transceiver } of this.lines.slice(lines.length)) {
			if (!transceiver) continue;
			transceiver.mid = null;
			transceiver.described = null;
			if (transceiver.byPeer) this.transceivers.splice(this.transceivers.indexOf(transceiver), 1);
		}
		if (this.ufrag !== ufrag && ufrag !== "") this.restart = true;
		if (ufrag !== "") this.ufrag = ufrag;
		this.lines = [...lines];
		this.localDescription = local;
		this.stable = null;
		this.signal("stable");
		this.negotiate();
	}

	private describe(type: "offer" | "answer", sections: Section[]): void {
		const { ufrag, fingerprint } = this;
		this.localDescription = { type, sdp: writeSdp({ ufrag, fingerprint, sections }) };
	}

	private renew(): void {
		this.ufrag = `u${this.network.id()}`;
		this.ufrags.add(this.ufrag);
		this.network.register(this.ufrag, this);
		this.iceGatheringState = "new";
	}

	private gather(): void {
		if (this.iceGatheringState !== "new") return;
		this.iceGatheringState = "gathering";
		const { ufrag } = this;
		this.network.schedule(0, () => {
			if (this.dead || this.signalingState === "closed" || this.ufrag !== ufrag) return;
			const candidate = `candidate:1 1 udp 2122260223 ${this.terminal}.local 50000 typ host ufrag ${ufrag}`;
			const sdpMid = "0";
			this.fire("icecandidate", { candidate: { candidate, sdpMid, sdpMLineIndex: 0 } });
			this.iceGatheringState = "complete";
			this.fire("icegatheringstatechange");
			this.fire("icecandidate", { candidate: null });
		});
	}

	/** Tries to meet whom the remote description names. */
	private attempt(): void {
		if (this.signalingState === "closed" || this.remote === null || this.ufrag === "") return;
		const peer = this.aimedAt();
		if (this.iceConnectionState === "new" || this.iceConnectionState === "failed") {
			this.become("connecting");
			this.epoch += 1;
			this.later(FAILED_AFTER_MS, () => {
				if (this.connectionState === "connecting") this.become("failed");
			});
		}
		if (peer?.remote?.ufrag !== this.ufrag || this.candidates + peer.candidates === 0) return;
		if (this.signalingState !== "stable" || peer.signalingState !== "stable") return;
		if (!this.network.path(this.terminal, peer.terminal).reachable) return;
		if (this.partner === peer && this.connectionState === "connected") return;
		const { ufrag } = this;
		this.network.schedule(this.network.latency(this.terminal, peer.terminal) * SETUP_TRIPS, () => {
			if (this.dead || peer.dead || this.ufrag !== ufrag || this.aimedAt() !== peer) return;
			if (!this.network.path(this.terminal, peer.terminal).reachable) return;
			for (const [one, other] of [
				[this, peer],
				[peer, this],
			] as const) {
				if (one.connectionState === "connected" && one.partner === other) continue;
				one.partner = other;
				one.epoch += 1;
				const known = one.remote?.fingerprint === other.fingerprint;
				const trusted = other.remote?.fingerprint === one.fingerprint;
				one.become(known && trusted ? "connected" : "failed");
			}
			this.openChannels();
			peer.openChannels();
		});
	}

	private openChannels(): void {
		const { partner } = this;
		if (partner === null || this.connectionState !== "connected" || !this.reaches()) return;
		for (const channel of this.channels) {
			if (channel.readyState !== "connecting" || channel.twin) continue;
			const twin = new FakeDataChannel(partner, channel.label);
			channel.twin = twin;
			twin.twin = channel;
			twin.readyState = "open";
			partner.channels.push(twin);
			partner.fire("datachannel", { channel: twin });
			twin.fire("open");
			channel.become("open");
		}
	}

	/** The path is gone: ICE notices in its own time. */
	private watch(): void {
		this.later(DISCONNECTED_AFTER_MS, () => {
			if (!this.pathUp()) this.become("disconnected");
		});
		this.later(FAILED_AFTER_MS, () => {
			if (!this.pathUp()) this.become("failed");
		});
	}

	private later(ms: number, work: () => void): void {
		const { epoch } = this;
		this.network.schedule(ms, () => {
			if (this.epoch === epoch && !this.dead && this.signalingState !== "closed") work();
		});
	}

	private delay(): number {
		return this.partner ? this.network.latency(this.terminal, this.partner.terminal) : 1;
	}

	private become(state: string): void {
		if (this.connectionState === state || this.signalingState === "closed") return;
		this.connectionState = state;
		this.iceConnectionState = state === "connecting" ? "checking" : state;
		this.fire("iceconnectionstatechange");
		this.fire("connectionstatechange");
	}

	private signal(state: string): void {
		if (this.signalingState === state) return;
		this.signalingState = state;
		this.fire("signalingstatechange");
	}

	/** negotiationneeded comes in a later turn, and only while stable. */
	private negotiate(): void {
		if (this.asked || this.dead || this.signalingState !== "stable" || !this.needed()) return;
		this.asked = true;
		queueMicrotask(() => {
			if (this.dead || this.signalingState !== "stable" || !this.needed()) this.asked = false;
			else this.fire("negotiationneeded");
		});
	}

	private needed(): boolean {
		if (this.restart) return true;
		if (this.channels.length > 0 && !this.lines.some(({ kind }) => kind === "application")) {
			return true;
		}
		return this.transceivers.some(({ mid, direction, described, currentDirection }) => {
			if (direction === "stopped") return mid !== null && currentDirection !== "stopped";
			return mid === null || direction !== described;
		});
	}

	private mustLive(): void {
		if (this.dead || this.signalingState === "closed") {
			throw new Error("InvalidStateError: connection is closed");
		}
	}

	private end(): void {
		this.signalingState = "closed";
		this.connectionState = "closed";
		this.iceConnectionState = "closed";
		// The other end keeps its partner: it notices by silence, and its watch runs out.
		const { partner } = this;
		this.network.forget(this, this.ufrags);
		if (partner && partner.partner === this && this.dead) {
			partner.epoch += 1;
			partner.watch();
		}
	}
}
