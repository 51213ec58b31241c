/** What a terminal is put together from. Given in from outside, so that all of core runs without a page. */
import type { TerminalKind, Tone } from "./calls/types";
import type { FleetParts } from "./fleet/open_device";
import type { Api } from "./identity/api";
import type { HubAddresses } from "./links/hub_addresses";
import type { Link, Ticker } from "./links/link";
import type { PushHub } from "./push/api";
import type { PushBrowser } from "./push/browser_push";
import type { Marks } from "./store/persistence";
import type { Store } from "./store/store";
import type { Chime, Media } from "./talk/port";
import type { Shell } from "./terminal_types";

/** What a terminal asks of the alarm sounds (core/sound/sounder.ts). */
export interface Sounder {
	/** Sounds this tone over and over, or nothing. */
	play(tone: Tone | null): void;
	state(): "ok" | "blocked" | "muted";
	unlock(): Promise<unknown>;
	setMuted(muted: boolean): void;
	/** A short sign, once. */
	chime(kind: Chime): void;
}

export interface TerminalParts {
	kind: TerminalKind;
	slot: string;
	version: string;
	/** Enrolment code of the address, if it brought one. */
	code: string | null;
	/** Called once the slot is held. Throws StorageError. */
	openStore: () => Promise<Store>;
	/** Called once the slot is held: a second page must not connect. */
	openLink: () => Link;
	ticker: Ticker;
	/** where the hubs are; not in tests with one */
	hubs?: HubAddresses;
	api: Api;
	marks: Marks;
	sounder: Sounder;
	shell: Shell;
	/** the device the page runs on, for the back office; not in tests without a page */
	fleet?: FleetParts;
	/** ms since the epoch */
	wall: () => number;
	/** ms, never back */
	monotonic: () => number;
	/** Resolves once this page holds the slot; calls `waiting` first when another does. */
	hold: (waiting: () => void) => Promise<void>;
	/** Makes connections to other terminals; null where the browser has none: then there is the hub or nobody. */
	connections: ((config: RTCConfiguration) => RTCPeerConnection) | null;
	/** One for all connections of this page. */
	certificate: () => Promise<RTCCertificate | null>;
	media: Media;
	/** On phones only. */
	push?: { browser: PushBrowser; hub: PushHub };
	/** in [0, 1) */
	random: () => number;
	/** 16 hex digits, new each time */
	newId: () => string;
	/** True when the browser will keep this origin's data. */
	persist: () => Promise<boolean>;
}
