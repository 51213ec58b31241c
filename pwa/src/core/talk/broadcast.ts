/**
 * A station speaks to many: one leg a receiver from this page, or one leg to the hub's relay that speaks to all, or a
 * recorded clip to each in turn. Who hears it is what they report themselves; nobody counts as reached before.
 */
import { HUB_PARTY } from "../signalling/types";
import { CLIP_LABEL, type Clip, sendClip } from "./clip";
import type { LegPlan } from "./leg_plan";
import type { Leg } from "./leg_run";
import type { MicrophoneState, TalkDevice, TalkPort } from "./port";
import { NoMedia } from "./port";
import type { Broadcast, LegEnd } from "./types";

/** Straight from a page: measured, 24 receivers cost 79 % of one core in all. Beyond, the hub's relay. */
export const MAX_DIRECT = 24;
/** An ended one can be read for so long. */
const READ_MS = 5_000;

export interface BroadcastsPort {
	port: TalkPort;
	device(): TalkDevice;
	leg(plan: LegPlan): Leg;
	changed(): void;
	microphone(state: MicrophoneState): void;
	/** A leg is over, or a live broadcast as a whole: its recording too. */
	over(talk: string): void;
}

/** What the hub's relay reports (frame `broadcast`). */
export interface RelayReport {
	talk: string;
	reached: string[];
	missed: { terminal: string; reason: LegEnd }[];
}

interface Run {
	talk: string;
	way: Broadcast["way"];
	targets: string[];
	legs: Map<string, Leg>;
	/** targets whose turn has not come */
	queue: string[];
	missed: Map<string, LegEnd>;
	since: number;
	clip: Clip | null;
	sent: Set<Leg>;
	/** the microphone they all get clones of */
	microphone: Promise<MediaStream> | null;
	stream: MediaStream | null;
	reported: RelayReport | null;
	recording: boolean;
	/** monotonic ms */
	overAt: number | null;
}

export class Broadcasts {
	private readonly outside: BroadcastsPort;
	private run: Run | null = null;

	constructor(outside: BroadcastsPort) {
		this.outside = outside;
	}

	/** Its own microphone is on: everything said here is heard by many. */
	get speaking(): boolean {
		return this.run !== null && this.run.overAt === null && this.run.way !== "clip";
	}

	legs(): Leg[] {
		return this.run === null ? [] : [...this.run.legs.values()];
	}

	/** Speaks to them at once. One broadcast at a time: a running one ends. */
	async start(targets: readonly string[]): Promise<void> {
		const to = this.begin(targets);
		if (to.length === 0) return;
		const { hubThere, directory } = this.outside.port;
		const relay = to.length > MAX_DIRECT && hubThere() && directory().ward.relay_key !== undefined;
		const run = this.newRun(relay ? "relay" : "direct", to, null);
		const microphone = this.outside.port.media.microphone(this.outside.device());
		run.microphone = microphone;
		if (relay) this.invite(run, HUB_PARTY, to);
		else this.inviteDirect(run, to);
		this.outside.changed();
		try {
			run.stream = await microphone;
			this.outside.microphone("ok");
			if (run.overAt !== null) stopAll(run);
		} catch (error) {
			if (!(error instanceof NoMedia)) throw error;
			this.outside.microphone(error.why);
			this.stop(run, "no_media");
		}
	}

	/** Sends a recorded clip to each, so many at once as a page can feed. */
	announce(clip: Clip, targets: readonly string[]): void {
		const to = this.begin(targets);
		if (to.length === 0) return;
		const run = this.newRun("clip", to, clip);
		run.queue = [...to];
		this.next(run);
		this.outside.changed();
	}

	end(): void {
		const { run } = this;
		if (run === null) return;
		this.stop(run, "hung_up");
		this.run = null;
		this.outside.changed();
	}

	/** The hub's relay told who hears it. */
	report({ talk, reached, missed }: RelayReport): void {
		if (this.run === null || this.run.talk !== talk || this.run.way !== "relay") return;
		this.run.reported = { talk, reached, missed };
		this.outside.changed();
	}

	/** Tracks to record, or null while nothing is said. */
	tracks(): MediaStreamTrack[] | null {
		return this.run?.stream?.getAudioTracks() ?? null;
	}

	setRecording(on: boolean): void {
		if (this.run === null) return;
		this.run.recording = on;
		for (const leg of this.run.legs.values()) leg.setRecording(on);
		this.outside.changed();
	}

	tick(): void {
		const { run } = this;
		if (run === null) return;
		for (const leg of run.legs.values()) leg.tick();
		if (run.way === "clip") this.feed(run);
		if (run.overAt === null && this.isDone(run)) this.stop(run, "lost");
		if (run.overAt !== null && this.outside.port.monotonic() - run.overAt >= READ_MS) {
			this.run = null;
			this.outside.changed();
		}
	}

	/** A leg of it is over: the next in the queue gets its turn, and a relay that never came is done without. */
	legOver(leg: Leg): void {
		const { run } = this;
		if (run === null || leg.plan.talk !== run.talk || run.overAt !== null) return;
		if (run.way === "relay" && leg.openedAt === null) {
			run.way = "direct";
			run.legs.delete(HUB_PARTY);
			this.inviteDirect(run, run.targets);
		}
		this.next(run);
	}

	view(): Broadcast | null {
		const { run } = this;
		if (run === null) return null;
		const lost = run.legs.get(HUB_PARTY)?.isOver === true;
		const { reached, missed } = lost ? this.seen(run) : (run.reported ?? this.seen(run));
		return {
			talk: run.talk,
			way: run.way,
			targets: [...run.targets],
			reached: [...reached].sort(),
			missed: [...missed].sort((one, other) => (one.terminal < other.terminal ? -1 : 1)),
			since: run.since,
			recording: run.recording,
		};
	}

	private begin(targets: readonly string[]): string[] {
		this.end();
		return [...new Set(targets)].sort();
	}

	private newRun(way: Run["way"], targets: string[], clip: Clip | null): Run {
		const run: Run = {
			talk: this.outside.port.talkId(),
			way,
			targets,
			legs: new Map(),
			queue: [],
			missed: new Map(),
			since: this.outside.port.now(),
			clip,
			sent: new Set(),
			microphone: null,
			stream: null,
			reported: null,
			recording: false,
			overAt: null,
		};
		this.run = run;
		return run;
	}

	private inviteDirect(run: Run, targets: readonly string[]): void {
		targets.forEach((target, index) => {
			// More than a page can feed are told as missed: half of them stuttering would reach nobody.
			if (index >= MAX_DIRECT) run.missed.set(target, "full");
			else this.invite(run, target);
		});
	}

	private invite(run: Run, terminal: string, targets?: readonly string[]): void {
		const leg = this.outside.leg({
			talk: run.talk,
			with: terminal,
			purpose: "broadcast",
			calls: [],
			invited: true,
			video: false,
			...(targets !== undefined && { targets }),
			source: () => this.source(run),
		});
		run.legs.set(terminal, leg);
		leg.invite();
		if (run.recording) leg.setRecording(true);
	}

	/** Each connection gets a track of its own: one that stops takes no other with it. */
	private async source(run: Run): Promise<MediaStream | null> {
		const stream = await run.microphone;
		const track = stream?.getAudioTracks()[0];
		if (track === undefined || run.overAt !== null) return null;
		return this.outside.port.media.stream([track.clone()]);
	}

	private next(run: Run): void {
		let busy = [...run.legs.values()].filter((leg) => !leg.isOver).length;
		while (busy < MAX_DIRECT) {
			const terminal = run.queue.shift();
			if (terminal === undefined) return;
			this.invite(run, terminal);
			busy += 1;
		}
	}

	/** A receiver's first word says that it waits for the channel; before that it could miss it. */
	private feed(run: Run): void {
		for (const leg of run.legs.values()) {
			const { peer } = leg.media;
			const due = leg.state === "open" && leg.heardBack && !run.sent.has(leg);
			if (!due || peer === null || run.clip === null) continue;
			run.sent.add(leg);
			const channel = peer.openChannel(CLIP_LABEL + run.talk);
			sendClip(channel, run.talk, run.clip).catch(() => leg.close("lost", "lost"));
		}
	}

	private isDone(run: Run): boolean {
		return run.queue.length === 0 && [...run.legs.values()].every((leg) => leg.isOver);
	}

	private stop(run: Run, reason: "hung_up" | "lost" | "no_media"): void {
		if (run.overAt !== null) return;
		run.overAt = this.outside.port.monotonic();
		run.recording = false;
		for (const terminal of run.queue.splice(0)) run.missed.set(terminal, "cancelled");
		for (const leg of run.legs.values()) {
			if (reason === "hung_up") leg.hangUp();
			else leg.close(reason === "lost" ? "lost" : "hang_up", reason);
		}
		stopAll(run);
		this.outside.over(run.talk);
		this.outside.changed();
	}

	private seen(run: Run): Pick<Broadcast, "reached" | "missed"> {
		const reached: string[] = [];
		const missed = new Map(run.missed);
		if (run.way === "relay") {
			const end = run.legs.get(HUB_PARTY)?.end ?? null;
			if (end !== null) for (const target of run.targets) missed.set(target, end);
		} else {
			for (const [terminal, leg] of run.legs) {
				const whole = run.way === "clip" && (leg.end === "hung_up" || leg.end === "closed");
				const hears = leg.theirs > 0 && (!leg.isOver || whole);
				if (hears) reached.push(terminal);
				else if (leg.end !== null) missed.set(terminal, leg.end);
			}
		}
		return { reached, missed: [...missed].map(([terminal, reason]) => ({ terminal, reason })) };
	}
}

function stopAll(run: Run): void {
	for (const track of run.stream?.getTracks() ?? []) track.stop();
	run.stream = null;
}

/** Reads the relay's report; null when it is none. */
export function readReport(payload: Record<string, unknown>): RelayReport | null {
	const { t, talk, reached, missed } = payload;
	if (t !== "broadcast" || typeof talk !== "string") return null;
	if (!Array.isArray(reached) || !Array.isArray(missed)) return null;
	return {
		talk,
		reached: reached.filter((id): id is string => typeof id === "string"),
		missed: missed.filter(
			(each): each is RelayReport["missed"][number] =>
				typeof each === "object" &&
				each !== null &&
				typeof each.terminal === "string" &&
				typeof each.reason === "string",
		),
	};
}
