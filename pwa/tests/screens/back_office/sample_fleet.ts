/** How the sample ward's devices are: most well, some with what one has to see at a glance. */
import type {
	CallPointLine,
	Held,
	Kind,
	Release,
	TerminalLine,
	TerminalValue,
	WardConfig,
} from "../../../src/screens/back_office/types";
import { HOUR, NOW } from "./sample_office";

export { NOW };
export const BASE = "0a1b2c3d4e5f6071";
export const NEWER = "5f60718293a4b5c6";

const MODELS: Record<Kind, string> = {
	bedside: "WB-107",
	door: "WD-115",
	corridor: "WC-129",
	station: "WS-110",
	whiteboard: "WW-165",
	pda: "Urovo DT50",
	call_point: "—",
};

type Slot = Held<TerminalValue> & { state: TerminalLine["state"] };

/** A slot's place and name as they are now, with what its device said. */
export function mergedLine(slot: Slot, line: TerminalLine | null): TerminalLine {
	const { ward, kind, profile, name, name_en, room, bed, state, id } = slot;
	const { serial, mac } = line ?? slot;
	return {
		...(line ?? silent(slot)),
		...{ id, ward, kind, profile, name, name_en, room, bed, state, serial, mac },
	};
}

function silent(slot: Slot): TerminalLine {
	return {
		...slot,
		seen: "never",
		last_heard_at: null,
		address: null,
		model: null,
		browser: null,
		version: null,
		build: null,
		wanted_build: null,
		offset_ms: null,
		rtt_ms: null,
		layer: null,
		sound: null,
		screen: null,
		volume: null,
		brightness: null,
		can: [],
		hung: 0,
		reachable: null,
	};
}

function well(slot: Slot, index: number): TerminalLine {
	const two = (n: number) => n.toString(16).padStart(2, "0").toUpperCase();
	return {
		...silent(slot),
		seen: "online",
		last_heard_at: NOW - 1_000,
		address: `10.20.${3 + Math.floor(index / 200)}.${20 + (index % 200)}`,
		mac: `00:1A:2B:3C:${two(Math.floor(index / 256))}:${two(index % 256)}`,
		serial: `WL26${String(10_001 + index)}`,
		model: MODELS[slot.kind],
		browser: "Chrome 141",
		version: "0.2.0",
		build: BASE,
		offset_ms: (index % 7) * 31 - 90,
		rtt_ms: 6 + (index % 9),
		layer: 1,
		sound: "ok",
		screen: "on",
		volume: 60,
		brightness: 80,
		can: slot.kind === "pda" ? ["volume"] : ["restart", "volume", "brightness", "screen"],
		reachable: slot.kind === "pda" ? true : null,
	};
}

const TROUBLES: Record<string, Partial<TerminalLine>> = {
	"bed-b03": { seen: "offline", last_heard_at: NOW - 2 * HOUR, layer: null, sound: null },
	"bed-b05": { offset_ms: 4_200 },
	"bed-b07": { seen: "delayed", rtt_ms: 2_400 },
	"bed-b09": { sound: "blocked" },
	"door-r04": { layer: 2 },
	"pda-03": { reachable: false },
};

export function sampleLines(config: WardConfig): TerminalLine[] {
	return config.terminals.map((slot, index) => ({
		...(slot.state === "planned" ? silent(slot) : well(slot, index)),
		...TROUBLES[slot.id],
	}));
}

export function sampleReleases(): Release[] {
	const base: Release = {
		build: BASE,
		version: "0.2.0",
		added_at: NOW - 720 * HOUR,
		added_by: "",
		bytes: 3_400_000,
		note: "",
		running: 96,
		base: true,
	};
	return [
		base,
		{
			...base,
			build: NEWER,
			version: "0.2.1",
			added_at: NOW - 20 * HOUR,
			added_by: "方明哲",
			note: "修复床头卡显示",
			running: 0,
			base: false,
		},
	];
}

export function samplePoints(): CallPointLine[] {
	const point = (n: number, more: Partial<CallPointLine>): CallPointLine => ({
		id: `call-point-${n}`,
		ward: "thoracic",
		name: `卫生间呼叫器 ${n}`,
		room: `r0${n}`,
		bed: null,
		has_key: true,
		last_heard_at: NOW - 20_000,
		line: "ok",
		refused: 0,
		...more,
	});
	return [
		point(1, {}),
		point(2, { line: "open", refused: 3 }),
		point(3, {
			name: "输液监测 5床",
			bed: "b05",
			has_key: false,
			last_heard_at: null,
			line: "unknown",
		}),
	];
}
