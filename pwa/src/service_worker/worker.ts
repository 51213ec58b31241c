/**
 * The offline copy of one terminal's page. Filled in below by the build: what each screen needs, and the build's hash.
 * A new version is on trial until its page has said that it is well (trial.ts); a page that hangs is left by way of here.
 */
import { listenToPush } from "./push";
import {
	COME_UP_MS,
	giveUp,
	kept,
	moveOn,
	ranWell,
	serve,
	type Trial,
	takeOver,
	tryAgain,
} from "./trial";

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
/** Not among the caches that are dropped: how the trial stands. */
const stateCache = `wardline-state:${slot}`;
const STATE = `${scope.pathname}trial.json`;
/** Asked by the page's heartbeat worker when its page has stopped answering. */
const HUNG = `${scope.pathname}hung`;
const FIRST: Trial = { good: __BUILD__, trying: null, served: 0, failed: null, apart: 0 };

/** Read and written one after the other: two pages may start at once. */
let turn: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => Promise<T>): Promise<T> {
	const mine = turn.then(work);
	turn = mine.catch(() => {});
	return mine;
}

async function readTrial(): Promise<Trial | null> {
	const told = await caches.match(STATE, { cacheName: stateCache });
	return told === undefined ? null : ((await told.json()) as Trial);
}

async function writeTrial(trial: Trial): Promise<void> {
	const cache = await caches.open(stateCache);
	await cache.put(STATE, new Response(JSON.stringify(trial)));
}

/** Changes the trial; returns it as it is then. */
function change(step: (trial: Trial) => Trial): Promise<Trial> {
	return inTurn(async () => {
		const before = (await readTrial()) ?? FIRST;
		const after = step(before);
		if (after !== before) await writeTrial(after);
		return after;
	});
}

async function precache(): Promise<void> {
	const cache = await caches.open(cacheName);
	const wanted = [scope.pathname, ...(__PRECACHE__[screen] ?? []), ...ICONS];
	await cache.addAll(wanted.map((address) => new Request(address, { cache: "reload" })));
	// The hub may have been told of another version between the worker and its page.
	const page = await (await cache.match(scope.pathname))?.text();
	const build = /<meta name="wardline-build" content="([0-9a-f]+)"/.exec(page ?? "")?.[1];
	if (build !== undefined && build !== __BUILD__) {
		await caches.delete(cacheName);
		throw new Error(`expected the page of ${__BUILD__}, found ${build}`);
	}
}

/** Builds of this slot whose pages are on this disk; caches of others on this origin belong to other terminals. */
async function heldBuilds(): Promise<string[]> {
	const names = (await caches.keys()).filter((name) => name.startsWith(prefix));
	const pages = await Promise.all(
		names.map((name) => caches.match(scope.pathname, { cacheName: name })),
	);
	return names
		.filter((_name, index) => pages[index] !== undefined)
		.map((name) => name.slice(prefix.length));
}

async function drop(builds: readonly string[]): Promise<void> {
	await Promise.all(builds.map((build) => caches.delete(prefix + build)));
}

async function activate(): Promise<void> {
	let held = await heldBuilds();
	if (!held.includes(__BUILD__)) {
		// A version that took over meanwhile has cleared it away.
		await precache().catch(() => {});
		held = await heldBuilds();
	}
	const trial = await inTurn(async () => {
		const after = takeOver((await readTrial()) ?? eldest(held), __BUILD__, held);
		await writeTrial(after);
		return after;
	});
	const keep = kept(trial, __BUILD__);
	await drop(held.filter((build) => !keep.includes(build)));
	await self.clients.claim();
}

/** The page runs well: only the build it was tried against goes, for another may be waiting already. */
async function wellNow(build: string): Promise<void> {
	let replaced: string | null = null;
	await change((trial) => {
		if (trial.trying === build) replaced = trial.good;
		return ranWell(trial, build);
	});
	if (replaced === null) return;
	cameUp();
	if (replaced !== build) await drop([replaced]);
}

/** A worker of before there were trials left one cache and no word: what it served was good. */
function eldest(held: readonly string[]): Trial | null {
	const before = held.find((build) => build !== __BUILD__);
	return before === undefined ? null : { ...FIRST, good: before };
}

/**
 * The page from the cache, whatever its query: the hub may be away, and its version is changed by a new worker only.
 * On trial, `watch` sees to it that it comes up.
 */
async function page(request: Request, watch: (build: string) => void): Promise<Response> {
	let build = __BUILD__;
	const trial = await change((before) => {
		const served = serve(before);
		build = served.build;
		return served.trial;
	});
	const cached = await caches.match(scope.pathname, { cacheName: prefix + build });
	if (trial.trying === build) watch(build);
	const response = cached ?? (await fetch(request));
	return withHeaders(response, APART[trial.apart]);
}

/**
 * Headers that move a page into a process of its own, in two ways: a process that hangs is not asked for anything any more,
 * yet lives on for a while, and must not take in the page that comes after. Browsers pass over what they do not know.
 */
const APART: readonly Record<string, string>[] = [
	{},
	{
		"cross-origin-opener-policy": "same-origin",
		"cross-origin-embedder-policy": "require-corp",
	},
	{ "document-isolation-policy": "isolate-and-credentialless" },
];
/** A page set apart takes only workers that say the same. */
const OF_WORKERS = {
	"cross-origin-embedder-policy": "require-corp",
	"document-isolation-policy": "isolate-and-credentialless",
};

async function withHeaders(
	response: Response,
	more: Readonly<Record<string, string>> | undefined,
): Promise<Response> {
	const added = Object.entries(more ?? {});
	if (added.length === 0) return response;
	const headers = new Headers(response.headers);
	for (const [name, value] of added) headers.set(name, value);
	const { status, statusText } = response;
	return new Response(await response.blob(), { status, statusText, headers });
}

/** Names carry the content's hash: whichever version has the file has the right one. */
async function cached(request: Request): Promise<Response> {
	for (const name of await caches.keys()) {
		if (!name.startsWith(prefix)) continue;
		const held = await caches.match(request, { cacheName: name, ignoreSearch: true });
		if (held === undefined) continue;
		return /_worker-[^/]*\.js$/.test(request.url) ? withHeaders(held, OF_WORKERS) : held;
	}
	return fetch(request);
}

/** Ends the waiting for a sign of life: a worker that waits is not followed by the next one. */
let cameUp = (): void => {};

/** A page of a version on trial that has not said a word in time is given up, and the older one is shown. */
async function watch(build: string): Promise<void> {
	await new Promise<void>((resolve) => {
		const timer = setTimeout(resolve, COME_UP_MS);
		cameUp = () => {
			clearTimeout(timer);
			resolve();
		};
	});
	let gone = false;
	await change((before) => {
		gone = before.trying === build;
		return gone ? giveUp(before) : before;
	});
	if (gone) await leave();
}

/** Has every page of this slot loaded anew, each in another process than now: one that hangs would never let go. */
async function leave(): Promise<void> {
	await change(moveOn);
	const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
	const own = pages.filter(({ url }) => new URL(url).pathname === scope.pathname);
	await Promise.all(
		own.map((each) => {
			const address = new URL(each.url);
			// The one that hangs holds the slot's lock until its process ends.
			address.searchParams.set("after", "hang");
			return each.navigate(address.href).catch(() => null);
		}),
	);
}

self.addEventListener("install", (event) => event.waitUntil(precache()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));

self.addEventListener("fetch", (event) => {
	const { request } = event;
	const { origin, pathname } = new URL(request.url);
	if (request.method !== "GET" || origin !== scope.origin) return;
	if (request.mode === "navigate") {
		const onTrial = (build: string) => event.waitUntil(watch(build));
		event.respondWith(page(request, onTrial));
	} else if (pathname === HUNG) {
		event.waitUntil(leave());
		event.respondWith(new Response(null, { status: 204 }));
	} else if (pathname.startsWith("/assets/")) event.respondWith(cached(request));
});

interface Told {
	/** a page of this build runs well */
	well?: string;
	/** a build that failed here is to be tried again */
	again?: string;
	/** how does the trial stand */
	ask?: true;
}

self.addEventListener("message", (event) => {
	// The page says when no call is open: a worker never changes the app under an open call.
	if (event.data === "take-over") {
		event.waitUntil(self.skipWaiting());
		return;
	}
	const { well, again, ask } = (event.data ?? {}) as Told;
	const port = event.ports[0];
	const heard = async (): Promise<void> => {
		if (typeof well === "string") await wellNow(well);
		if (typeof again === "string") await change((trial) => tryAgain(trial, again));
		if (ask === true) port?.postMessage(await change((trial) => trial));
	};
	event.waitUntil(heard());
});

listenToPush(self);
