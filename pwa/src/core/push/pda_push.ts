/**
 * Push on a nurse's phone: subscribes, tells the hub whether the screen is open, carries out what a notification asked for,
 * and notices when the hub's probes stay away. Never the only way a call comes: the open page sounds by itself.
 */
import { onDuty, ProbeWatch } from "../fleet/reach";
import { ApiError } from "../identity/api";
import { Listeners, type Ticker } from "../links/link";
import type { Terminal, TerminalState } from "../terminal_types";
import { judgeAct } from "./act";
import type { PushHub } from "./api";
import type { PushBrowser } from "./browser_push";
import type { PushAct, PushMessage } from "./messages";
import {
	NO_PUSH_STATE,
	type PushControl,
	type PushState,
	type PushTold,
	type PushWhy,
} from "./types";

/** A browser whose push service is not reached never says so, ms. */
export const SUBSCRIBE_MS = 10_000;
/** What failed is tried again with a new connection, at most so often, ms. */
const AGAIN_MS = 60_000;
/** A page that has just been opened waits so long for the hub, ms; and so long for word of the call. */
const HUB_WAIT_MS = 5_000;
export const CALL_WAIT_MS = 15_000;
/** How long the line stands that says what became of an act, ms. */
const TOLD_MS = 12_000;

export interface PushPort {
	terminal: Pick<Terminal, "subscribe" | "act" | "may">;
	browser: PushBrowser;
	hub: PushHub;
	/** For HTTP, the nurse's or the terminal's; null while there is none. */
	token(): string | null;
	/** Sends at the device document; false when it is not joined now. */
	send(message: PushMessage): boolean;
	/** Stateless frames of the hub at the device document. */
	onMessage(listener: (payload: string) => void): () => void;
	/** The device document was joined. */
	onJoined(listener: () => void): () => void;
	ticker: Ticker;
	/** ms, never back */
	monotonic(): number;
}

export class PdaPush implements PushControl {
	private readonly port: PushPort;
	private readonly runs = new Listeners<[PushState]>();
	private readonly stops: (() => void)[];
	private readonly probes = new ProbeWatch();
	private state: PushState = NO_PUSH_STATE;
	private terminal: TerminalState | null = null;
	private asked: { act: PushAct; calls: string[]; since: number } | null = null;
	private toldUntil = 0;
	private triedAt = Number.NEGATIVE_INFINITY;
	private trying: Promise<void> | null = null;
	/** language the hub was told; null when it knows no subscription of this page */
	private language: "zh" | "en" | null = null;

	constructor(port: PushPort) {
		this.port = port;
		const { browser } = port;
		this.stops = [
			port.onMessage((payload) => this.heard(payload)),
			port.onJoined(() => this.joined()),
			browser.onVisible(() => this.sight()),
			browser.onShown((id) => this.shown(id)),
			browser.onChanged(() => void this.subscribeAgain()),
			port.ticker.onTick(() => this.tick()),
			port.terminal.subscribe((state) => this.look(state)),
			browser.onAct((asked) => this.ask(asked)),
		];
		this.sight();
	}

	subscribe(run: (state: PushState) => void): () => void {
		run(this.state);
		return this.runs.add(run);
	}

	async allow(): Promise<void> {
		await this.trying;
		await this.try(true);
	}

	dismiss(): void {
		this.set({ told: null });
	}

	close(): void {
		for (const stop of this.stops.splice(0)) stop();
	}

	/** The hub has let go of this terminal, or it was given another place: nothing more is to come here. */
	private async leave(): Promise<void> {
		this.language = null;
		this.set({ phase: "off", why: null });
		const token = this.port.token();
		if (token !== null) await this.port.hub.remove(token).catch(() => {});
		await this.port.browser.unsubscribe();
		await this.port.browser.closeAll();
	}

	private look(state: TerminalState): void {
		const before = this.terminal;
		this.terminal = state;
		if (state.phase === "revoked" && before?.phase !== "revoked") {
			void this.leave().catch(failed);
		}
		const came = state.session !== null && before?.session?.staff !== state.session.staff;
		// Signing in is a touch: browsers let a page ask then.
		if (came && before !== null) void this.try(true);
		else if (this.language !== null && this.language !== state.language) void this.subscribeAgain();
		this.carryOut();
	}

	private joined(): void {
		this.port.send({ t: "visible", on: this.port.browser.visible() });
		const due = this.port.monotonic() - this.triedAt >= AGAIN_MS;
		// Also what is on: the hub may have dropped it meanwhile.
		if (this.state.phase === "off" || due) void this.try(false);
	}

	/** The page was opened before the person's eyes, or put away. */
	private sight(): void {
		const visible = this.port.browser.visible();
		this.port.send({ t: "visible", on: visible });
		// What stands on the screen need not stand beside it.
		if (!visible) return;
		void this.port.browser.closeAll().catch(failed);
		// Back from the phone's settings, perhaps.
		const forbidden = this.state.why === "denied" || this.state.why === "not_asked";
		if (forbidden && this.port.browser.permission() === "granted") void this.try(false);
	}

	private shown(id: string): void {
		this.port.send({ t: "push_seen", id });
		if (this.port.browser.visible()) void this.port.browser.closeAll().catch(failed);
	}

	private heard(payload: string): void {
		// Answered by the device (core/fleet/device.ts); here it is only seen that it came.
		if (/"t":\s*"probe"/.test(payload)) this.probes.probed(this.port.monotonic());
	}

	private tick(): void {
		const { terminal } = this;
		const self = terminal?.self ?? null;
		if (terminal === null || self === null) return;
		const expected =
			terminal.phase === "ready" &&
			terminal.layer === 1 &&
			onDuty(terminal.directory, self.terminal, terminal.now);
		const now = this.port.monotonic();
		const silent = this.probes.look(expected, now);
		if (silent === null) this.set({ silentSince: null });
		else if (this.state.silentSince === null) this.set({ silentSince: terminal.now - silent });
		if (this.state.told !== null && now >= this.toldUntil) this.set({ told: null });
		this.carryOut();
	}

	// Acts asked for in a notification

	private ask(asked: { act: PushAct; calls: string[] }): void {
		this.asked = { ...asked, since: this.port.monotonic() };
		this.carryOut();
	}

	private carryOut(): void {
		const { asked, terminal } = this;
		if (asked === null || terminal === null || terminal.self === null) return;
		if (terminal.phase !== "ready") return;
		const waited = this.port.monotonic() - asked.since;
		// A copy from the disk may be old: the hub knows better, if it is there.
		if (terminal.layer !== 1 && waited < HUB_WAIT_MS) return;
		const { may } = this.port.terminal;
		const verdict = judgeAct(asked, terminal.board, terminal.self.terminal, (act, row) =>
			may.call(this.port.terminal, act, row),
		);
		if (verdict.do === "wait") {
			// Calls that are over leave the ward's documents after ten minutes.
			if (waited >= CALL_WAIT_MS) this.tell({ outcome: "over", act: asked.act, by: null });
			return;
		}
		if (verdict.do === "tell") {
			this.tell(asked.act === "open" && verdict.told.outcome === "done" ? null : verdict.told);
			return;
		}
		this.asked = null;
		this.port.terminal.act(verdict.act, verdict.row).then(
			() => this.tell({ outcome: "done", act: verdict.act, by: null }),
			() => this.tell({ outcome: "failed", act: verdict.act, by: null }),
		);
	}

	private tell(told: PushTold | null): void {
		this.asked = null;
		this.toldUntil = this.port.monotonic() + TOLD_MS;
		this.set({ told });
	}

	// Subscription

	private subscribeAgain(): Promise<void> {
		this.language = null;
		return this.try(false);
	}

	/** One try at a time. */
	private try(ask: boolean): Promise<void> {
		this.trying ??= this.attempt(ask)
			.then((why) => this.set(why === null ? { phase: "on", why } : { phase: "unavailable", why }))
			.catch(failed)
			.finally(() => {
				this.trying = null;
			});
		return this.trying;
	}

	/** Null when the hub has a subscription of this phone; else why not. */
	private async attempt(ask: boolean): Promise<PushWhy | null> {
		const { browser, hub, port } = { ...this.port, port: this.port };
		if (!browser.able) return "no_worker";
		this.triedAt = port.monotonic();
		let permission = browser.permission();
		if (permission === "default" && ask) permission = await browser.ask();
		if (permission !== "granted") return permission === "denied" ? "denied" : "not_asked";
		const token = port.token();
		const language = this.terminal?.language ?? "zh";
		if (token === null) return "hub";
		if (this.state.phase !== "on") this.set({ phase: "asking", why: null });
		let key: string;
		try {
			key = await hub.key(token);
		} catch {
			return "hub";
		}
		const subscribed = await within(SUBSCRIBE_MS, browser.subscribe(key)).catch(() => null);
		if (subscribed === null) return "no_service";
		try {
			await hub.put(token, subscribed, language);
		} catch (error) {
			return error instanceof ApiError && error.status === 422 ? "refused" : "hub";
		}
		this.language = language;
		return null;
	}

	private set(part: Partial<PushState>): void {
		const after = { ...this.state, ...part };
		if (JSON.stringify(after) === JSON.stringify(this.state)) return;
		this.state = after;
		this.runs.emit(after);
	}
}

/** Rejects when the promise has not settled in time; the promise itself cannot be stopped. */
function within<T>(ms: number, promise: Promise<T>): Promise<T> {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => reject(new Error("no answer in time")), ms);
		promise.then(resolve, reject).finally(() => clearTimeout(timer));
	});
}

function failed(error: unknown): void {
	console.warn("push:", error);
}
