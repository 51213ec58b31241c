/** The offline copy of one terminal's page. Filled in below by the build: what each screen needs, and the build's hash. */
declare const self: ServiceWorkerGlobalScope;
declare const __PRECACHE__: Record<string, string[]>;
declare const __BUILD__: string;
const ICONS = ["/assets/icons/icon-144.png", "/assets/icons/icon-192.png"];

/** Scope `/t/{kind}/{terminal}/` or `/wall/`. */
const scope = new URL(self.registration.scope);
const parts = scope.pathname.split("/").filter(Boolean);
const screen = parts[0] === "t" ? (parts[1] ?? "") : (parts[0] ?? "");
const slot = parts[0] === "t" ? (parts[2] ?? "") : screen;
const prefix = `wardline:${slot}:`;
const cacheName = prefix + __BUILD__;

async function precache(): Promise<void> {
	const cache = await caches.open(cacheName);
	const wanted = [scope.pathname, ...(__PRECACHE__[screen] ?? []), ...ICONS];
	await cache.addAll(wanted.map((address) => new Request(address, { cache: "reload" })));
}

/** Only this slot's older caches: others on this origin belong to other terminals. */
async function dropOlder(): Promise<void> {
	const names = await caches.keys();
	const older = names.filter((name) => name.startsWith(prefix) && name !== cacheName);
	await Promise.all(older.map((name) => caches.delete(name)));
	await self.clients.claim();
}

/** The page from the cache, whatever its query: the hub may be away, and its version is changed by a new worker only. */
async function page(request: Request): Promise<Response> {
	const kept = await caches.match(scope.pathname, { cacheName });
	return kept ?? fetch(request);
}

async function cached(request: Request): Promise<Response> {
	const kept = await caches.match(request, { cacheName, ignoreSearch: true });
	return kept ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(precache()));
self.addEventListener("activate", (event) => event.waitUntil(dropOlder()));

self.addEventListener("fetch", (event) => {
	const { request } = event;
	const { origin, pathname } = new URL(request.url);
	if (request.method !== "GET" || origin !== scope.origin) return;
	if (request.mode === "navigate") event.respondWith(page(request));
	else if (pathname.startsWith("/assets/")) event.respondWith(cached(request));
});

/** The page says when no call is open: a worker never changes the app under an open call. */
self.addEventListener("message", (event) => {
	if (event.data === "take-over") event.waitUntil(self.skipWaiting());
});

export {};
