/**
 * The shell is the kiosk app around the page; docs/shell.md is its contract. This file holds what every
 * adapter has in common: the events that come in, the commands that go out, and who listens.
 */
import type { DeviceAbility } from "../fleet/types";
import type { InputName, KeyName, Shell } from "../terminal_types";

export type InputState = "open" | "closed" | "fault";
export type UnplugPart = "handset" | "input";
export type Power = "mains" | "battery";

/** What hardware tells the page. */
export type ShellEvent =
	| { event: "key"; key: KeyName }
	| { event: "input"; input: InputName; state: InputState }
	/** the handset was taken off its hook, or put back */
	| { event: "hook"; lifted: boolean }
	| { event: "unplug"; part: UnplugPart; plugged: boolean }
	| { event: "power"; source: Power }
	/** somebody turned the screen on at the device itself */
	| { event: "screen_on" };

/** Identity of the device for the device list (DEV-01); null when the shell cannot tell. */
export interface DeviceIdentity {
	mac: string | null;
	serial: string | null;
	model: string | null;
}

/** Everything a shell may offer. What one cannot do is a silent no: `can` tells beforehand. */
export interface DeviceShell extends Shell {
	onHook(listener: (lifted: boolean) => void): () => void;
	onUnplug(listener: (part: UnplugPart, plugged: boolean) => void): () => void;
	onPower(listener: (source: Power) => void): () => void;
	/** The screen was turned on by its own key: as a touch. */
	onScreenOn(listener: () => void): () => void;
	/** loudness of the tones, 0 to 100 */
	setVolume(percent: number): void;
	/** What the back office wishes: a screen's own brightness is taken as a part of it; null for none. */
	limitBrightness(percent: number | null): void;
	/** Turns the screen off or on; the page runs on and hears touches where the device does. */
	setScreen(on: boolean): void;
	screenOn(): boolean;
	/** The page is well: said each second; the kiosk app that no longer hears it starts the page anew. */
	alive(): void;
	/** restarts the page, and the kiosk app where the shell can */
	restart(): void;
	device(): DeviceIdentity;
	/** size of the page that the shell draws, px, where it draws one */
	readonly panel: { width: number; height: number } | null;
	readonly can: ReadonlySet<DeviceAbility>;
}

const KEYS: readonly string[] = [
	"call",
	"cancel",
	"dressing",
	"light",
	"attend",
	"answer",
] satisfies KeyName[];

/** The event in a value from outside, or null when it is none. */
export function readShellEvent(value: unknown): ShellEvent | null {
	if (typeof value !== "object" || value === null) return null;
	const { event, key, input, state, lifted, part, plugged, source } = value as Record<
		string,
		unknown
	>;
	switch (event) {
		case "key":
			return typeof key === "string" && KEYS.includes(key) ? { event, key: key as KeyName } : null;
		case "input":
			if (input !== "bathroom") return null;
			return state === "open" || state === "closed" || state === "fault"
				? { event, input, state }
				: null;
		case "hook":
			return typeof lifted === "boolean" ? { event, lifted } : null;
		case "unplug":
			if (typeof plugged !== "boolean") return null;
			return part === "handset" || part === "input" ? { event, part, plugged } : null;
		case "power":
			return source === "mains" || source === "battery" ? { event, source } : null;
		case "screen_on":
			return { event };
		default:
			return null;
	}
}

/** Whether the shell tells of a handset; one that stands in for it in a story or a test need not. */
export function hasHook(shell: Shell): shell is Shell & Pick<DeviceShell, "onHook"> {
	return "onHook" in shell;
}

/** Whether the shell tells of plugs and power. */
export function hasPlugs(shell: Shell): shell is Shell & Pick<DeviceShell, "onUnplug" | "onPower"> {
	return "onUnplug" in shell && "onPower" in shell;
}

/** A screen's brightness, percent, under what the back office wishes. */
export class BrightnessLimit {
	private readonly set: (percent: number) => void;
	private limit: number | null = null;
	private own = 100;

	constructor(set: (percent: number) => void) {
		this.set = set;
	}

	setBrightness(percent: number): void {
		this.own = percent;
		this.apply();
	}

	limitBrightness(percent: number | null): void {
		this.limit = percent;
		this.apply();
	}

	private apply(): void {
		this.set(this.limit === null ? this.own : Math.round((this.own * this.limit) / 100));
	}
}

/** The listeners of one shell. */
export class ShellEvents {
	readonly #listeners = new Set<(event: ShellEvent) => void>();

	emit(event: ShellEvent): void {
		for (const listener of [...this.#listeners]) listener(event);
	}

	#on(listener: (event: ShellEvent) => void): () => void {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	}

	/** The subscriptions of a shell. */
	subscriptions(): Pick<
		DeviceShell,
		"onKey" | "onInput" | "onHook" | "onUnplug" | "onPower" | "onScreenOn"
	> {
		return {
			onKey: (listener) => this.#on((one) => one.event === "key" && listener(one.key)),
			onInput: (listener) =>
				this.#on((one) => one.event === "input" && listener(one.input, one.state)),
			onHook: (listener) => this.#on((one) => one.event === "hook" && listener(one.lifted)),
			onUnplug: (listener) =>
				this.#on((one) => one.event === "unplug" && listener(one.part, one.plugged)),
			onPower: (listener) => this.#on((one) => one.event === "power" && listener(one.source)),
			onScreenOn: (listener) => this.#on((one) => one.event === "screen_on" && listener()),
		};
	}
}
