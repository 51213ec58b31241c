/**
 * Simulated hardware (`?shell=simulator`): the panel in its exact size, and below it a strip with the keys,
 * the pull cord and the lamp that a real terminal has. The page learns of them through shell events only.
 */
import type { TerminalKind } from "../calls/types";
import { dim, type Loudness, listenToPage } from "./browser";
import { BrightnessLimit, type DeviceShell, type ShellEvent, ShellEvents } from "./device_shell";
import { screenCover } from "./screen_cover";

interface Panel {
	width: number;
	height: number;
	/** height of the strip below */
	strip: number;
	/** `back`: what a second push tells; the key stays in until then */
	keys: { id: string; text: string; event: ShellEvent; back?: ShellEvent }[];
}

const key = (id: "call" | "cancel" | "dressing" | "light" | "attend", text: string) => ({
	id,
	text,
	event: { event: "key", key: id } satisfies ShellEvent,
});
const input = (id: string, text: string, state: "open" | "closed" | "fault") => ({
	id,
	text,
	event: { event: "input", input: "bathroom", state } satisfies ShellEvent,
});

/** A plug or the mains: the same key takes it away and gives it back, as a switch does. */
const plug = (id: string, text: string, off: ShellEvent, on: ShellEvent) => ({
	id,
	text,
	event: off,
	back: on,
});
const HANDSET = plug(
	"handset",
	"手柄插头",
	{ event: "unplug", part: "handset", plugged: false },
	{ event: "unplug", part: "handset", plugged: true },
);
const INPUT = plug(
	"plug",
	"拉绳插头",
	{ event: "unplug", part: "input", plugged: false },
	{ event: "unplug", part: "input", plugged: true },
);
const POWER = plug(
	"power",
	"市电",
	{ event: "power", source: "battery" },
	{ event: "power", source: "mains" },
);

/** Panels that have hardware of their own; others are drawn as the window gives. */
const PANELS: Partial<Record<TerminalKind, Panel>> = {
	bedside: {
		width: 1024,
		height: 600,
		strip: 84,
		keys: [
			key("call", "呼叫"),
			key("cancel", "取消"),
			key("dressing", "换药"),
			key("light", "照明"),
			HANDSET,
			POWER,
		],
	},
	door: {
		width: 1080,
		height: 1920,
		strip: 130,
		keys: [
			input("cord", "拉绳", "closed"),
			input("reset", "复位", "open"),
			input("broken", "线路断开", "fault"),
			key("attend", "到位"),
			INPUT,
			POWER,
		],
	},
};

const STYLE = `
html, body { width: auto; min-height: 100%; }
#app { position: relative; width: var(--panel-width); height: var(--panel-height) !important; overflow: hidden; }
.simulator { box-sizing: border-box; display: flex; align-items: center; gap: .5em; width: var(--panel-width); height: var(--strip);
	padding: 0 .8em; background: #2b2f33; color: #e8edf1; font-size: min(calc(var(--strip) * .26), 24px); border-top: 4px solid #101214; }
.simulator small { opacity: .75; white-space: nowrap; }
.simulator button { min-width: 3.4em; height: calc(var(--strip) * .62); padding: 0 .5em; border: 0; border-radius: .5em; font-size: 1em;
	font-weight: 700; background: #d8dee3; color: #14181b; box-shadow: 0 .16em 0 #868e95; cursor: pointer; white-space: nowrap; }
.simulator button:active { transform: translateY(.12em); box-shadow: none; }
.simulator button[aria-pressed="true"] { background: #c23b3b; color: #fff; transform: translateY(.12em); box-shadow: none; }
.simulator output { white-space: pre-line; font-size: .62em; line-height: 1.25; flex: none; font-variant-numeric: tabular-nums; }
.simulator .lamp { width: calc(var(--strip) * .5); height: calc(var(--strip) * .5); border-radius: 50%; background: #14181b;
	border: 3px solid #6c757c; margin-left: auto; flex: none; }
.simulator .night { width: calc(var(--strip) * .34); height: calc(var(--strip) * .34); border-radius: 50%; background: #14181b; flex: none; }
.simulator .night.on { background: #ffe6a8; box-shadow: 0 0 .8em #ffe6a8; }
`;
const COLOURS = { red: "#ff1f3d", green: "#2fd06a", white: "#ffffff" } as const;

export function simulatorShell(
	page: Window,
	kind: TerminalKind,
	loudness: Loudness | null = null,
): DeviceShell {
	const events = new ShellEvents();
	listenToPage(page, events);
	const panel = PANELS[kind];
	const drawn = panel === undefined ? null : draw(page.document, panel, events);
	let blinking: Animation | null = null;
	const cover = screenCover(page.document);
	let volume = 100;
	let bright = 100;
	const show = () => {
		if (drawn === null) return;
		const screen = cover.screenOn() ? "亮" : "灭";
		drawn.levels.textContent = `音量 ${volume}\n亮度 ${bright}\n屏幕 ${screen}`;
	};
	const brightness = new BrightnessLimit((percent) => {
		bright = percent;
		dim(page.document, percent);
		show();
	});
	show();
	return {
		name: "simulator",
		panel: panel === undefined ? null : { width: panel.width, height: panel.height + panel.strip },
		can: new Set(["lamp", "night-light", "brightness", "volume", "screen", "restart"]),
		...events.subscriptions(),
		setLamp(colour, rhythm) {
			if (drawn === null) return;
			blinking?.cancel();
			blinking = null;
			const { lamp } = drawn;
			lamp.dataset.colour = colour ?? "dark";
			lamp.dataset.rhythm = rhythm === null ? "" : rhythm.join("/");
			lamp.style.background = colour === null ? "" : COLOURS[colour];
			lamp.style.boxShadow = colour === null ? "" : `0 0 1em ${COLOURS[colour]}`;
			if (colour === null || rhythm === null || rhythm[1] === 0) return;
			const [on, off] = rhythm;
			const lit = on / (on + off);
			// a lamp is on or off: two steps, no fading
			blinking = lamp.animate(
				[
					{ opacity: 1, offset: 0, easing: "steps(1, end)" },
					{ opacity: 0.12, offset: lit, easing: "steps(1, end)" },
					{ opacity: 0.12, offset: 1 },
				],
				{ duration: on + off, iterations: Number.POSITIVE_INFINITY },
			);
		},
		setNightLight(on) {
			drawn?.night.classList.toggle("on", on);
		},
		setBrightness: (percent) => brightness.setBrightness(percent),
		limitBrightness: (percent) => brightness.limitBrightness(percent),
		setVolume(percent) {
			volume = percent;
			loudness?.setVolume(percent);
			show();
		},
		setScreen(on) {
			cover.setScreen(on);
			show();
		},
		screenOn: () => cover.screenOn(),
		alive() {},
		restart: () => page.location.reload(),
		device: () => ({ mac: "02:00:00:00:00:00", serial: `SIM-${kind}`, model: "simulator" }),
	};
}

function draw(document: Document, panel: Panel, events: ShellEvents) {
	const root = document.documentElement;
	root.style.setProperty("--panel-width", `${panel.width}px`);
	root.style.setProperty("--panel-height", `${panel.height}px`);
	root.style.setProperty("--strip", `${panel.strip}px`);
	const style = document.createElement("style");
	style.textContent = STYLE;
	document.head.append(style);
	const strip = document.createElement("div");
	strip.className = "simulator";
	strip.dataset.testid = "sim-strip";
	strip.lang = "zh-CN";
	const title = document.createElement("small");
	title.textContent = "模拟硬件";
	strip.append(title);
	for (const { id, text, event, back } of panel.keys) {
		const button = document.createElement("button");
		button.type = "button";
		button.dataset.hardware = id;
		button.textContent = text;
		if (back !== undefined) button.setAttribute("aria-pressed", "false");
		button.addEventListener("click", () => {
			const out = button.getAttribute("aria-pressed") === "true";
			if (back !== undefined) button.setAttribute("aria-pressed", String(!out));
			events.emit(out && back !== undefined ? back : event);
		});
		strip.append(button);
	}
	const lamp = document.createElement("i");
	lamp.className = "lamp";
	lamp.dataset.colour = "dark";
	lamp.dataset.rhythm = "";
	const night = document.createElement("i");
	night.className = "night";
	const levels = document.createElement("output");
	levels.dataset.hardware = "levels";
	strip.append(levels, lamp, night);
	document.body.append(strip);
	return { lamp, night, levels };
}
