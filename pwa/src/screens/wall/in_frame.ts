/**
 * The terminal's side of a frame on the wall, and the signs on `body` that tests read.
 * Alone in its window a page only shows the signs; nobody is spoken to.
 */
import type { Tone } from "../../core/calls/types";
import type { Terminal } from "../../core/terminal_types";
import type { FrameReport } from "./messages";

/** What the page's sound engine offers the wall: a part of core/sound's Sounder. */
export interface Heard {
	/** the tone that is set to sound now, muted or not */
	sounding(): Tone | null;
	/** silences or lets out everything, without a change of state */
	setHeard(heard: boolean): void;
}

interface Place {
	kind: string;
	slot: string;
	/** the drawn panel with its simulated hardware, px; null when it is as large as the window */
	panel: { width: number; height: number } | null;
}

/** Shows the terminal's state on `body` and, in a frame of the wall, to the wall. Returns the way to stop. */
export function showOnBody(
	{ kind, slot, panel }: Place,
	terminal: Terminal,
	sounder: Heard,
): () => void {
	const inFrame = window.parent !== window;
	const signs = document.body.dataset;
	signs.kind = kind;
	signs.terminal = slot;
	// On the wall one frame is heard at a time; alone in its window a page always is.
	if (inFrame) sounder.setHeard(false);
	let told = "";
	const stop = terminal.subscribe(({ phase, layer, neighbours, sound, unsent, problem }) => {
		const tone = sounder.sounding() ?? "";
		signs.phase = phase;
		signs.layer = String(layer);
		signs.neighbours = String(neighbours.length);
		signs.unsent = String(unsent);
		signs.sound = sound;
		signs.problem = problem ?? "";
		signs.sounding = tone;
		const report: Omit<FrameReport, "size"> = {
			terminal: slot,
			phase,
			layer,
			sound,
			sounding: tone,
		};
		const next = JSON.stringify({ wardline: "frame", ...report, ...panel });
		if (inFrame && next !== told) window.parent.postMessage(JSON.parse(next), location.origin);
		told = next;
	});
	const listen = (event: MessageEvent): void => {
		if (!inFrame || event.origin !== location.origin || event.source !== window.parent) return;
		const message = event.data as { wardline?: unknown; heard?: unknown } | null;
		if (message?.wardline === "unlock-sound") void terminal.unlockSound();
		if (message?.wardline === "heard") sounder.setHeard(message.heard === true);
	};
	window.addEventListener("message", listen);
	return () => {
		stop();
		window.removeEventListener("message", listen);
	};
}
