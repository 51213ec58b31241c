/** Push as the browser has it: permission, subscription, notifications on show, and word from the service worker. */
import type { Subscribed } from "./api";
import { type PushAct, readAct, readActHash, type ToPage } from "./messages";

export type Permission = "granted" | "denied" | "default";

/** What the phone's push needs of its browser; everything may fail by throwing. */
export interface PushBrowser {
	/** False in a page without TLS, and where the browser has no push. */
	readonly able: boolean;
	permission(): Permission;
	/** Asks the person; browsers want a touch before. */
	ask(): Promise<Permission>;
	/** Subscribes with the hub's key, or returns the subscription made with it before. Never settles where the browser's push service is not reached. */
	subscribe(key: string): Promise<Subscribed>;
	unsubscribe(): Promise<void>;
	/** Takes all of this slot's notifications from the phone. */
	closeAll(): Promise<void>;
	/** Whether the page is open before the person's eyes. */
	visible(): boolean;
	onVisible(listener: () => void): () => void;
	/** An act asked for in a notification; answers the worker that it was taken. Also the one in the page's address. */
	onAct(listener: (asked: { act: PushAct; calls: string[] }) => void): () => void;
	/** A push was shown while this page is open. */
	onShown(listener: (id: string) => void): () => void;
	/** The browser gave the subscription another address. */
	onChanged(listener: () => void): () => void;
}

const RECEIPT = /^[0-9a-f]{32}$/;

export class PagePush implements PushBrowser {
	readonly able: boolean;

	constructor() {
		this.able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
	}

	permission(): Permission {
		return this.able ? Notification.permission : "denied";
	}

	ask(): Promise<Permission> {
		return Notification.requestPermission();
	}

	async subscribe(key: string): Promise<Subscribed> {
		const { pushManager } = await navigator.serviceWorker.ready;
		const before = await pushManager.getSubscription();
		const same = before !== null && keyOf(before.options.applicationServerKey) === key;
		if (before !== null && !same) await before.unsubscribe();
		const subscription = same
			? before
			: await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
		const { endpoint, keys } = subscription.toJSON();
		const { p256dh, auth } = keys ?? {};
		if (endpoint === undefined || p256dh === undefined || auth === undefined) {
			throw new Error("the browser's subscription has no keys");
		}
		return { endpoint, p256dh, auth };
	}

	async unsubscribe(): Promise<void> {
		const registration = await navigator.serviceWorker.getRegistration();
		await (await registration?.pushManager.getSubscription())?.unsubscribe();
	}

	async closeAll(): Promise<void> {
		const registration = await navigator.serviceWorker.getRegistration();
		for (const notification of (await registration?.getNotifications()) ?? []) notification.close();
	}

	visible(): boolean {
		return document.visibilityState === "visible";
	}

	onVisible(listener: () => void): () => void {
		document.addEventListener("visibilitychange", listener);
		return () => document.removeEventListener("visibilitychange", listener);
	}

	onAct(listener: (asked: { act: PushAct; calls: string[] }) => void): () => void {
		const inAddress = (): void => {
			const asked = readActHash(location.hash);
			if (asked === null) return;
			// Once: a page loaded anew must not do it again.
			history.replaceState(history.state, "", location.pathname + location.search);
			listener(asked);
		};
		inAddress();
		addEventListener("hashchange", inAddress);
		const stop = this.listen((message, port) => {
			if (message.push !== "act") return;
			const asked = readAct(message.act, message.calls);
			if (asked === null) return;
			port?.postMessage(true);
			listener(asked);
		});
		return () => {
			removeEventListener("hashchange", inAddress);
			stop();
		};
	}

	onShown(listener: (id: string) => void): () => void {
		return this.listen((message) => {
			if (message.push === "shown" && RECEIPT.test(message.id)) listener(message.id);
		});
	}

	onChanged(listener: () => void): () => void {
		return this.listen((message) => {
			if (message.push === "changed") listener();
		});
	}

	private listen(hear: (message: ToPage, port: MessagePort | undefined) => void): () => void {
		if (!this.able) return () => {};
		const listener = (event: MessageEvent<unknown>): void => {
			const { data } = event;
			if (typeof data === "object" && data !== null && "push" in data) {
				hear(data as ToPage, event.ports[0]);
			}
		};
		navigator.serviceWorker.addEventListener("message", listener);
		navigator.serviceWorker.startMessages();
		return () => navigator.serviceWorker.removeEventListener("message", listener);
	}
}

/** base64url of the key a subscription was made with; "" where the browser does not say. */
function keyOf(key: ArrayBuffer | null): string {
	if (key === null) return "";
	const text = String.fromCharCode(...new Uint8Array(key));
	return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
