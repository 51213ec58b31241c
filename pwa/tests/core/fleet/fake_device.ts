/** A device without a page: a shell, a hub and a clock made by hand. */
import { Device, type DevicePort } from "../../../src/core/fleet/device";
import type { DeviceMessage } from "../../../src/core/fleet/types";
import { Listeners } from "../../../src/core/links/link";
import * as names from "../../../src/core/protocol/names";
import { type DeviceShell, ShellEvents } from "../../../src/core/shell/device_shell";
import type { TerminalState } from "../../../src/core/terminal_types";
import { type FakeTerminal, fakeTerminal } from "../../../src/fixture/terminal";
import { WARD } from "../../../src/fixture/ward";

export const BUILD = "00000000000000aa";

/** What was done to the shell, oldest first: `screen off`, `volume 20`. */
export class FakeShell {
	readonly did: string[] = [];
	readonly events = new ShellEvents();
	on = true;
	readonly shell: DeviceShell;

	constructor(can: DeviceShell["can"] = new Set(["restart", "volume", "brightness", "screen"])) {
		const { did } = this;
		this.shell = {
			name: "browser",
			panel: null,
			can,
			...this.events.subscriptions(),
			setLamp() {},
			setNightLight() {},
			setBrightness() {},
			limitBrightness: (percent) => void did.push(`brightness ${percent}`),
			setVolume: (percent) => void did.push(`volume ${percent}`),
			setScreen: (on) => {
				this.on = on;
				did.push(`screen ${on ? "on" : "off"}`);
			},
			screenOn: () => this.on,
			restart: () => void did.push("restart"),
			alive() {},
			device: () => ({ mac: "00:11:22:33:44:55", serial: null, model: "测试 1" }),
		};
	}

	/** What was done since the last question. */
	news(): string[] {
		return this.did.splice(0);
	}
}

export interface FakeDevice {
	device: Device;
	shell: FakeShell;
	terminal: FakeTerminal;
	sent: DeviceMessage[];
	/** what a start finds */
	disk: Map<string, unknown>;
	/** hub and monotonic time, ms */
	now: number;
	online: boolean;
	alarm: boolean;
	app: { wishes: (string | null)[]; looked: (string | null)[]; fails: boolean };
	live: string[];
	identified: number[];
	hear(message: unknown): Promise<void>;
	joined(): void;
	touch(): void;
	/** The hub writes a root of the document. */
	write(root: "wish" | "schedules" | "zone", values: Record<string, unknown>): void;
	/** `ms` go by in beats of a second, long times in beats of ten. */
	pass(ms: number): Promise<void>;
	set(part: Partial<TerminalState>): void;
}

const rest = async (): Promise<void> => {
	for (let round = 0; round < 10; round++) await Promise.resolve();
};

export async function openFake(
	now: number,
	{
		kind = "station" as const,
		terminal: id = "station-main",
		disk = new Map<string, unknown>(),
		can = undefined as DeviceShell["can"] | undefined,
		wish = {} as Record<string, unknown>,
		schedules = {} as Record<string, unknown>,
	}: {
		kind?: "station" | "bedside" | "door" | "pda" | "corridor";
		terminal?: string;
		disk?: Map<string, unknown>;
		can?: DeviceShell["can"];
		wish?: Record<string, unknown>;
		schedules?: Record<string, unknown>;
	} = {},
): Promise<FakeDevice> {
	const shell = new FakeShell(can);
	const terminal = fakeTerminal({ kind, terminal: id });
	const name = names.device(WARD, id);
	terminal.fill(name, "wish", wish);
	terminal.fill(name, "schedules", schedules);
	const messages = new Listeners<[string]>();
	const joins = new Listeners<[]>();
	const touches = new Listeners<[]>();
	const ticks = new Listeners<[]>();
	const fake = {
		shell,
		terminal,
		sent: [] as DeviceMessage[],
		disk,
		now,
		online: true,
		alarm: false,
		app: { wishes: [] as (string | null)[], looked: [] as (string | null)[], fails: false },
		live: [] as string[],
		identified: [] as number[],
	};
	const port: DevicePort = {
		shell: shell.shell,
		document: terminal.document(name),
		state: terminal,
		send(message) {
			if (fake.online) fake.sent.push(message);
			return fake.online;
		},
		onMessage: (listener) => messages.add(listener),
		onJoined: (listener) => joins.add(listener),
		onTouch: (listener) => touches.add(listener),
		clock: { now: () => fake.now, kind: () => "hub", roundTrip: 3.4 },
		wall: () => fake.now + 1_500,
		monotonic: () => fake.now,
		ticker: { onTick: (listener) => ticks.add(listener) },
		alarm: () => fake.alarm,
		store: {
			meta: async <T>(key: string) => (disk.get(key) ?? null) as T | null,
			putMeta: async (key, value) => void disk.set(key, structuredClone(value)),
		},
		app: {
			build: BUILD,
			wish: (release) => void fake.app.wishes.push(release),
			look: async (retry) => {
				fake.app.looked.push(retry);
				if (fake.app.fails) throw new Error("no hub");
				return "done";
			},
		},
		live: {
			active: false,
			start: (session, who, clinical) => void fake.live.push(`start ${session} ${who} ${clinical}`),
			stop: (session) => void fake.live.push(`stop ${session}`),
			close: () => void fake.live.push("close"),
		},
		identify: (ms) => void fake.identified.push(ms),
		browser: "Chrome 156",
		version: "1.0.0",
		hung: async () => 2,
		failed(error) {
			throw error;
		},
	};
	const device = new Device(port);
	await rest();
	return Object.assign(fake, {
		device,
		hear: async (message: unknown) => {
			messages.emit(typeof message === "string" ? message : JSON.stringify(message));
			await rest();
		},
		joined: () => joins.emit(),
		touch: () => touches.emit(),
		write(root: string, values: Record<string, unknown>) {
			terminal.fill(name, root, values);
		},
		async pass(ms: number) {
			const until = fake.now + ms;
			while (fake.now < until) {
				fake.now = Math.min(until, fake.now + (ms > 600_000 ? 10_000 : 1_000));
				terminal.set({ now: fake.now });
				ticks.emit();
			}
			await rest();
		},
		set: (part: Partial<TerminalState>) => terminal.set(part),
	});
}
