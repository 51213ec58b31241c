/** A phone's push without a browser or a hub: what it was asked for, settable answers. */
import type { Subscribed } from "../../../src/core/push/api";
import type { Permission, PushBrowser } from "../../../src/core/push/browser_push";
import type { PushAct, PushMessage } from "../../../src/core/push/messages";
import { PdaPush } from "../../../src/core/push/pda_push";
import type { PushState } from "../../../src/core/push/types";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";

export const SUBSCRIBED: Subscribed = { endpoint: "https://push/1", p256dh: "p", auth: "a" };

export class FakeBrowser implements PushBrowser {
	able = true;
	granted: Permission = "granted";
	answer: Permission = "granted";
	seen = true;
	asked = 0;
	closed = 0;
	unsubscribed = 0;
	keys: string[] = [];
	subscribing: () => Promise<Subscribed> = () => Promise.resolve(SUBSCRIBED);
	act: (asked: { act: PushAct; calls: string[] }) => void = () => {};
	shown: (id: string) => void = () => {};
	changed: () => void = () => {};
	sight: () => void = () => {};

	permission(): Permission {
		return this.granted;
	}
	ask(): Promise<Permission> {
		this.asked += 1;
		this.granted = this.answer;
		return Promise.resolve(this.answer);
	}
	subscribe(key: string): Promise<Subscribed> {
		this.keys.push(key);
		return this.subscribing();
	}
	unsubscribe(): Promise<void> {
		this.unsubscribed += 1;
		return Promise.resolve();
	}
	closeAll(): Promise<void> {
		this.closed += 1;
		return Promise.resolve();
	}
	visible(): boolean {
		return this.seen;
	}
	onVisible(listener: () => void): () => void {
		this.sight = listener;
		return () => {};
	}
	onAct(listener: (asked: { act: PushAct; calls: string[] }) => void): () => void {
		this.act = listener;
		return () => {};
	}
	onShown(listener: (id: string) => void): () => void {
		this.shown = listener;
		return () => {};
	}
	onChanged(listener: () => void): () => void {
		this.changed = listener;
		return () => {};
	}
}

export class Phone {
	readonly browser = new FakeBrowser();
	readonly terminal: FakeTerminal;
	readonly push: PdaPush;
	readonly sent: PushMessage[] = [];
	readonly puts: { token: string; subscribed: Subscribed; language: string }[] = [];
	removed = 0;
	token: string | null = "token";
	now = 1_000;
	refusal: Error | null = null;
	hear: (payload: string) => void = () => {};
	join: () => void = () => {};
	beat: () => void = () => {};

	constructor(
		state: Parameters<typeof fakeTerminal>[1] = {},
		set: (browser: FakeBrowser) => void = () => {},
	) {
		set(this.browser);
		this.terminal = fakeTerminal({ kind: "pda", terminal: "pda-02" }, state);
		this.push = new PdaPush({
			terminal: this.terminal,
			browser: this.browser,
			hub: {
				key: () =>
					this.refusal === null ? Promise.resolve("hub-key") : Promise.reject(this.refusal),
				put: (token, subscribed, language) => {
					if (this.refusal !== null) return Promise.reject(this.refusal);
					this.puts.push({ token, subscribed, language });
					return Promise.resolve();
				},
				remove: () => {
					this.removed += 1;
					return Promise.resolve();
				},
			},
			token: () => this.token,
			send: (message) => {
				this.sent.push(message);
				return true;
			},
			onMessage: (listener) => {
				this.hear = listener;
				return () => {};
			},
			onJoined: (listener) => {
				this.join = listener;
				return () => {};
			},
			ticker: {
				onTick: (listener) => {
					this.beat = listener;
					return () => {};
				},
			},
			monotonic: () => this.now,
		});
	}

	get state(): PushState {
		let state: PushState | null = null;
		this.push.subscribe((each) => {
			state = each;
		})();
		if (state === null) throw new Error("the store told nothing");
		return state;
	}

	/** So many ms pass, with a beat at their end. */
	pass(ms: number): void {
		this.now += ms;
		this.terminal.set({ now: this.terminal.state.now + ms });
		this.beat();
	}
}

export async function settle(): Promise<void> {
	for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
