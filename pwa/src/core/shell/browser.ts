/**
 * A plain browser as shell: keys of a keyboard (many panels wire their handle as one), and events any kiosk
 * app may send as `window.dispatchEvent(new CustomEvent("wardline-shell", {detail}))`.
 */
import type { KeyName } from "../terminal_types";
import { type DeviceShell, readShellEvent, ShellEvents } from "./device_shell";
import { screenCover } from "./screen_cover";

/** What sounds in this page and may be set louder or softer: the sounder. */
export interface Loudness {
	/** 0 to 100 */
	setVolume(percent: number): void;
}

/** KeyboardEvent.code → key. Function keys: nothing on a screen types them. */
export const KEYBOARD: Readonly<Record<string, KeyName>> = {
	F1: "call",
	F2: "cancel",
	F3: "dressing",
	F4: "light",
	F8: "attend",
	F9: "answer",
};

/** Event name of the generic way in. */
export const SHELL_EVENT = "wardline-shell";

/** Feeds keyboard and generic events of the page into `events`. Held keys count once (no repeats). */
export function listenToPage(page: Window, events: ShellEvents): void {
	page.addEventListener("keydown", (event) => {
		const key = KEYBOARD[event.code];
		if (key === undefined || event.repeat) return;
		event.preventDefault();
		events.emit({ event: "key", key });
	});
	page.addEventListener(SHELL_EVENT, (event) => {
		const told = readShellEvent((event as CustomEvent<unknown>).detail);
		if (told !== null) events.emit(told);
	});
}

/** `loudness`: the page's tones, where a browser has no say over the machine's own volume. */
export function browserShell(page: Window, loudness: Loudness | null = null): DeviceShell {
	const events = new ShellEvents();
	listenToPage(page, events);
	const cover = screenCover(page.document);
	return {
		name: "browser",
		panel: null,
		can: new Set([
			"restart",
			"brightness",
			"screen",
			...(loudness === null ? [] : ["volume" as const]),
		]),
		...events.subscriptions(),
		...cover,
		setLamp() {},
		setNightLight() {},
		// A monitor has its own brightness: only what the back office wishes dims the page.
		setBrightness() {},
		limitBrightness: (percent) => dim(page.document, percent ?? 100),
		setVolume: (percent) => loudness?.setVolume(percent),
		restart: () => page.location.reload(),
		alive() {},
		device: () => ({ mac: null, serial: null, model: null }),
	};
}

/** A real panel dims its backlight; a page never gets darker than can be found. */
export function dim(document: Document, percent: number): void {
	const app = document.getElementById("app");
	if (app !== null) app.style.filter = percent >= 90 ? "" : `brightness(${0.5 + percent / 200})`;
}
