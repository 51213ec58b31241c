/**
 * The terminal's side of a frame on the wall, and the signs on `body` that tests read. One terminal a page, so
 * this is the page's own state. Alone in its window a page only shows the signs; nobody is spoken to.
 */
import { writable } from "svelte/store";
import type { Tone } from "../../core/calls/types";
import type { Readable, Terminal } from "../../core/terminal_types";
import type { FrameReport, WallMessage } from "./messages";

const inFrame = typeof window !== "undefined" && window.parent !== window;
const ear = writable(!inFrame);
let report: FrameReport | null = null;
let playing: Tone | "" = "";

/** Whether this page is the one heard: always when it stands alone, on the wall when it has been chosen. */
export const heard: Readable<boolean> = ear;

/** The sound engine says which tone it is playing now by its own schedule, heard or not. */
export function sounding(tone: Tone | ""): void {
	playing = tone;
	document.body.dataset.sounding = tone;
	if (report !== null && report.sounding !== tone) tell({ ...report, sounding: tone });
}

/** Shows the terminal's state on `body` and, in a frame of the wall, to the wall. Returns the way to stop. */
export function showOnBody(kind: string, slot: string, terminal: Terminal): () => void {
	const signs = document.body.dataset;
	signs.kind = kind;
	signs.terminal = slot;
	signs.sounding = playing;
	const stop = terminal.subscribe((state) => {
		signs.phase = state.phase;
		signs.layer = String(state.layer);
		signs.unsent = String(state.unsent);
		signs.sound = state.sound;
		signs.problem = state.problem ?? "";
		const { phase, layer, sound } = state;
		const next: FrameReport = {
			terminal: slot,
			phase,
			layer,
			sound,
			sounding: playing,
			size: panel(),
		};
		if (JSON.stringify(next) !== JSON.stringify(report)) tell(next);
	});
	const listen = (event: MessageEvent): void => {
		if (!inFrame || event.origin !== location.origin || event.source !== window.parent) return;
		const message = event.data as Partial<WallMessage & { heard: boolean }> | null;
		if (message?.wardline === "unlock-sound") void terminal.unlockSound();
		if (message?.wardline === "heard") ear.set(message.heard === true);
	};
	window.addEventListener("message", listen);
	return () => {
		stop();
		window.removeEventListener("message", listen);
	};
}

/** The drawn panel with the simulated hardware below it, px; null while there is none. */
function panel(): FrameReport["size"] {
	const drawn = document.querySelector<HTMLElement>('[data-testid="panel"]');
	const strip = document.querySelector<HTMLElement>('[data-testid="sim-strip"]');
	if (drawn === null || drawn.offsetWidth === 0) return null;
	return { width: drawn.offsetWidth, height: drawn.offsetHeight + (strip?.offsetHeight ?? 0) };
}

function tell(next: FrameReport): void {
	report = next;
	if (!inFrame) return;
	const { size, ...rest } = next;
	window.parent.postMessage({ wardline: "frame", ...rest, ...size }, location.origin);
}
