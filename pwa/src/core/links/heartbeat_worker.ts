/**
 * Beats each second, in a worker of its own, because the timers of a page in the background are slowed to a minute.
 * Watches the page as well (DEV-08): a page answers each beat while it is well. One that has not answered for ten beats is
 * told to start anew; one that cannot even hear that is left by way of its service worker.
 */
import { countHang } from "../fleet/hangs";

/** Counted in beats, not by a clock: a machine asleep beats as little as its page answers. */
const SILENT_BEATS = 10;
/** A page that can still hear has started anew by then. */
const DEAF_BEATS = 2;
/**
 * Between two tries to leave a page that hangs: one that hung shortly before keeps its process, and takes the next one in,
 * until the service worker in it has rested for half a minute.
 */
const AGAIN_BEATS = 45;

/** What the page tells: it is well; or first, where it lives. */
export type FromPage = "alive" | { slot: string; hung: string };

let page: { slot: string; hung: string } | null = null;
/** Beats without an answer; null before the first one: a page that starts slowly does not hang. */
let silent: number | null = null;

addEventListener("message", (event: MessageEvent<FromPage>) => {
	if (event.data === "alive") silent = 0;
	else page = event.data;
});

setInterval(() => {
	postMessage("tick");
	if (page === null || silent === null) return;
	silent += 1;
	const over = silent - SILENT_BEATS;
	if (over === 0) {
		// Lost, where the disk refuses: the page is started anew all the same.
		void countHang(page.slot).catch(() => {});
		postMessage("hung");
	}
	if (over >= DEAF_BEATS && (over - DEAF_BEATS) % AGAIN_BEATS === 0) {
		void fetch(page.hung).catch(() => {});
	}
}, 1_000);
