/**
 * The page's side of the heartbeat worker: beats each second and when the page becomes visible, so that a dead link shows
 * at once; answers while the page is well, and starts it anew when the worker says that it hangs (DEV-08).
 */
import { Wellness } from "../fleet/wellness";
import type { FromPage } from "./heartbeat_worker";
import address from "./heartbeat_worker.ts?worker&url";
import { Listeners, type Ticker } from "./link";

/** Pages that hang again and again are started anew this often at most, ms … */
const AGAIN_MS = 10 * 60_000;
/** … after so many times in that time. */
const MOST_OFTEN = 4;
const RESTARTS = "wardline-restarts";

export interface Heartbeat extends Ticker {
	/** Watches the page: `subscribe` tells each state with whether the terminal is in service; `alive` is called at each beat of a page that is well. */
	watch(parts: {
		slot: string;
		subscribe: (run: (state: { phase: string }) => void) => void;
		alive: () => void;
	}): void;
}

export function openHeartbeat(): Heartbeat {
	const listeners = new Listeners<[]>();
	let beat = () => listeners.emit();
	let about: FromPage | null = null;
	const open = () => {
		const opened = openWorker();
		opened.onmessage = (event: MessageEvent<unknown>) => {
			if (event.data === "hung") startAnew();
			else beat();
		};
		if (about !== null) opened.postMessage(about);
		return opened;
	};
	let worker = open();
	const { serviceWorker } = navigator;
	if (serviceWorker !== undefined && serviceWorker.controller === null) {
		// One opened before the service worker was there goes by the network, not through it.
		const again = () => {
			worker.terminate();
			worker = open();
		};
		serviceWorker.addEventListener("controllerchange", again, { once: true });
	}
	document.addEventListener("visibilitychange", () => {
		if (document.visibilityState === "visible") listeners.emit();
	});
	return {
		onTick: (listener) => listeners.add(listener),
		watch({ slot, subscribe, alive }) {
			const wellness = new Wellness({ now: () => performance.now() });
			subscribe(({ phase }) => wellness.told(phase === "ready"));
			addEventListener("error", () => wellness.threw());
			addEventListener("unhandledrejection", () => wellness.threw());
			const hung = new URL("hung", location.href.replace(/[?#].*$/, "")).href;
			about = { slot, hung };
			worker.postMessage(about);
			beat = () => {
				listeners.emit();
				if (!wellness.beat()) return;
				worker.postMessage("alive");
				alive();
			};
		},
	};
}

/**
 * By way of a blob, because only such a worker's requests go through the page's service worker: the one way out of a page
 * that hangs.
 */
function openWorker(): Worker {
	const script = `import ${JSON.stringify(new URL(address, location.href).href)};`;
	const blob = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
	return new Worker(blob, { type: "module" });
}

/** The page can still hear, so it loads itself anew; not for ever in a circle. */
function startAnew(): void {
	const now = Date.now();
	let before: number[] = [];
	try {
		const kept: unknown = JSON.parse(sessionStorage.getItem(RESTARTS) ?? "[]");
		if (Array.isArray(kept)) before = kept.filter((at): at is number => typeof at === "number");
	} catch {
		// Unreadable: as if none.
	}
	const recent = before.filter((at) => now - at < AGAIN_MS && at <= now);
	if (recent.length >= MOST_OFTEN) return;
	sessionStorage.setItem(RESTARTS, JSON.stringify([...recent, now]));
	location.reload();
}
