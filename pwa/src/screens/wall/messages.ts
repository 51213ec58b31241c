/**
 * What wall and frames say to each other: unlocking sound, who is heard, and how a frame is doing. Nothing of
 * the ward passes here: terminals meet over the wire only.
 */

import type { Layer } from "../../core/terminal_types";

export interface FrameReport {
	terminal: string;
	phase: "starting" | "unenrolled" | "enrolling" | "elsewhere" | "revoked" | "ready";
	layer: Layer;
	sound: "ok" | "blocked" | "muted";
	/** tone the frame is playing by its own schedule, heard or not */
	sounding: "" | "high" | "medium" | "low";
	/** size of the page it draws, px; null when not told */
	size: { width: number; height: number } | null;
}

export type WallMessage = { wardline: "unlock-sound" } | { wardline: "heard"; heard: boolean };

const PHASES = ["starting", "unenrolled", "enrolling", "elsewhere", "revoked", "ready"] as const;
const LAYERS = [1, 2, 3, 4] as const;
const TONES = ["high", "medium", "low"] as const;
const MAX_SIZE = 8192;

/** The report in a message's data, or null when it is none. */
export function readReport(data: unknown): FrameReport | null {
	if (typeof data !== "object" || data === null) return null;
	const value = data as Record<string, unknown>;
	const phase = PHASES.find((known) => known === value.phase);
	if (value.wardline !== "frame" || typeof value.terminal !== "string" || phase === undefined)
		return null;
	return {
		terminal: value.terminal,
		phase,
		// what is not known is not claimed to be connected
		layer: LAYERS.find((known) => known === value.layer) ?? 4,
		sound: value.sound === "ok" || value.sound === "muted" ? value.sound : "blocked",
		sounding: TONES.find((known) => known === value.sounding) ?? "",
		size:
			isSize(value.width) && isSize(value.height)
				? { width: value.width, height: value.height }
				: null,
	};
}

function isSize(value: unknown): value is number {
	return typeof value === "number" && value >= 100 && value <= MAX_SIZE;
}
