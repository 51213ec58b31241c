/**
 * The offline copy of the app, and its renewal: a new version waits until no call is open and nothing is on its way. Which
 * version a terminal gets is the hub's matter; an older one comes the same way as a newer.
 */
import type { Terminal, TerminalState } from "./terminal_types";

const LOOK_FOR_UPDATES_MS = 60 * 60_000;
/** A ward's terminals are told at once: each begins a little later than the next, ms. */
const JITTER_MS = 5_000;
/** A version that has been well for so many beats has come up. */
const WELL_BEATS = 5;
/** The worker answers from its disk; one that does not is not asked on. */
const ANSWER_MS = 2_000;

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

/** The build whose app runs in this page; "" where the page does not say. */
export function ownBuild(page: Document): string {
	const said = page.querySelector<HTMLMetaElement>('meta[name="wardline-build"]');
	return said?.content ?? "";
}

/** Where a new version comes from, as the device sees it. */
export interface AppUpdate {
	/** The build whose app runs in this page; "" where the page does not say. */
	readonly build: string;
	/** A wish: looks for it where it is another; no second try of one that failed here. */
	wish(release: string | null): void;
	/** Told by a person to look now; `retry` the build that failed here before. Rejects where nothing can be fetched. */
	look(retry: string | null): Promise<"done" | "not_able" | "failed">;
}

export interface UpdateParts {
	/** Null in a page without TLS: then the page comes from the hub each time, and is as new as that. */
	serviceWorker: ServiceWorkerContainer | null;
	build: string;
	reload: () => void;
	/** in [0, 1) */
	random: () => number;
}

export class PageUpdate implements AppUpdate {
	readonly build: string;
	private readonly parts: UpdateParts;
	private registration: ServiceWorkerRegistration | null = null;
	private wished: string | null = null;
	private looking: ReturnType<typeof setTimeout> | null = null;
	private told: ServiceWorker | null = null;
	/** A version that failed here is to be shown once more, when nothing is open. */
	private showAgain = false;
	private beats = 0;

	constructor(parts: UpdateParts) {
		this.parts = parts;
		this.build = parts.build;
	}

	/** Registers the slot's service worker, one scope a slot. Rejects where the browser has none. */
	async keepOffline(terminal: Terminal): Promise<void> {
		const { serviceWorker } = this.parts;
		if (serviceWorker === null) throw new Error("no service worker in this browser or page");
		// The first worker of a slot finds a page that is as new as itself.
		let hadWorker = serviceWorker.controller !== null;
		serviceWorker.addEventListener("controllerchange", () => {
			if (hadWorker) this.parts.reload();
			hadWorker = true;
		});
		const registration = await serviceWorker.register("sw.js", { scope: "./" });
		this.registration = registration;
		terminal.subscribe((state) => {
			if (!isIdle(state)) return;
			if (this.showAgain) this.parts.reload();
			const { waiting } = registration;
			if (waiting === null || waiting === this.told) return;
			this.told = waiting;
			waiting.postMessage("take-over");
		});
		const wished = this.wished;
		this.wished = null;
		this.wish(wished);
		setInterval(() => void registration.update().catch(() => {}), LOOK_FOR_UPDATES_MS);
	}

	/** Once a beat of a page that is well and draws: its version is kept then, and the one before it let go. */
	alive(): void {
		this.beats += 1;
		if (this.beats !== WELL_BEATS) return;
		this.parts.serviceWorker?.controller?.postMessage({ well: this.build });
	}

	wish(release: string | null): void {
		const { registration } = this;
		if (release === this.wished) return;
		this.wished = release;
		if (release === null || release === this.build || registration === null) return;
		if (this.looking !== null) clearTimeout(this.looking);
		this.looking = setTimeout(() => {
			this.looking = null;
			registration.update().catch((error: unknown) => {
				console.warn("no new version could be fetched:", error);
			});
		}, this.parts.random() * JITTER_MS);
	}

	async look(retry: string | null): Promise<"done" | "not_able" | "failed"> {
		const { registration } = this;
		const worker = this.parts.serviceWorker?.controller ?? null;
		if (registration === null) return "not_able";
		if (worker !== null && retry !== null && retry !== this.build) {
			const { failed } = await ask(worker);
			if (failed === retry) {
				worker.postMessage({ again: retry });
				this.showAgain = true;
				return "done";
			}
		}
		await registration.update();
		return "done";
	}
}

let ofThisPage: PageUpdate | null = null;

/** The one of this page. */
export function pageUpdate(): PageUpdate {
	ofThisPage ??= new PageUpdate({
		serviceWorker: navigator.serviceWorker ?? null,
		build: ownBuild(document),
		reload: () => location.reload(),
		random: Math.random,
	});
	return ofThisPage;
}

/** Keeps this page's slot offline. Rejects where the browser has no service worker (a page without TLS). */
export function keepOffline(terminal: Terminal): Promise<void> {
	return pageUpdate().keepOffline(terminal);
}

function ask(worker: ServiceWorker): Promise<{ failed: string | null }> {
	return new Promise((resolve) => {
		const { port1, port2 } = new MessageChannel();
		const timer = setTimeout(() => resolve({ failed: null }), ANSWER_MS);
		port1.onmessage = (event: MessageEvent<{ failed?: unknown }>) => {
			clearTimeout(timer);
			const { failed } = event.data;
			resolve({ failed: typeof failed === "string" ? failed : null });
		};
		worker.postMessage({ ask: true }, [port2]);
	});
}
