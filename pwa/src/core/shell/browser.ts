/**
 * A plain browser as shell: keys of a keyboard (many panels wire their handle as one), and events any kiosk
 * app may send as `window.dispatchEvent(new CustomEvent("wardline-shell", {detail}))`.
 */
import type { KeyName } from "../terminal_types";
import { type DeviceShell, readShellEvent, ShellEvents } from "./device_shell";

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

export function browserShell(page: Window): DeviceShell {
	const events = new ShellEvents();
	listenToPage(page, events);
	return {
		name: "browser",
		panel: null,
		can: new Set(["restart"]),
		...events.subscriptions(),
		setLamp() {},
		setNightLight() {},
		setBrightness() {},
		setVolume() {},
		restart: () => page.location.reload(),
		device: () => ({ mac: null, serial: null, model: null }),
	};
}
