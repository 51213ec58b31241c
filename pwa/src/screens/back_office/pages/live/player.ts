/** Draws what a terminal recorded of its screen; loaded only when somebody looks. Runs nothing of what it is sent. */
import "@rrweb/replay/dist/style.css";
import { Replayer } from "@rrweb/replay";
import { Joining } from "../../../../core/fleet/live_chunks";

export interface Player {
	take(events: readonly unknown[]): void;
	close(): void;
}

/** How far behind the terminal the picture runs, ms: what comes late on the way is still drawn in its order. */
const BEHIND_MS = 300;

type Recorded = Exclude<Parameters<Replayer["addEvent"]>[0], string>;

/** Draws into `root`. `sized`: the terminal's screen, px; `begun`: there is a first picture. */
export function openPlayer(
	root: HTMLElement,
	title: string,
	sized: (width: number, height: number) => void,
	begun: () => void,
): Player {
	const joining = new Joining();
	const replayer = new Replayer([], {
		root,
		liveMode: true,
		mouseTail: false,
		showWarning: false,
		triggerFocus: false,
		UNSAFE_replayCanvas: false,
	});
	// looked at, never worked with
	replayer.iframe.tabIndex = -1;
	replayer.iframe.title = title;
	replayer.on("resize", (size) => {
		const { width, height } = size as { width: number; height: number };
		sized(width, height);
	});
	replayer.on("fullsnapshot-rebuilded", begun);
	let started = false;
	return {
		take(events) {
			for (const event of joining.take(events) as Recorded[]) {
				// the terminal's clock is not this PC's: its first event sets the time
				if (!started) replayer.startLive(event.timestamp - BEHIND_MS);
				started = true;
				replayer.addEvent(event);
			}
		},
		close: () => replayer.destroy(),
	};
}
