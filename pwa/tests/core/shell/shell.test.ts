// @vitest-environment happy-dom
/** docs/shell.md: what comes in from hardware, and what goes out to it, in each shell. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { browserShell } from "../../../src/core/shell/browser";
import { readShellEvent } from "../../../src/core/shell/device_shell";
import { ACTION, BROADCASTS, type Fully, fullyShell } from "../../../src/core/shell/fully";
import { openShell } from "../../../src/core/shell/shell";
import { simulatorShell } from "../../../src/core/shell/simulator";

const send = (detail: unknown) =>
	window.dispatchEvent(new CustomEvent("wardline-shell", { detail }));
const press = (code: string, repeat = false) =>
	window.dispatchEvent(new KeyboardEvent("keydown", { code, repeat }));

describe("readShellEvent", () => {
	it("takes what the contract names and nothing else", () => {
		expect(readShellEvent({ event: "key", key: "call" })).toEqual({ event: "key", key: "call" });
		expect(readShellEvent({ event: "input", input: "bathroom", state: "fault" })).not.toBeNull();
		expect(readShellEvent({ event: "unplug", part: "handset", plugged: false })).not.toBeNull();
		expect(readShellEvent({ event: "power", source: "battery" })).not.toBeNull();
		expect(readShellEvent({ event: "hook", lifted: true })).toEqual({
			event: "hook",
			lifted: true,
		});
		for (const wrong of [
			null,
			"key",
			{},
			{ event: "key", key: "volume" },
			{ event: "input", input: "kitchen", state: "open" },
			{ event: "input", input: "bathroom", state: "half" },
			{ event: "unplug", part: "handset" },
			{ event: "hook", lifted: 1 },
			{ event: "power", source: "sun" },
		]) {
			expect(readShellEvent(wrong)).toBeNull();
		}
	});
});

describe("a plain browser", () => {
	it("tells keys of a keyboard once however long they are held", () => {
		const heard: string[] = [];
		const stop = browserShell(window).onKey((key) => heard.push(key));
		press("F1");
		press("F1", true);
		press("F3");
		press("KeyA");
		stop();
		press("F2");
		expect(heard).toEqual(["call", "dressing"]);
	});

	it("takes the events any kiosk app may send", () => {
		const shell = browserShell(window);
		const heard: unknown[] = [];
		shell.onInput((...told) => heard.push(told));
		shell.onUnplug((...told) => heard.push(told));
		shell.onPower((told) => heard.push(told));
		shell.onHook((told) => heard.push(told));
		send({ event: "input", input: "bathroom", state: "closed" });
		send({ event: "unplug", part: "input", plugged: false });
		send({ event: "power", source: "mains" });
		send({ event: "hook", lifted: true });
		send({ event: "nonsense" });
		expect(heard).toEqual([["bathroom", "closed"], ["input", false], "mains", true]);
	});
});

describe("a plain browser's levels", () => {
	it("covers all in black for a screen that is off; volume is the tones'", () => {
		const loudness = { setVolume: vi.fn() };
		const shell = browserShell(window, loudness);
		expect([...shell.can].sort()).toEqual(["brightness", "restart", "screen", "volume"]);
		expect([...browserShell(window).can]).not.toContain("volume");
		shell.setScreen(false);
		shell.setScreen(false);
		expect(document.querySelectorAll('[data-testid="screen-off"]')).toHaveLength(1);
		expect(shell.screenOn()).toBe(false);
		shell.setScreen(true);
		expect(document.querySelector('[data-testid="screen-off"]')).toBeNull();
		shell.setVolume(30);
		expect(loudness.setVolume).toHaveBeenCalledWith(30);
	});
});

describe("Fully Kiosk Browser", () => {
	const scripts = new Map<string, string>();
	const fully = {
		bind: vi.fn((event: string, script: string) => void scripts.set(event, script)),
		registerBroadcastReceiver: vi.fn(),
		broadcastIntent: vi.fn(),
		setScreenBrightness: vi.fn(),
		setAudioVolume: vi.fn(),
		getMacAddress: vi.fn(() => "00:11:22:33:44:55"),
		getSerialNumber: vi.fn(() => ""),
		getDeviceModel: vi.fn(() => {
			throw new Error("not on this device");
		}),
		turnScreenOn: vi.fn(),
		turnScreenOff: vi.fn(),
		getScreenOn: vi.fn(() => true),
		isPlugged: vi.fn(() => true),
		restartApp: vi.fn(),
	} satisfies Fully;
	/** the interface runs the bound script with $action put in */
	const broadcast = (action: string) =>
		new Function((scripts.get("broadcastReceived") ?? "").replace("$action", action))();

	beforeEach(() => vi.clearAllMocks());

	it("turns the panel's broadcasts into keys and inputs", () => {
		const shell = fullyShell(window, fully);
		expect(fully.registerBroadcastReceiver).toHaveBeenCalledTimes(Object.keys(BROADCASTS).length);
		const heard: unknown[] = [];
		shell.onKey((key) => heard.push(key));
		shell.onInput((...told) => heard.push(told));
		shell.onUnplug((...told) => heard.push(told));
		shell.onHook((lifted) => heard.push(lifted));
		broadcast(`${ACTION}.KEY_CALL`);
		broadcast(`${ACTION}.BATHROOM_CLOSED`);
		broadcast(`${ACTION}.HANDSET_UNPLUGGED`);
		broadcast(`${ACTION}.HANDSET_LIFTED`);
		broadcast(`${ACTION}.HANDSET_HUNG_UP`);
		broadcast("com.example.OTHER");
		expect(heard).toEqual(["call", ["bathroom", "closed"], ["handset", false], true, false]);
	});

	it("sends lamp, brightness and volume in the device's units", () => {
		const shell = fullyShell(window, fully);
		shell.setLamp("red", [1000, 1000]);
		shell.setLamp(null, null);
		const sent = fully.broadcastIntent.mock.calls.map(([uri]) => String(uri));
		expect(sent[0]).toContain(`action=${ACTION}.LAMP;S.colour=red;i.on_ms=1000;i.off_ms=1000;end`);
		expect(sent[1]).toContain("S.colour=dark");
		shell.setBrightness(50);
		expect(fully.setScreenBrightness).toHaveBeenCalledWith(128);
		shell.setVolume(140);
		expect(fully.setAudioVolume).toHaveBeenCalledWith(100, 3);
	});

	it("dims a screen's brightness by what the back office wishes", () => {
		const shell = fullyShell(window, fully);
		shell.setBrightness(80);
		shell.limitBrightness(50);
		expect(fully.setScreenBrightness).toHaveBeenLastCalledWith(102);
		shell.setBrightness(10);
		expect(fully.setScreenBrightness).toHaveBeenLastCalledWith(13);
		shell.limitBrightness(null);
		expect(fully.setScreenBrightness).toHaveBeenLastCalledWith(26);
	});

	it("turns the screen off and on, and hears of its own key", () => {
		const shell = fullyShell(window, fully);
		const heard = vi.fn();
		shell.onScreenOn(heard);
		shell.setScreen(false);
		expect(fully.turnScreenOff).toHaveBeenCalledTimes(1);
		shell.setScreen(true);
		expect(fully.turnScreenOn).toHaveBeenCalledTimes(1);
		fully.getScreenOn.mockReturnValueOnce(false);
		expect(shell.screenOn()).toBe(false);
		new Function(scripts.get("screenOn") ?? "")();
		expect(heard).toHaveBeenCalledTimes(1);
	});

	it("says each five beats that the page is well", () => {
		const shell = fullyShell(window, fully);
		for (let beat = 0; beat < 11; beat++) shell.alive();
		const signs = fully.broadcastIntent.mock.calls.filter(([uri]) => String(uri).includes("ALIVE"));
		expect(signs).toHaveLength(3);
	});

	it("says what it does not know as null", () => {
		const device = fullyShell(window, fully).device();
		expect(device).toEqual({ mac: "00:11:22:33:44:55", serial: null, model: null });
	});

	it("is chosen when its interface is there", () => {
		Object.assign(window, { fully });
		expect(openShell("door").name).toBe("fully");
		Reflect.deleteProperty(window, "fully");
		expect(openShell("door").name).toBe("browser");
	});
});

describe("the simulator", () => {
	beforeEach(() => {
		document.body.innerHTML = '<div id="app"></div>';
		Element.prototype.animate = vi.fn(() => ({ cancel: vi.fn() }) as unknown as Animation);
	});
	afterEach(() => {
		document.body.innerHTML = "";
	});
	const hardware = (id: string) =>
		document.querySelector<HTMLButtonElement>(`[data-hardware="${id}"]`)?.click();

	it("has the bedside's handle, and tells its keys as shell events only", () => {
		const shell = simulatorShell(window, "bedside");
		expect(shell.panel).toEqual({ width: 1024, height: 684 });
		const heard: unknown[] = [];
		shell.onKey((key) => heard.push(key));
		for (const id of ["call", "cancel", "dressing", "light"]) hardware(id);
		expect(heard).toEqual(["call", "cancel", "dressing", "light"]);
	});

	it("has the door's cord, its reset and a broken line", () => {
		const shell = simulatorShell(window, "door");
		const heard: unknown[] = [];
		shell.onInput((...told) => heard.push(told));
		for (const id of ["cord", "reset", "broken"]) hardware(id);
		expect(heard).toEqual([
			["bathroom", "closed"],
			["bathroom", "open"],
			["bathroom", "fault"],
		]);
	});

	it("shows the lamp with colour and rhythm", () => {
		const shell = simulatorShell(window, "door");
		const lamp = document.querySelector<HTMLElement>(".simulator .lamp");
		shell.setLamp("red", [300, 300]);
		expect(lamp?.dataset).toMatchObject({ colour: "red", rhythm: "300/300" });
		expect(lamp?.animate).toHaveBeenCalledWith(
			expect.anything(),
			expect.objectContaining({ duration: 600 }),
		);
		shell.setLamp("green", [1000, 0]);
		expect(lamp?.animate).toHaveBeenCalledTimes(1);
		shell.setLamp(null, null);
		expect(lamp?.dataset.colour).toBe("dark");
	});

	it("has plugs that go in again by the same key, and shows the levels", () => {
		const shell = simulatorShell(window, "bedside");
		const heard: unknown[] = [];
		shell.onUnplug((...told) => heard.push(told));
		shell.onPower((told) => heard.push(told));
		for (const id of ["handset", "handset", "power", "power"]) hardware(id);
		expect(heard).toEqual([["handset", false], ["handset", true], "battery", "mains"]);
		shell.setVolume(40);
		shell.setScreen(false);
		const levels = document.querySelector('[data-hardware="levels"]')?.textContent;
		expect(levels).toBe("音量 40\n亮度 100\n屏幕 灭");
		shell.setScreen(true);
	});

	it("draws no hardware for terminals that have none", () => {
		const shell = simulatorShell(window, "corridor");
		expect(shell.panel).toBeNull();
		expect(document.querySelector(".simulator")).toBeNull();
	});
});
