/**
 * The device this terminal runs on, as the back office sees it (DEV-02, 05, 06, 07): carries out wishes and schedules,
 * answers commands, reports. A call is always above it: a screen lights, a tone stays loud, a restart waits or is refused.
 */
import { type AppUpdate, isIdle } from "../app_update";
import type { Ticker } from "../links/link";
import type { DeviceShell } from "../shell/device_shell";
import { LEAST_ALARM_PERCENT } from "../sound/sounder";
import type { DocumentView, Readable, TerminalState } from "../terminal_types";
import { FIRST_LEVELS, type KeptLevels, scheduled, wished } from "./levels";
import { readCommand, readDevice } from "./read";
import type { DeviceCommand, DeviceDocument, DeviceMessage, DeviceReport, Outcome } from "./types";
import { mayRestart, mustBeSeen } from "./waking";

const REPORT_MS = 60_000;
/** Reports of changes keep this distance. */
const REPORT_GAP_MS = 1_000;
/** An offset that moves by less is no change. */
const OFFSET_STEP_MS = 200;
/** A screen stays lit so long after the last touch, or after what lit it is over. */
const LIT_MS = 30_000;
const IDENTIFY_MS = 10_000;
/** A scheduled restart waits for an open call this long; then it is let go. */
const RESTART_WAIT_MS = 60 * 60_000;
/** A restart that was due before this page ran is not made good: the start was one. */
const RESTART_FRESH_MS = 90_000;
/** A quieter device is a muted one: it is told like one, on the screen and to the ward (A11). */
const AUDIBLE_PERCENT = 10;
/** Time for an answer to leave before the page goes, ms. */
const ANSWER_MS = 250;
const REMEMBERED = 32;
const KEPT = "device";
const KEPT_DONE = "deviceDone";

/** Who looks at the screen from afar (core/fleet/live.ts). */
export interface LiveViews {
	readonly active: boolean;
	start(id: string, who: string, clinical: boolean): void;
	stop(id: string): void;
	close(): void;
}

export interface DevicePort {
	shell: DeviceShell;
	/** of names.device(ward, terminal) */
	document: Readable<DocumentView>;
	/** the terminal's own state, told on each change */
	state: Readable<TerminalState>;
	/** Sends at the device document; false when it is not joined now. */
	send(message: DeviceMessage): boolean;
	/** Stateless frames of the hub at the device document. */
	onMessage(listener: (payload: string) => void): () => void;
	/** The device document was joined. */
	onJoined(listener: () => void): () => void;
	/** A hand touched the screen or a key. */
	onTouch(listener: () => void): () => void;
	clock: { now(): number; kind(): "hub" | "own"; readonly roundTrip: number | null };
	/** ms since the epoch, of the device */
	wall(): number;
	/** ms, never back */
	monotonic(): number;
	ticker: Ticker;
	/** An urgent or code call sounds here now. */
	alarm(): boolean;
	store: {
		meta<T>(key: string): Promise<T | null>;
		putMeta(key: string, value: unknown, strict?: boolean): Promise<void>;
	};
	app: AppUpdate;
	live: LiveViews;
	/** Shows which device it is for so long, ms. */
	identify(ms: number): void;
	/** browser's name and version */
	browser: string;
	version: string;
	/** how often this page recovered from hanging */
	hung(): Promise<number>;
	failed(error: unknown): void;
}

export class Device {
	private readonly port: DevicePort;
	private readonly stops: (() => void)[] = [];
	private document: DeviceDocument | null = null;
	private state: TerminalState | null = null;
	private levels: KeptLevels = FIRST_LEVELS;
	private hung = 0;
	/** Ids of commands carried out, and what came of them; those of restarts outlive the page. */
	private done = new Map<string, Outcome>();
	private seenUntil = Number.NEGATIVE_INFINITY;
	private readonly startedAt: number;
	private restartBy: number | null = null;
	private readonly applied: { volume?: number; brightness?: number | null; screen?: boolean } = {};
	private reported = "";
	private reportedOffset: number | null = null;
	private reportedAt = Number.NEGATIVE_INFINITY;
	private ready = false;
	private closed = false;
	/** The hub's last probe over the open socket, hub ms (A14). */
	probedAt: number | null = null;

	constructor(port: DevicePort) {
		this.port = port;
		this.startedAt = port.clock.now();
		void this.start().catch(port.failed);
	}

	/** Whether routine calls cannot be heard here, for the volume that was set. */
	get silent(): boolean {
		const { volume } = this.levels;
		return volume !== null && volume < AUDIBLE_PERCENT && this.port.shell.can.has("volume");
	}

	close(): void {
		this.closed = true;
		this.port.live.close();
		for (const stop of this.stops.splice(0)) stop();
	}

	private async start(): Promise<void> {
		const { port } = this;
		const [kept, done, hung] = await Promise.all([
			port.store.meta<KeptLevels>(KEPT),
			port.store.meta<[string, Outcome][]>(KEPT_DONE),
			port.hung(),
		]);
		if (this.closed) return;
		this.levels = { ...FIRST_LEVELS, ...kept };
		this.done = new Map(done ?? []);
		this.hung = hung;
		this.ready = true;
		this.stops.push(
			port.document.subscribe((view) => this.read(view)),
			port.state.subscribe((state) => {
				this.state = state;
				this.apply();
			}),
			port.onMessage((payload) => this.heard(payload)),
			port.onJoined(() => this.report(true)),
			port.onTouch(() => this.light()),
			port.shell.onScreenOn(() => this.light()),
			port.ticker.onTick(() => this.tick()),
		);
		this.tick();
	}

	private read(view: DocumentView): void {
		// An empty copy says nothing: only what the hub or the disk has is a wish.
		if (!view.loaded) return;
		this.document = readDevice(view.doc);
		this.keep(wished(this.levels, this.document.wish));
		this.port.app.wish(this.document.wish.release);
		this.apply();
		this.report();
	}

	private tick(): void {
		const { clock } = this.port;
		if (this.document !== null) {
			const now = clock.now();
			const { levels, restarts } = scheduled(this.levels, this.document, now);
			this.keep(levels);
			if (restarts.some(({ at }) => at >= this.startedAt && now - at < RESTART_FRESH_MS)) {
				this.restartBy = now + RESTART_WAIT_MS;
			}
			this.restartIfDue(now);
		}
		this.apply();
		const due = this.port.monotonic() - this.reportedAt >= REPORT_MS;
		this.report(due);
	}

	private restartIfDue(now: number): void {
		if (this.restartBy === null) return;
		if (now > this.restartBy) this.restartBy = null;
		else if (this.state !== null && mayRestart(this.state)) {
			this.restartBy = null;
			this.port.shell.restart();
		}
	}

	/** Writes levels that changed, and each minute until when schedules have been looked at. */
	private keep(next: KeptLevels): void {
		const before = this.levels;
		if (next === before) return;
		this.levels = next;
		const flat = (levels: KeptLevels) => JSON.stringify({ ...levels, until: null });
		this.port.store.putMeta(KEPT, next, flat(next) !== flat(before)).catch(this.port.failed);
	}

	/** A hand, or the screen's own key: lit for a while. */
	private light(): void {
		this.seenUntil = this.port.monotonic() + LIT_MS;
		this.apply();
	}

	/** Brings the device to what holds now; nothing is set twice. */
	private apply(): void {
		if (!this.ready) return;
		const { shell } = this.port;
		const { volume, brightness } = this.levels;
		const monotonic = this.port.monotonic();
		const seen = this.port.live.active || (this.state !== null && mustBeSeen(this.state));
		if (seen) this.seenUntil = monotonic + LIT_MS;
		const screen = this.levels.screen === "on" || monotonic < this.seenUntil;
		if (shell.can.has("screen") && this.applied.screen !== screen) {
			// On a start a screen that is on is left alone.
			if (this.applied.screen !== undefined || !screen || !shell.screenOn()) {
				shell.setScreen(screen);
			}
			this.applied.screen = screen;
			this.report();
		}
		if (shell.can.has("volume") && volume !== null) {
			const heard = this.port.alarm() ? Math.max(volume, LEAST_ALARM_PERCENT) : volume;
			if (this.applied.volume !== heard) shell.setVolume(heard);
			this.applied.volume = heard;
		}
		if (shell.can.has("brightness") && (this.applied.brightness ?? null) !== brightness) {
			shell.limitBrightness(brightness);
			this.applied.brightness = brightness;
		}
	}

	private heard(payload: string): void {
		const command = readCommand(payload);
		if (command === null) return;
		if (command.t === "probe") {
			this.probedAt = this.port.clock.now();
			this.port.send({ t: "probed", id: command.id });
		} else if (command.t === "live") {
			if (command.do === "start") this.port.live.start(command.id, command.who, command.clinical);
			else this.port.live.stop(command.id);
		} else void this.carryOut(command).catch(this.port.failed);
	}

	private async carryOut(command: Extract<DeviceCommand, { t: "do" }>): Promise<void> {
		const { id } = command;
		// Told again because an answer was lost: said again, not done again.
		const before = this.done.get(id);
		if (before !== undefined) {
			this.port.send({ t: "did", id, outcome: before });
			return;
		}
		const outcome = await this.doIt(command);
		this.done.set(id, outcome);
		for (const old of [...this.done.keys()].slice(0, -REMEMBERED)) this.done.delete(old);
		if (command.do === "restart" && outcome === "done") {
			// On the disk first: the page that starts must know that it has been done.
			await this.port.store.putMeta(KEPT_DONE, [...this.done]).catch(this.port.failed);
		}
		this.port.send({ t: "did", id, outcome });
		if (command.do === "restart" && outcome === "done") {
			setTimeout(() => this.port.shell.restart(), ANSWER_MS);
		}
	}

	private async doIt({ do: does }: Extract<DeviceCommand, { t: "do" }>): Promise<Outcome> {
		switch (does) {
			case "identify":
				this.light();
				this.port.identify(IDENTIFY_MS);
				return "done";
			case "restart":
				if (!this.port.shell.can.has("restart")) return "not_able";
				return this.state !== null && mayRestart(this.state) ? "done" : "in_call";
			case "update":
				try {
					const looked = await this.port.app.look(this.document?.wish.release ?? null);
					// It is fetched now and shown when nothing is open any more.
					return looked === "done" && this.state !== null && !isIdle(this.state)
						? "in_call"
						: looked;
				} catch (error) {
					console.warn("no new version could be fetched:", error);
					return "failed";
				}
		}
	}

	/** `now`: also when nothing changed. */
	private report(now = false): void {
		if (!this.ready) return;
		const report = this.reportNow();
		const { offset_ms, rtt_ms, ...rest } = report;
		const told = JSON.stringify(rest);
		const moved =
			(offset_ms === null) !== (this.reportedOffset === null) ||
			Math.abs((offset_ms ?? 0) - (this.reportedOffset ?? 0)) >= OFFSET_STEP_MS;
		const since = this.port.monotonic() - this.reportedAt;
		if (!now && ((told === this.reported && !moved) || since < REPORT_GAP_MS)) return;
		if (!this.port.send(report)) return;
		this.reported = told;
		this.reportedOffset = offset_ms;
		this.reportedAt = this.port.monotonic();
	}

	private reportNow(): DeviceReport {
		const { shell, clock, app, browser, version } = this.port;
		const trusted = clock.kind() === "hub";
		const { volume, brightness } = this.levels;
		return {
			t: "report",
			...identityOf(shell.device()),
			browser,
			version,
			build: app.build,
			can: [...shell.can].sort(),
			volume,
			brightness,
			screen: shell.screenOn() ? "on" : "off",
			offset_ms: trusted ? Math.round(this.port.wall() - clock.now()) : null,
			rtt_ms: clock.roundTrip === null ? null : Math.round(clock.roundTrip),
			hung: this.hung,
			started_at: Math.round(this.startedAt),
		};
	}
}

const MAC = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i;
const MAX_TEXT = 64;

/** What a device says of itself, in the bounds of a report. */
function identityOf({ mac, serial, model }: ReturnType<DeviceShell["device"]>) {
	const text = (value: string | null) =>
		value === null ? null : value.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, MAX_TEXT);
	return {
		mac: mac !== null && MAC.test(mac) ? mac : null,
		serial: text(serial),
		model: text(model),
	};
}

/** "Chrome 156" out of a user agent's long text. */
export function browserName(agent: string): string {
	const found = /(Firefox|Edg|Chrome|Version)\/(\d+)/.exec(
		agent.includes("Edg/") ? agent.replace("Chrome/", "") : agent,
	);
	if (found === null) return "?";
	const [, name, version] = found;
	return `${name === "Edg" ? "Edge" : name === "Version" ? "Safari" : name} ${version}`;
}
