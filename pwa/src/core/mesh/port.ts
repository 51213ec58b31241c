/** What the mesh needs of its page and its terminal: everything of the platform comes in here. */
import type { Directory } from "../calls/types";
import type { Sign } from "../facts/signing";
import type { Ticker } from "../links/link";
import type { Verify } from "../signalling/verify";
import type { Layer, SelfInfo } from "../terminal_types";

export interface MeshPort {
	self: SelfInfo;
	/** the terminal's private key: signs signals */
	key: CryptoKey;
	directory(): Directory;
	hub: {
		connected(): boolean;
		/** Stateless at the ward's presence document; false when it could not be handed over. */
		send(payload: object): boolean;
		/** Who is there as the hub's presence tells it; empty for a bedside, and without the hub. */
		present(): Record<string, { session: string | null }>;
	};
	connections: (config: RTCConfiguration) => RTCPeerConnection;
	/** One a page (SG14): without it each connection would have a fingerprint of its own, and be refused. */
	certificate: RTCCertificate | null;
	iceServers(): RTCIceServer[];
	/** A beat each second: the mesh has no other timer. */
	ticker: Ticker;
	/** ms */
	monotonic(): number;
	/** hub time, ms */
	now(): number;
	/** in [0, 1) */
	random(): number;
	/** 16 hex digits, new at each start of the page */
	session: string;
	/** last `seq` to each terminal in this session; given where one page makes a second mesh */
	sequences?: Map<string, number>;
	version: string;
	layer(): Layer;
	/** In place of WebCrypto: for who keeps its own time. */
	verify?: Verify;
	sign?: Sign;
}
