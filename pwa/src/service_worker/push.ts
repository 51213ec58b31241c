/**
 * Push in the service worker: shows what the hub says of a call, takes it back when the call is over, and hands acts to the
 * page, which alone has the key to sign them. Says to the hub that a push arrived.
 */
import type { PushAct, ToPage } from "../core/push/messages";

/** Options browsers know and the types do not. */
interface Options extends NotificationOptions {
	actions?: { action: string; title: string }[];
	renotify?: boolean;
	vibrate?: number[];
	timestamp?: number;
}

/** What the hub encrypted (ward_hub/push/policy.py, notices.py). */
interface Shown {
	do: "show";
	id: string;
	tag: string;
	language: "zh" | "en";
	title: string;
	body: string;
	urgent: boolean;
	at: number;
	calls: string[];
}
type Pushed = Shown | { do: "close"; id: string; tag: string };

const WORDS = {
	zh: { acknowledged: "马上到", declined: "转他人" },
	en: { acknowledged: "On my way", declined: "Pass on" },
};
const UNREADABLE = { title: "呼叫 Call", body: "请打开查看 Open to see it" };
const RENEWAL = {
	title: "推送需要重新登记",
	body: "请打开本应用。Push must be set up again: open the app.",
};
const ICON = "/assets/icons/icon-192.png";
const URGENT_RHYTHM_MS = [400, 150, 400, 150, 800];
const ROUTINE_RHYTHM_MS = [300, 200, 300];
/** A page that is there answers at once; one that is frozen must be opened anew, ms. */
const PAGE_MS = 3_000;
const RECEIPT_TRIES = 3;
const RECEIPT_AGAIN_MS = 2_000;

export function listenToPush(worker: ServiceWorkerGlobalScope): void {
	const scope = new URL(worker.registration.scope);

	worker.addEventListener("push", (event) => event.waitUntil(pushed(event.data)));
	worker.addEventListener("notificationclick", (event) => {
		event.notification.close();
		const calls = callsOf((event.notification.data as { calls?: unknown } | null)?.calls);
		const { action } = event;
		const act: PushAct = action === "acknowledged" || action === "declined" ? action : "open";
		event.waitUntil(clicked(calls === null ? null : { act, calls }));
	});
	worker.addEventListener("pushsubscriptionchange", (event) => {
		// Types of the event differ from browser to browser.
		const { oldSubscription } = event as { oldSubscription?: PushSubscription | null };
		(event as ExtendableEvent).waitUntil(changed(oldSubscription ?? null));
	});

	async function pushed(data: PushMessageData | null): Promise<void> {
		const message = readPush(data);
		if (message === null) {
			// Browsers want to see something for each push, and a call may be behind it.
			const { title, body } = UNREADABLE;
			await worker.registration.showNotification(title, { body, icon: ICON });
			return;
		}
		if (message.do === "show") await show(message);
		else await close(message.tag);
		await Promise.all([tell({ push: "shown", id: message.id }), receipt(message.id)]);
	}

	async function show(message: Shown): Promise<void> {
		const { id, tag, language, title, body, urgent, at, calls } = message;
		const before = await worker.registration.getNotifications({ tag });
		// Sent twice after a restart of the hub: the phone has rung for it.
		const known = before.some((each) => (each.data as { id?: unknown } | null)?.id === id);
		const options: Options = {
			body,
			tag,
			lang: language === "zh" ? "zh-CN" : "en",
			icon: ICON,
			badge: ICON,
			data: { id, calls },
			requireInteraction: true,
			renotify: !known,
			silent: known,
			timestamp: at,
			actions: [
				{ action: "acknowledged", title: WORDS[language].acknowledged },
				{ action: "declined", title: WORDS[language].declined },
			],
			...(!known && { vibrate: urgent ? URGENT_RHYTHM_MS : ROUTINE_RHYTHM_MS }),
		};
		await worker.registration.showNotification(title, options);
	}

	async function close(tag: string): Promise<void> {
		for (const each of await worker.registration.getNotifications({ tag })) each.close();
	}

	/** The hub counts a push as seen by this only; the id is good for nothing else. */
	async function receipt(id: string): Promise<void> {
		for (let tries = 0; tries < RECEIPT_TRIES; tries += 1) {
			try {
				const answer = await fetch(`/api/push/seen/${id}`, { method: "POST", cache: "no-store" });
				if (answer.ok || answer.status === 404) return;
			} catch {
				// The phone may be on another network than the hub.
			}
			await new Promise((resolve) => setTimeout(resolve, RECEIPT_AGAIN_MS));
		}
	}

	async function clicked(asked: { act: PushAct; calls: string[] } | null): Promise<void> {
		for (const page of await pages()) {
			const focused = await page.focus().catch(() => page);
			if (asked === null || (await hand(focused, asked))) return;
		}
		// Read by core/push/messages.ts.
		const hash = asked === null ? "" : `#push=${[asked.act, ...asked.calls].join(".")}`;
		await worker.clients.openWindow(scope.pathname + hash);
	}

	/** True once the page has taken it. */
	function hand(page: WindowClient, asked: { act: PushAct; calls: string[] }): Promise<boolean> {
		return new Promise((resolve) => {
			const { port1, port2 } = new MessageChannel();
			const timer = setTimeout(() => resolve(false), PAGE_MS);
			port1.onmessage = () => {
				clearTimeout(timer);
				resolve(true);
			};
			const message: ToPage = { push: "act", ...asked };
			page.postMessage(message, [port2]);
		});
	}

	async function changed(before: PushSubscription | null): Promise<void> {
		if (before !== null) {
			const { applicationServerKey, userVisibleOnly } = before.options;
			const key = applicationServerKey ?? undefined;
			await worker.registration.pushManager
				.subscribe({ userVisibleOnly, ...(key && { applicationServerKey: key }) })
				.catch(() => null);
		}
		if (await tell({ push: "changed" })) return;
		// Only a page has a token for the hub.
		const { title, body } = RENEWAL;
		await worker.registration.showNotification(title, { body, icon: ICON, tag: "renewal" });
	}

	/** Whether there was a page to tell. */
	async function tell(message: ToPage): Promise<boolean> {
		const open = await pages();
		for (const page of open) page.postMessage(message);
		return open.length > 0;
	}

	/** This slot's pages, the one in use first. */
	async function pages(): Promise<WindowClient[]> {
		const all = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
		const own = all.filter(({ url }) => new URL(url).pathname === scope.pathname);
		return own.sort((one, other) => Number(other.focused) - Number(one.focused));
	}
}

/** Ids of presses, of which there is at least one; else null. */
function callsOf(value: unknown): string[] | null {
	if (!Array.isArray(value) || value.length === 0) return null;
	const calls = value.filter((call) => typeof call === "string" && /^[0-9a-f]{32}$/.test(call));
	return calls.length === value.length ? calls : null;
}

/** Null for what the hub does not say. */
function readPush(data: PushMessageData | null): Pushed | null {
	let value: Partial<Record<keyof Shown, unknown>> | null;
	try {
		value = data?.json() as typeof value;
	} catch {
		return null;
	}
	if (typeof value !== "object" || value === null) return null;
	const { id, tag, title, body, language, urgent, at, calls } = value;
	if (typeof id !== "string" || !/^[0-9a-f]{32}$/.test(id)) return null;
	if (typeof tag !== "string" || tag === "") return null;
	if (value.do === "close") return { do: "close", id, tag };
	if (value.do !== "show" || typeof title !== "string" || typeof body !== "string") return null;
	const named = callsOf(calls);
	if (named === null || typeof at !== "number") return null;
	return {
		do: "show",
		id,
		tag,
		title,
		body,
		language: language === "en" ? "en" : "zh",
		urgent: urgent === true,
		at,
		calls: named,
	};
}
