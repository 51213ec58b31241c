/** The page's side of the heartbeat worker; also beats when the page becomes visible, so that a dead link shows at once. */
import { Listeners, type Ticker } from "./link";

export function openHeartbeat(): Ticker {
	const listeners = new Listeners<[]>();
	const worker = new Worker(new URL("./heartbeat_worker.ts", import.meta.url), { type: "module" });
	worker.onmessage = () => listeners.emit();
	document.addEventListener("visibilitychange", () => {
		if (document.visibilityState === "visible") listeners.emit();
	});
	return { onTick: (listener) => listeners.add(listener) };
}
