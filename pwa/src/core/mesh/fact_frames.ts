/** The frames by which neighbours exchange call facts (rule NB1): read strictly, built within their limits. Pure. */
import { parseObject } from "../replica/provider";

/** A channel's frame has at most 65,536 bytes; address and envelope take some of them. */
export const MAX_PAYLOAD_CHARS = 65_000;
export const MAX_FACTS = 32;
export const MAX_IDS = 256;

export type FactFrame =
	| { t: "facts"; facts: string[] }
	/** `by` has these on its disk */
	| { t: "held"; by: string; ids: string[] }
	/** ids of the facts about calls open at the sender */
	| { t: "open"; ids: string[] };

const FACT_ID = /^[0-9a-f]{32}$/;
const TERMINAL = /^[a-z0-9][a-z0-9._-]{0,47}$/;
const KEYS = { facts: "facts,t", held: "by,ids,t", open: "ids,t" } as const;

/** Reads a frame; null when it is none, or over a limit. */
export function parseFactFrame(payload: string): FactFrame | null {
	if (payload.length > MAX_PAYLOAD_CHARS) return null;
	const frame = parseObject(payload);
	const keys = frame && Object.keys(frame).sort().join();
	switch (frame?.t) {
		case "facts": {
			const { facts } = frame;
			if (keys !== KEYS.facts || !isTexts(facts) || !within(facts, 1, MAX_FACTS)) return null;
			return { t: "facts", facts };
		}
		case "held": {
			const { by, ids } = frame;
			if (keys !== KEYS.held || typeof by !== "string" || !TERMINAL.test(by)) return null;
			return isIds(ids) && within(ids, 1, MAX_IDS) ? { t: "held", by, ids } : null;
		}
		case "open": {
			const { ids } = frame;
			if (keys !== KEYS.open) return null;
			return isIds(ids) && within(ids, 0, MAX_IDS) ? { t: "open", ids } : null;
		}
		default:
			return null;
	}
}

/** Wire facts in as many frames as their number and length ask for. */
export function factFrames(wires: readonly string[]): FactFrame[] {
	const frames: FactFrame[] = [];
	let batch: string[] = [];
	let length = 0;
	for (const wire of wires) {
		if (batch.length === MAX_FACTS || length + wire.length > MAX_PAYLOAD_CHARS - 1_000) {
			frames.push({ t: "facts", facts: batch });
			batch = [];
			length = 0;
		}
		batch.push(wire);
		length += wire.length + 3;
	}
	if (batch.length > 0) frames.push({ t: "facts", facts: batch });
	return frames;
}

export function heldFrames(by: string, ids: readonly string[]): FactFrame[] {
	const frames: FactFrame[] = [];
	for (let from = 0; from < ids.length; from += MAX_IDS) {
		frames.push({ t: "held", by, ids: ids.slice(from, from + MAX_IDS) });
	}
	return frames;
}

function isTexts(value: unknown): value is string[] {
	return Array.isArray(value) && value.every((each) => typeof each === "string");
}

function isIds(value: unknown): value is string[] {
	return isTexts(value) && value.every((id) => FACT_ID.test(id));
}

function within(list: readonly unknown[], least: number, most: number): boolean {
	return list.length >= least && list.length <= most;
}
