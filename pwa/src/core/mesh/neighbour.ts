/** What is known of one terminal that links are held with: its page's session, its connections, and when to dial again. */
import type { Layer } from "../terminal_types";
import type { PeerLink } from "./peer_link";
import type { PeerMedia, PeerUnreachable } from "./types";

const BACK_OFF_MIN_MS = 1_000;
const BACK_OFF_MAX_MS = 15_000;

export interface Waiting {
	since: number;
	resolve: (media: PeerMedia) => void;
	reject: (error: PeerUnreachable) => void;
}

export class Neighbour {
	readonly terminal: string;
	/** of its page, newest known */
	session: string | null = null;
	/** as the hub's presence last named it */
	sessionPresent: string | null = null;
	/** sessions known to be over: presence may still name them for a moment */
	readonly ended = new Set<string>();
	/** the connection in use, alive or not; `attempt`: dialled to take its place */
	link: PeerLink | null = null;
	attempt: PeerLink | null = null;
	/** closed just now: its channel still carries what was last to be said */
	lingering: { link: PeerLink; since: number } | null = null;
	/** monotonic ms */
	dialAt = 0;
	/** after a foreign fingerprint or a bad frame: offers are refused until then */
	refusedUntil = 0;
	lastAliveAt: number | null = null;
	/** talks that need the connection */
	talks = 0;
	/** who invited last: that one dials for the talk */
	inviter: "self" | "other" | null = null;
	/** said to those who listen */
	reported = false;
	waiting: Waiting[] = [];
	/** as it says itself */
	layer: Layer | null = null;
	version: string | null = null;
	private failures = 0;

	constructor(terminal: string) {
		this.terminal = terminal;
	}

	links(): PeerLink[] {
		return [this.link, this.attempt].filter((link) => link !== null);
	}

	/** The link whose channel may be sent over; the media relay's has none. */
	get channel(): PeerLink | null {
		if (this.link?.isMediaOnly) return null;
		return this.link?.alive ? this.link : (this.lingering?.link ?? null);
	}

	/** A dial came to nothing, or a link ended: 1 s, doubling to 15 s, with jitter. `random` in [0, 1). */
	failed(now: number, random: number): void {
		const bound = Math.min(BACK_OFF_MAX_MS, BACK_OFF_MIN_MS * 2 ** this.failures);
		this.failures += 1;
		this.dialAt = now + bound * (0.5 + random / 2);
	}

	proved(): void {
		this.failures = 0;
	}

	/** Its page is a new one: nothing speaks against dialling at once. */
	renewed(session: string): void {
		if (this.session !== null) this.ended.add(this.session);
		this.session = session;
		this.failures = 0;
		this.dialAt = 0;
	}
}
