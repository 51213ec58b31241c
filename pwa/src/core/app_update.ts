/** The offline copy of the app, and its renewal: a new version waits until no call is open and nothing is on its way. */
import type { Terminal, TerminalState } from "./terminal_types";

const LOOK_FOR_UPDATES_MS = 60 * 60_000;

/** Whether the app may be exchanged now. */
export function isIdle(state: TerminalState): boolean {
	return (
		state.board.rows.length === 0 &&
		state.ownPresses.length === 0 &&
		state.unsent === 0 &&
		state.session === null &&
		state.talk.legs.every((leg) => leg.state === "over") &&
		state.talk.broadcast === null &&
		!state.talk.recordingClip
	);
}

/** Registers the slot's service worker, one scope a slot. Rejects where the browser has none (a page without TLS). */
export async function keepOffline(terminal: Terminal): Promise<void> {
	const { serviceWorker } = navigator;
	// The first worker of a slot finds a page that is as new as itself.
	const hadWorker = serviceWorker.controller !== null;
	const registration = await serviceWorker.register("sw.js", { scope: "./" });
	let told: ServiceWorker | null = null;
	terminal.subscribe((state) => {
		const { waiting } = registration;
		if (waiting === null || waiting === told || !isIdle(state)) return;
		told = waiting;
		waiting.postMessage("take-over");
	});
	serviceWorker.addEventListener("controllerchange", () => {
		if (hadWorker) location.reload();
	});
	setInterval(() => void registration.update().catch(() => {}), LOOK_FOR_UPDATES_MS);
}
