/** Puts a terminal's device together, out of what the page has and what the terminal runs on. */
import { type AppUpdate, pageUpdate } from "../app_update";
import type { TerminalKind } from "../calls/types";
import { Listeners, type Ticker } from "../links/link";
import * as names from "../protocol/names";
import type { Running } from "../running";
import type { DeviceShell } from "../shell/device_shell";
import type { DocumentView, Readable, SelfInfo, TerminalState } from "../terminal_types";
import { browserName, Device } from "./device";
import { hangs } from "./hangs";
import { type LivePort, LiveView } from "./live";
import { showIdentity, showWatched } from "./notices";
import type { DeviceMessage } from "./types";

/** What the page gives; null where there is no page. */
export interface FleetParts {
	shell: DeviceShell;
	app: AppUpdate;
	browser: string;
	/** how often this slot's page hung */
	hung(): Promise<number>;
	identify(name: string, ms: number): void;
	/** A hand on the screen or a key. */
	onTouch(listener: () => void): () => void;
	live: Omit<LivePort, "send" | "announce"> & {
		announce(language: "zh" | "en", who: string, end: () => void): () => void;
	};
}

/** What the terminal gives. */
export interface DeviceTerminal extends Readable<TerminalState> {
	document(name: string): Readable<DocumentView>;
	/** An urgent or code call sounds here now. */
	alarm(): boolean;
	failed(error: unknown): void;
}

export interface DeviceParts {
	ticker: Ticker;
	wall(): number;
	monotonic(): number;
	version: string;
}

/** The device of a terminal that knows which it is. */
export function openDevice(
	fleet: FleetParts,
	{ ticker, wall, monotonic, version }: DeviceParts,
	{ provider, clock, store }: Pick<Running, "provider" | "clock" | "store">,
	self: SelfInfo,
	terminal: DeviceTerminal,
): Device {
	const name = names.device(self.ward, self.terminal);
	const send = (message: DeviceMessage): boolean => provider.sendStateless(name, message);
	const language = (): "zh" | "en" => {
		let now: "zh" | "en" = "zh";
		terminal.subscribe((state) => {
			now = state.language;
		})();
		return now;
	};
	const live = new LiveView({
		...fleet.live,
		send,
		announce: (who, end) => fleet.live.announce(language(), who, end),
	});
	return new Device({
		shell: fleet.shell,
		document: terminal.document(name),
		state: terminal,
		send,
		onMessage: (listener) =>
			provider.stateless.add((document, payload) => {
				if (document === name) listener(payload);
			}),
		onJoined: (listener) =>
			provider.joined.add((document) => {
				if (document === name) listener();
			}),
		onTouch: (listener) => fleet.onTouch(listener),
		clock,
		wall,
		monotonic,
		ticker,
		alarm: () => terminal.alarm(),
		store,
		app: fleet.app,
		live,
		identify: (ms) => fleet.identify(self.name || self.terminal, ms),
		browser: fleet.browser,
		version,
		hung: () => fleet.hung(),
		failed: (error) => terminal.failed(error),
	});
}

/** What this page gives. Call it once a page. */
export function pageFleet(kind: TerminalKind, slot: string, shell: DeviceShell): FleetParts {
	const touches = new Listeners<[]>();
	for (const event of ["pointerdown", "keydown"]) {
		window.addEventListener(event, () => touches.emit(), { capture: true, passive: true });
	}
	shell.onKey(() => touches.emit());
	return {
		shell,
		app: pageUpdate(),
		browser: browserName(navigator.userAgent),
		hung: () => hangs(slot),
		identify: (name, ms) => showIdentity(document, name === "" ? `${kind} ${slot}` : name, ms),
		onTouch: (listener) => touches.add(listener),
		live: {
			announce: (language, who, end) => showWatched(document, language, who, end),
			load: async () => {
				const { startRecording } = await import("./live_record");
				return {
					startRecording: (clinical, emit) => startRecording(document, clinical, emit),
				};
			},
			now: () => performance.now(),
			every(ms, run) {
				const timer = setInterval(run, ms);
				return () => clearInterval(timer);
			},
			onLeave(listener) {
				const hidden = () => {
					if (document.visibilityState === "hidden") listener();
				};
				addEventListener("pagehide", listener);
				document.addEventListener("visibilitychange", hidden);
				return () => {
					removeEventListener("pagehide", listener);
					document.removeEventListener("visibilitychange", hidden);
				};
			},
		},
	};
}
