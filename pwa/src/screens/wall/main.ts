/** The demo wall's page. It holds no terminal of its own: only frames, a switch, and one service worker for itself. */
import "../../parts/theme.css";
import { mount } from "svelte";
import { controlOrigin, openControl } from "./control";
import Wall from "./Wall.svelte";

const target = document.getElementById("app");
if (target === null) throw new Error("the page has no #app");
mount(Wall, {
	target,
	props: { control: openControl(controlOrigin(location)), memory: localStorage },
});

/** The wall has nothing to lose by a new version: it takes over as soon as it is there. */
async function keepOffline(): Promise<void> {
	const registration = await navigator.serviceWorker.register("/wall/sw.js", { scope: "/wall/" });
	const takeOver = (worker: ServiceWorker | null): void => worker?.postMessage("take-over");
	takeOver(registration.waiting);
	registration.addEventListener("updatefound", () => {
		const arriving = registration.installing;
		arriving?.addEventListener("statechange", () => takeOver(registration.waiting));
	});
}

if ("serviceWorker" in navigator) {
	keepOffline().catch((problem: unknown) =>
		console.warn("the wall is not kept for offline use:", problem),
	);
}
