/** What the mesh gives to the rest: neighbours for facts and presence, peers for talk. mesh.ts is both. */
import type { Listeners } from "../links/link";
import type { Message } from "../protocol/messages";
import type { TalkDraft, TalkSignal } from "../signalling/types";

/** Terminals whose data channel lives: heard within 3 s. `readyState` proves nothing. */
export interface Neighbours {
	/** Ids, sorted. */
	alive(): string[];
	/** Ids of the link plan, alive or not, sorted. */
	planned(): string[];
	/** False when there is no living channel; true is no receipt. */
	send(terminal: string, message: Message): boolean;
	/** Stateless and awareness frames; signals and heartbeats are the mesh's own. */
	readonly received: Listeners<[terminal: string, message: Message]>;
	readonly changes: Listeners<[terminal: string, up: boolean]>;
	/** Bad frames: closes this link, and no other; dialled again after a while. */
	drop(terminal: string, reason: string): void;
}

export type MediaKind = "audio" | "video";

/** The one peer connection to a terminal, as a talk uses it. */
export interface PeerMedia {
	readonly terminal: string;
	/** Sends this track, or nothing (null); renegotiates when it must. Throws MediaRefused when both sides share no codec. */
	send(kind: MediaKind, track: MediaStreamTrack | null, stream: MediaStream | null): Promise<void>;
	/** Whether the other's track of this kind is wanted. */
	receive(kind: MediaKind, wanted: boolean): void;
	/** The other's track, or null while there is none. */
	track(kind: MediaKind): MediaStreamTrack | null;
	readonly tracks: Listeners<[kind: MediaKind, track: MediaStreamTrack | null]>;
	/** A channel beside the ward's own, for a clip. */
	openChannel(label: string): RTCDataChannel;
	readonly channels: Listeners<[channel: RTCDataChannel]>;
	/** False once ICE has failed or the connection was closed. */
	readonly lost: Listeners<[]>;
	stats(): Promise<RTCStatsReport>;
}

export class PeerUnreachable extends Error {}
export class MediaRefused extends Error {}

export interface Peers {
	/** Sends by its own channel, the hub, or a neighbour, whichever is there. */
	signal(to: string, draft: TalkDraft): void;
	/** Verified, allowed, and for this terminal. */
	readonly signals: Listeners<[signal: TalkSignal]>;
	/** The connection to a terminal, dialled when there is none. Throws PeerUnreachable after 5 s. */
	connect(terminal: string): Promise<PeerMedia>;
	/** A talk needs it no longer; a link of the plan stays. */
	release(terminal: string): void;
}
