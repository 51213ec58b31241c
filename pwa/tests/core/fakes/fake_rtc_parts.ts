/** The small parts of a faked peer connection: events, tracks, transceivers, and the text of a description. */

type Handler = ((event: never) => void) | null;

/** `on…` properties and addEventListener, called in this turn. */
export class Emitter {
	private readonly listeners = new Map<string, Set<(event: never) => void>>();

	addEventListener(type: string, listener: (event: never) => void): void {
		const known = this.listeners.get(type);
		if (known) known.add(listener);
		else this.listeners.set(type, new Set([listener]));
	}

	removeEventListener(type: string, listener: (event: never) => void): void {
		this.listeners.get(type)?.delete(listener);
	}

	fire(type: string, event: object = {}): void {
		const own = (this as unknown as Record<string, Handler | undefined>)[`on${type}`];
		own?.({ type, target: this, ...event } as never);
		const known = this.listeners.get(type);
		if (known) for (const each of [...known]) each({ type, target: this, ...event } as never);
	}
}

let count = 0;

/** A track out of nothing; `enabled` false is silence. */
export class FakeTrack extends Emitter {
	readonly kind: "audio" | "video";
	readonly id = `track-${++count}`;
	enabled = true;
	muted = false;
	readyState: "live" | "ended" = "live";
	onended: Handler = null;
	onmute: Handler = null;
	onunmute: Handler = null;

	constructor(kind: "audio" | "video") {
		super();
		this.kind = kind;
	}
	stop(): void {
		this.readyState = "ended";
	}
	clone(): FakeTrack {
		const copy = new FakeTrack(this.kind);
		copy.enabled = this.enabled;
		return copy;
	}
	getSettings(): object {
		return {};
	}
}

export class FakeStream {
	readonly id = `stream-${++count}`;
	private readonly tracks: FakeTrack[];
	constructor(tracks: FakeTrack[] = []) {
		this.tracks = [...tracks];
	}
	getTracks(): FakeTrack[] {
		return [...this.tracks];
	}
	getAudioTracks(): FakeTrack[] {
		return this.tracks.filter(({ kind }) => kind === "audio");
	}
	getVideoTracks(): FakeTrack[] {
		return this.tracks.filter(({ kind }) => kind === "video");
	}
	addTrack(track: FakeTrack): void {
		this.tracks.push(track);
	}
}

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive" | "stopped";

export const sends = (direction: string | null): boolean =>
	direction === "sendrecv" || direction === "sendonly";
export const receives = (direction: string | null): boolean =>
	direction === "sendrecv" || direction === "recvonly";

export function directionOf(sending: boolean, receiving: boolean): Direction {
	if (sending) return receiving ? "sendrecv" : "sendonly";
	return receiving ? "recvonly" : "inactive";
}

/** Sound or pictures that went through, as inbound-rtp statistics count them. */
export interface Flow {
	packetsReceived: number;
	totalSamplesReceived: number;
	totalSamplesDuration: number;
	concealedSamples: number;
	silentConcealedSamples: number;
	totalAudioEnergy: number;
	framesDecoded: number;
}

export class FakeTransceiver {
	readonly kind: "audio" | "video";
	mid: string | null = null;
	currentDirection: Direction | null = null;
	/** what the last description said, so that a change is seen */
	described: Direction | null = null;
	/** made by a description of the other side: gone again when that is rolled back */
	byPeer = false;
	readonly flow: Flow = {
		packetsReceived: 0,
		totalSamplesReceived: 0,
		totalSamplesDuration: 0,
		concealedSamples: 0,
		silentConcealedSamples: 0,
		totalAudioEnergy: 0,
		framesDecoded: 0,
	};
	readonly sender: {
		track: FakeTrack | null;
		replaceTrack(track: FakeTrack | null): Promise<void>;
		setStreams(...streams: unknown[]): void;
		getParameters(): { encodings: object[] };
		setParameters(parameters: object): Promise<void>;
	};
	readonly receiver: { readonly track: FakeTrack };
	private wanted: Direction;
	private readonly changed: () => void;

	constructor(
		kind: "audio" | "video",
		direction: Direction,
		track: FakeTrack | null,
		changed: () => void,
	) {
		this.kind = kind;
		this.wanted = direction;
		this.changed = changed;
		this.receiver = { track: new FakeTrack(kind) };
		const sender = {
			track,
			replaceTrack: async (next: FakeTrack | null) => {
				sender.track = next;
			},
			setStreams: () => undefined,
			getParameters: () => ({ encodings: [{}] }),
			setParameters: async () => undefined,
		};
		this.sender = sender;
	}

	get direction(): Direction {
		return this.wanted;
	}
	set direction(direction: Direction) {
		if (this.wanted === "stopped") throw new Error("InvalidStateError: transceiver is stopped");
		this.wanted = direction;
		this.changed();
	}
	stop(): void {
		if (this.wanted === "stopped") return;
		this.wanted = "stopped";
		this.changed();
	}
	/** Refused by an answer. */
	halt(): void {
		this.wanted = "stopped";
		this.currentDirection = "stopped";
		this.receiver.track.readyState = "ended";
	}
}

export interface Section {
	kind: "application" | "audio" | "video";
	mid: string;
	rejected: boolean;
	direction: Direction;
	codecs: string[];
}

export interface Description {
	ufrag: string;
	fingerprint: string;
	sections: Section[];
}

export function writeSdp({ ufrag, fingerprint, sections }: Description): string {
	const lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"];
	lines.push(`a=group:BUNDLE ${sections.map(({ mid }) => mid).join(" ")}`);
	for (const { kind, mid, rejected, direction, codecs } of sections) {
		const port = rejected ? 0 : 9;
		if (kind === "application") {
			lines.push(`m=application ${port} UDP/DTLS/SCTP webrtc-datachannel`);
		} else {
			const types = codecs.map((_, index) => 96 + index).join(" ");
			lines.push(`m=${kind} ${port} UDP/TLS/RTP/SAVPF ${types || "0"}`);
		}
		lines.push(`a=mid:${mid}`, `a=ice-ufrag:${ufrag}`, `a=ice-pwd:${ufrag.padEnd(24, "x")}`);
		lines.push(`a=fingerprint:${fingerprint}`, "a=setup:actpass");
		if (kind !== "application") {
			lines.push(`a=${direction}`);
			codecs.forEach((codec, index) => {
				lines.push(`a=rtpmap:${96 + index} ${codec}/48000`);
			});
		}
	}
	return `${lines.join("\r\n")}\r\n`;
}

/** Throws on what is no description of writeSdp's. */
export function readSdp(sdp: string): Description {
	const found: Description = { ufrag: "", fingerprint: "", sections: [] };
	for (const line of sdp.split("\r\n")) {
		const media = /^m=(application|audio|video) (\d+) /.exec(line);
		const section = found.sections.at(-1);
		if (media) {
			const kind = media[1] as Section["kind"];
			const rejected = media[2] === "0";
			found.sections.push({ kind, mid: "", rejected, direction: "inactive", codecs: [] });
		} else if (line.startsWith("a=ice-ufrag:")) found.ufrag = line.slice(12);
		else if (line.startsWith("a=fingerprint:")) found.fingerprint = line.slice(14);
		else if (section && line.startsWith("a=mid:")) section.mid = line.slice(6);
		else if (section && /^a=(sendrecv|sendonly|recvonly|inactive)$/.test(line)) {
			section.direction = line.slice(2) as Direction;
		} else if (section && line.startsWith("a=rtpmap:")) {
			section.codecs.push(/ (.*)\//.exec(line)?.[1] ?? "");
		}
	}
	if (!found.ufrag || !found.fingerprint || found.sections.length === 0) {
		throw new Error("InvalidAccessError: no description");
	}
	return found;
}
