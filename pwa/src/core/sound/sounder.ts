/**
 * Sounds the tone of the most urgent call, and knows whether sound really comes out. A tone is a buffer that
 * loops on the audio thread: slowed timers and missing animation frames of a background page change nothing.
 */
import type { Tone } from "../calls/types";
import { type Chime, chimeSource } from "./chimes";
import { sourceOf } from "./render";

export type SoundState = "ok" | "blocked" | "muted";

export interface Sounder {
	/** Sounds this tone from now on, or nothing. The same tone again goes on undisturbed; `once` sounds one period. */
	play(tone: Tone | null, once?: boolean): void;
	/** Sounds a short sign once, whatever else sounds and whether muted or not. */
	chime(kind: Chime): void;
	/** The tone that is set to sound now, muted or not. */
	sounding(): Tone | null;
	/** "blocked" when the browser does not let sound out or its clock stands; call it each second or so. */
	state(): SoundState;
	/** After a touch: lets the page sound. Resolves to whether it may now. */
	unlock(): Promise<boolean>;
	/** Mutes routine calls only; urgent and code sound always (A11). */
	setMuted(muted: boolean): void;
	/** 0 to 100. At 0 routine calls are silent; urgent and code never go below LEAST_ALARM_PERCENT (A11). */
	setVolume(percent: number): void;
	/** Silences everything here because another page of the same machine is heard (demo wall); the state does not change. */
	setHeard(heard: boolean): void;
	close(): Promise<void>;
}

export interface SounderParts {
	/** null where the platform has no audio */
	context: () => AudioContext | null;
	/** monotonic ms */
	now: () => number;
}

/** Less than this share of real time gone by on the audio clock means that nothing is played. */
const LEAST_PACE = 0.5;
/** Between two looks at the audio clock, ms: it moves in steps of a render quantum and its device's buffer. */
const LEAST_LOOK_MS = 400;
/** A sound device that stands still is started again so often, ms. */
const START_AGAIN_MS = 5_000;
/** Urgent and code calls, and the signs of a talk, are at least so loud, whatever is wished. */
export const LEAST_ALARM_PERCENT = 60;
/** No click at a change of tone, s. */
const FADE_S = 0.01;

const browserParts: SounderParts = {
	context: () =>
		typeof AudioContext === "undefined" ? null : new AudioContext({ latencyHint: "interactive" }),
	now: () => performance.now(),
};

export function createSounder(parts: SounderParts = browserParts): Sounder {
	const context = parts.context();
	const master = context?.createGain() ?? null;
	if (context !== null && master !== null) master.connect(context.destination);
	let current: { tone: Tone; source: AudioBufferSourceNode; gain: GainNode } | null = null;
	let wanted: { tone: Tone; once: boolean } | null = null;
	let muted = false;
	let volume = 100;
	let moving = true;
	let ranBefore = false;
	let look: { clock_s: number; at: number } | null = null;
	let startedAgainAt = Number.NEGATIVE_INFINITY;

	/** A browser may refuse without a touch; the state tells, so the refusal itself is no news. */
	const resume = async (): Promise<boolean> => {
		if (context === null) return false;
		try {
			await context.resume();
		} catch {
			return false;
		}
		return context.state === "running";
	};
	/** The context runs and its clock stands: the device behind it fell out. Stopping and starting opens it anew. */
	const startAgain = async (): Promise<void> => {
		if (context === null || parts.now() - startedAgainAt < START_AGAIN_MS) return;
		startedAgainAt = parts.now();
		await context.suspend().catch(() => {});
		await resume();
	};
	const level = (tone: Tone | null): number => {
		if (tone === "low") return muted ? 0 : volume / 100;
		return Math.max(volume, LEAST_ALARM_PERCENT) / 100;
	};

	const stop = (): void => {
		if (current === null || context === null) return;
		const { source, gain } = current;
		const end = context.currentTime + FADE_S;
		gain.gain.setTargetAtTime(0, context.currentTime, FADE_S / 4);
		source.onended = () => gain.disconnect();
		source.stop(end);
		current = null;
	};
	const start = (tone: Tone, once: boolean): void => {
		if (context === null || master === null) return;
		const source = sourceOf(context, tone, once);
		const gain = context.createGain();
		gain.gain.value = level(tone);
		source.connect(gain).connect(master);
		source.onended = () => {
			gain.disconnect();
			if (current?.source !== source) return;
			current = null;
			wanted = null;
		};
		source.start();
		current = { tone, source, gain };
	};

	// a kiosk that allows it sounds without a touch; elsewhere this stays suspended and the state says so
	if (context !== null && context.state !== "running") void resume();

	return {
		play(tone, once = false) {
			if (tone === (wanted?.tone ?? null) && once === (wanted?.once ?? false)) return;
			stop();
			wanted = tone === null ? null : { tone, once };
			if (wanted !== null) start(wanted.tone, wanted.once);
		},
		chime(kind) {
			if (context === null || master === null) return;
			const source = chimeSource(context, kind);
			const gain = context.createGain();
			gain.gain.value = level(null);
			source.connect(gain).connect(master);
			source.onended = () => gain.disconnect();
			source.start();
		},
		sounding: () => wanted?.tone ?? null,
		state() {
			if (context === null || context.state !== "running") {
				look = null;
				// it ran before, so it may run again: a sound device came back, or the page
				if (ranBefore) void resume();
				return "blocked";
			}
			ranBefore = true;
			const seen = { clock_s: context.currentTime, at: parts.now() };
			if (look === null) look = seen;
			const passed = seen.at - look.at;
			if (passed >= LEAST_LOOK_MS) {
				moving = (seen.clock_s - look.clock_s) * 1000 >= passed * LEAST_PACE;
				look = seen;
			}
			if (!moving) {
				void startAgain();
				return "blocked";
			}
			return muted || volume === 0 ? "muted" : "ok";
		},
		async unlock() {
			const running = await resume();
			look = null;
			moving = true;
			return running;
		},
		setMuted(next) {
			muted = next;
			if (current !== null) current.gain.gain.value = level(current.tone);
		},
		setVolume(percent) {
			volume = Math.min(100, Math.max(0, percent));
			if (current !== null) current.gain.gain.value = level(current.tone);
		},
		setHeard(heard) {
			if (master !== null) master.gain.value = heard ? 1 : 0;
		},
		async close() {
			stop();
			wanted = null;
			if (context !== null && context.state !== "closed") await context.close();
		},
	};
}
