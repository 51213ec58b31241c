/**
 * Fully Kiosk Browser as shell, by its JavaScript interface (window.fully, there when the interface is
 * enabled in its settings). Keys and inputs of the panel come as Android broadcasts, the lamp goes out as one:
 * the panel's own service translates, docs/shell.md names the actions.
 */
import { listenToPage } from "./browser";
import {
	BrightnessLimit,
	type DeviceShell,
	type InputState,
	type ShellEvent,
	ShellEvents,
} from "./device_shell";

/** The part of the interface that is used here. Levels: brightness 0–255, volume 0–100. */
export interface Fully {
	bind(event: string, script: string): void;
	registerBroadcastReceiver(action: string): void;
	broadcastIntent(uri: string): void;
	setScreenBrightness(level: number): void;
	setAudioVolume(level: number, stream: number): void;
	getMacAddress(): string;
	getSerialNumber(): string;
	getDeviceModel(): string;
	turnScreenOn(): void;
	turnScreenOff(): void;
	getScreenOn(): boolean;
	isPlugged(): boolean;
	restartApp(): void;
}

export const ACTION = "org.wardline.shell";
/** AudioManager.STREAM_MUSIC: what a page sounds on. */
const STREAM_MUSIC = 3;
/** Beats of the page between two signs of life to the panel's own service. */
const BEATS_A_SIGN = 5;

/** Broadcast actions → events. */
export const BROADCASTS: Readonly<Record<string, ShellEvent>> = Object.fromEntries([
	...(["call", "cancel", "dressing", "light", "attend", "answer"] as const).map((key) => [
		`${ACTION}.KEY_${key.toUpperCase()}`,
		{ event: "key", key },
	]),
	...(["open", "closed", "fault"] as const satisfies readonly InputState[]).map((state) => [
		`${ACTION}.BATHROOM_${state.toUpperCase()}`,
		{ event: "input", input: "bathroom", state },
	]),
	[`${ACTION}.HANDSET_LIFTED`, { event: "hook", lifted: true }],
	[`${ACTION}.HANDSET_HUNG_UP`, { event: "hook", lifted: false }],
	[`${ACTION}.HANDSET_UNPLUGGED`, { event: "unplug", part: "handset", plugged: false }],
	[`${ACTION}.HANDSET_PLUGGED`, { event: "unplug", part: "handset", plugged: true }],
	[`${ACTION}.INPUT_UNPLUGGED`, { event: "unplug", part: "input", plugged: false }],
	[`${ACTION}.INPUT_PLUGGED`, { event: "unplug", part: "input", plugged: true }],
]);

/** An explicit extra of an Android intent URI. */
function lampIntent(colour: string, on: number, off: number): string {
	return `intent:#Intent;action=${ACTION}.LAMP;S.colour=${colour};i.on_ms=${on};i.off_ms=${off};end`;
}

/** The interface gives "" or throws where the device does not know. */
function asked(question: () => string): string | null {
	try {
		return question() || null;
	} catch {
		return null;
	}
}

function screenOf(fully: Fully): boolean | null {
	try {
		return fully.getScreenOn();
	} catch {
		return null;
	}
}

export function fullyShell(page: Window, fully: Fully): DeviceShell {
	const events = new ShellEvents();
	listenToPage(page, events);
	// bind() takes a script by text, so what it calls has to stand on the window
	Object.assign(page, {
		wardlineBroadcast: (action: string) => {
			const told = BROADCASTS[action];
			if (told !== undefined) events.emit(told);
		},
		wardlinePower: (source: "mains" | "battery") => events.emit({ event: "power", source }),
		wardlineScreenOn: () => events.emit({ event: "screen_on" }),
	});
	for (const action of Object.keys(BROADCASTS)) fully.registerBroadcastReceiver(action);
	fully.bind("broadcastReceived", 'wardlineBroadcast("$action");');
	fully.bind("unplugged", 'wardlinePower("battery");');
	fully.bind("pluggedAC", 'wardlinePower("mains");');
	fully.bind("pluggedUSB", 'wardlinePower("mains");');

	fully.bind("screenOn", "wardlineScreenOn();");

	const level = (percent: number, most: number): number =>
		Math.round((Math.min(100, Math.max(0, percent)) / 100) * most);
	const brightness = new BrightnessLimit((percent) =>
		fully.setScreenBrightness(level(percent, 255)),
	);
	let off = false;
	let beats = 0;
	return {
		name: "fully",
		panel: null,
		can: new Set(["lamp", "night-light", "brightness", "volume", "screen", "restart"]),
		...events.subscriptions(),
		setLamp(colour, rhythm) {
			const [on, off] = rhythm ?? [0, 0];
			fully.broadcastIntent(lampIntent(colour ?? "dark", on, off));
		},
		setNightLight(on) {
			fully.broadcastIntent(
				`intent:#Intent;action=${ACTION}.NIGHT_LIGHT;B.on=${on ? "true" : "false"};end`,
			);
		},
		setBrightness: (percent) => brightness.setBrightness(percent),
		limitBrightness: (percent) => brightness.limitBrightness(percent),
		setScreen(on) {
			off = !on;
			if (on) fully.turnScreenOn();
			else fully.turnScreenOff();
		},
		screenOn: () => screenOf(fully) ?? !off,
		alive() {
			if (beats % BEATS_A_SIGN === 0) {
				fully.broadcastIntent(`intent:#Intent;action=${ACTION}.ALIVE;end`);
			}
			beats += 1;
		},
		setVolume: (percent) => fully.setAudioVolume(level(percent, 100), STREAM_MUSIC),
		restart: () => fully.restartApp(),
		device: () => ({
			mac: asked(() => fully.getMacAddress()),
			serial: asked(() => fully.getSerialNumber()),
			model: asked(() => fully.getDeviceModel()),
		}),
	};
}
