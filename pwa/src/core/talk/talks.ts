/**
 * Every talk of this terminal behind the few things a screen asks for (CALL-01 to CALL-03, A16). Here hands and signals
 * are handed on; what a leg does by itself is leg_run.ts, sound and pictures come in by the port. No DOM, no timers.
 */
import type { CallRow } from "../calls/types";
import { Listeners } from "../links/link";
import type { TalkSignal } from "../signalling/types";
import { Announcements } from "./announcement";
import { Answered } from "./answered";
import { Broadcasts, readReport } from "./broadcast";
import { ClipPlayers } from "./clip_players";
import { Incoming } from "./incoming";
import type { LegHome } from "./leg_plan";
import { Leg } from "./leg_run";
import { Legs } from "./legs";
import type { MicrophoneState, TalkDevice, TalkPort } from "./port";
import { Privacy } from "./privacy";
import { Recordings } from "./recording";
import { Transfers } from "./transfers";
import { NO_TALK, type TalkControl, type TalkState } from "./types";
import { answerable, isOwn, mayTalk } from "./who";

/** Calls one invitation can name (SG). */
const MAX_CALLS = 64;
const DEVICE = "talkDevice";

export class Talks implements TalkControl {
	/** At most once a second while nothing happens; `state` is built when it is read. */
	readonly changes = new Listeners<[]>();
	private readonly port: TalkPort;
	private readonly legs: Legs;
	private readonly incoming: Incoming;
	private readonly transfers: Transfers;
	private readonly privacy: Privacy;
	private readonly broadcasts: Broadcasts;
	private readonly announcements: Announcements;
	private readonly recordings: Recordings;
	private readonly answered: Answered;
	private readonly clips: ClipPlayers;
	private readonly stops: (() => void)[];
	private microphone: TalkState["microphone"] = null;
	private device: TalkDevice = "hands_free";
	private snapshot: TalkState | null = NO_TALK;

	constructor(port: TalkPort) {
		this.port = port;
		const changed = () => this.changed();
		const device = () => this.device;
		const microphone = (state: MicrophoneState) => {
			this.microphone = state;
			this.changed();
		};
		const home: LegHome = {
			port,
			get device() {
				return device();
			},
			changed,
			microphone,
			over: (leg) => this.legOver(leg),
			channel: (leg, channel) => this.clips.comes(leg, channel),
		};
		this.legs = new Legs(home);
		this.clips = new ClipPlayers(port);
		this.privacy = new Privacy(port);
		this.answered = new Answered(port);
		this.recordings = new Recordings(port);
		this.transfers = new Transfers(port, changed);
		this.announcements = new Announcements({ port, device, changed, microphone });
		this.broadcasts = new Broadcasts({
			port,
			device,
			changed,
			microphone,
			leg: (plan) => new Leg(home, plan),
			over: (talk) => this.inBackground(this.recordings.finish(talk)),
		});
		const { legs, privacy } = this;
		this.incoming = new Incoming({
			port,
			legs,
			privacy,
			speaking: () => this.broadcasts.speaking,
		});
		this.stops = [
			port.peers.signals.add((signal) => this.receive(signal)),
			port.ticker.onTick(() => this.tick()),
		];
		this.inBackground(this.load());
	}

	get state(): TalkState {
		this.snapshot ??= {
			legs: this.legs.all.map((leg) => leg.view()),
			transfers: this.transfers.list(),
			broadcast: this.broadcasts.view(),
			announcements: this.announcements.list(),
			recordingClip: this.announcements.recording,
			privacy: this.privacy.on,
			microphone: this.microphone,
			device: this.device,
		};
		return this.snapshot;
	}

	/** Recordings on this disk that the hub has not taken. */
	get unsentRecordings(): number {
		return this.recordings.waiting;
	}

	/** Asks whether the microphone may be opened, without opening it. At start, and after a touch. */
	async askMicrophone(): Promise<void> {
		const state = await this.port.media.mayHear();
		if (state !== null) this.microphone = state;
		this.changed();
	}

	/** Rows or directory changed: an own press ends a broadcast here at once, and answers of an earlier start end. */
	boardChanged(): void {
		this.answered.settle();
		const { self, rows } = this.port;
		if (!rows().some((row) => isOwn(row, self))) return;
		for (const leg of this.legs.received("broadcast")) leg.close("hang_up", "call");
	}

	/** A stateless frame of the hub at the presence document; true when it was the relay's report. */
	heardFromHub(payload: Record<string, unknown>): boolean {
		const report = readReport(payload);
		if (report !== null) this.broadcasts.report(report);
		return report !== null;
	}

	/** The page goes: everyone is told, and nothing stays open. */
	close(): void {
		this.broadcasts.end();
		for (const leg of this.legs.living()) leg.close("hang_up", "closed");
		this.inBackground(this.announcements.keep(null));
		for (const stop of this.stops.splice(0)) stop();
	}

	canAnswer(row: CallRow): boolean {
		return answerable(row, this.port.self, this.port.directory()) !== null;
	}

	async answer(row: CallRow): Promise<void> {
		const end = answerable(row, this.port.self, this.port.directory());
		if (end === null) return;
		const calls = row.calls.slice(0, MAX_CALLS);
		const known = this.legs.with(end, "talk");
		if (known !== undefined && calls.every((call) => known.calls.includes(call))) {
			this.takeUp(known);
			return;
		}
		const leg = known ?? this.legs.plan(end, "talk", calls);
		// The fact goes first, and the disk is not waited for: a slow one must not cost the patient the talk.
		const made = this.answered.make(leg, row);
		if (known === undefined) this.begin(leg);
		else {
			known.calls = [...new Set([...known.calls, ...calls])].sort().slice(0, MAX_CALLS);
			this.takeUp(known);
		}
		await made;
	}

	async call(terminal: string, purpose: "talk" | "view" = "talk"): Promise<void> {
		const other = this.port.directory().terminals[terminal];
		if (other === undefined || !mayTalk(this.port.self, other)) return;
		const known = this.legs.with(terminal, purpose);
		if (known !== undefined) this.takeUp(known);
		else this.begin(this.legs.plan(terminal, purpose, []));
	}

	async accept(talk: string): Promise<void> {
		const leg = this.legs.find(talk);
		if (leg?.state === "ringing") this.takeUp(leg);
	}

	async hangUp(talk: string): Promise<void> {
		this.legs.find(talk)?.hangUp();
	}

	mute(talk: string, muted: boolean): void {
		this.legs.find(talk)?.mute(muted ? "hand" : null);
	}

	async hold(talk: string, held: boolean): Promise<void> {
		const leg = this.talking(talk);
		if (leg === undefined) return;
		if (!held) this.silenceOthers(leg);
		leg.hold(held);
	}

	async transfer(talk: string, station: string): Promise<void> {
		const leg = this.talking(talk);
		const { peers, self, directory } = this.port;
		const other = directory().terminals[station];
		if (leg === undefined || leg.plan.with === station) return;
		if (other?.kind !== "station" || !mayTalk(self, other)) return;
		leg.passedTo = station;
		const calls = [...leg.calls];
		leg.signal({ kind: "transfer", talk, station, calls });
		// The one that is to take over knows that it is; it is told whom it will talk to.
		peers.signal(station, { kind: "transfer", talk, station: leg.plan.with, calls });
	}

	async takeTransfer(talk: string): Promise<void> {
		const offer = this.transfers.take(talk);
		if (offer === undefined) return;
		const { calls } = offer;
		const row = this.port.rows().find((each) => each.calls.some((call) => calls.includes(call)));
		const leg = this.legs.plan(offer.with, "talk", calls);
		const made = row === undefined ? null : this.answered.make(leg, row);
		this.begin(leg);
		await made;
	}

	setPrivacy(on: boolean): void {
		if (this.privacy.on === on) return;
		this.inBackground(this.privacy.set(on, this.legs.living()));
		this.changed();
	}

	async setDevice(device: TalkDevice): Promise<void> {
		if (this.device === device) return;
		this.device = device;
		this.changed();
		this.inBackground(this.port.store.putMeta(DEVICE, device, false));
		await Promise.all(this.legs.living().map((leg) => leg.media.setDevice(device)));
	}

	async record(talk: string, on: boolean): Promise<void> {
		const leg = this.talking(talk);
		if (leg === undefined) return;
		if (!on) {
			this.recordings.pause(talk);
			leg.setRecording(false);
			return;
		}
		const { own, track } = leg.media;
		const tracks = [own.audio, track].filter((one) => one !== null);
		if (tracks.length === 0 || leg.recordingHere || !this.mayRecord) return;
		// Both sides are told before anything is kept.
		leg.setRecording(true);
		this.port.sounds.chime("recording");
		try {
			const ends = [leg.plan.with];
			this.recordings.start({ talk, calls: leg.calls, purpose: "talk", with: ends }, tracks);
		} catch (error) {
			leg.setRecording(false);
			throw error;
		}
	}

	async broadcast(targets: readonly string[]): Promise<void> {
		if (this.port.self.kind !== "station") return;
		this.silenceOthers(null);
		await this.broadcasts.start(targets);
	}

	async endBroadcast(): Promise<void> {
		this.broadcasts.end();
	}

	async recordBroadcast(on: boolean): Promise<void> {
		const running = this.broadcasts.view();
		if (running === null) return;
		const { talk, targets } = running;
		const tracks = this.broadcasts.tracks();
		if (!on) {
			this.recordings.pause(talk);
			this.broadcasts.setRecording(false);
			return;
		}
		if (tracks === null || running.recording || !this.mayRecord) return;
		this.broadcasts.setRecording(true);
		this.port.sounds.chime("recording");
		try {
			this.recordings.start({ talk, calls: [], purpose: "broadcast", with: targets }, tracks);
		} catch (error) {
			this.broadcasts.setRecording(false);
			throw error;
		}
	}

	async recordAnnouncement(): Promise<void> {
		// What is said to a patient is not for everyone.
		if (!this.announcements.recording) this.silenceOthers(null);
		await this.announcements.record();
	}

	keepAnnouncement(name: string | null): Promise<void> {
		return this.announcements.keep(name);
	}

	dropAnnouncement(id: string): Promise<void> {
		return this.announcements.drop(id);
	}

	async announce(id: string, targets: readonly string[]): Promise<void> {
		const clip = this.announcements.clip(id);
		if (clip !== null && this.port.self.kind === "station") this.broadcasts.announce(clip, targets);
	}

	private async load(): Promise<void> {
		await this.privacy.load();
		const kept = await this.port.store.meta<TalkDevice>(DEVICE);
		if (kept === "handset") this.device = kept;
		this.changed();
		await Promise.all([this.announcements.load(), this.recordings.load(), this.answered.load()]);
	}

	/** The hub takes recordings of stations and PDAs, where the ward allows them. */
	private get mayRecord(): boolean {
		const { self, directory } = this.port;
		return directory().ward.recording && (self.kind === "station" || self.kind === "pda");
	}

	/** A talk that is open or held. */
	private talking(talk: string): Leg | undefined {
		const leg = this.legs.find(talk);
		const talks = leg?.plan.purpose === "talk" && leg.openedAt !== null;
		return talks ? leg : undefined;
	}

	private begin(leg: Leg): void {
		if (leg.plan.purpose === "talk") this.silenceOthers(leg);
		leg.invite();
	}

	/** A leg that is there already, wanted by hand now. */
	private takeUp(leg: Leg): void {
		if (leg.plan.purpose === "talk") this.silenceOthers(leg);
		if (leg.state === "ringing") leg.accept();
		else leg.hold(false);
	}

	/** Whoever is spoken to, only they hear it: other talks are held, an own broadcast ends. */
	private silenceOthers(leg: Leg | null): void {
		if (this.broadcasts.speaking) this.broadcasts.end();
		for (const other of this.legs.talks()) if (other !== leg) other.hold(true);
	}

	private receive(signal: TalkSignal): void {
		if (signal.kind === "invite") {
			this.incoming.invited(signal);
			return;
		}
		const { talk, from, kind } = signal;
		const leg = [...this.legs.all, ...this.broadcasts.legs()].find(
			({ plan }) => plan.talk === talk && plan.with === from,
		);
		if (kind === "bye") this.transfers.withdrawn(talk, from);
		if (kind === "transfer") {
			if (leg === undefined) this.transfers.offered(signal);
			else leg.transferTo = signal.station;
		} else if (leg !== undefined && !leg.isOver) {
			leg.receive(signal);
		} else if (kind !== "bye" && kind !== "busy") {
			// It goes on over there, perhaps since before this page began: nobody talks to a ghost.
			if (leg !== undefined) leg.sayOver();
			else this.port.peers.signal(from, { kind: "bye", talk, reason: "lost" });
		}
	}

	private legOver(leg: Leg): void {
		const { plan } = leg;
		this.clips.legOver(leg);
		if (plan.purpose === "broadcast" && plan.invited) {
			this.broadcasts.legOver(leg);
			return;
		}
		// Who was offered the talk is told that there is none any more.
		if (leg.passedTo !== null && leg.end !== "transferred") {
			const bye = { kind: "bye", talk: plan.talk, reason: "cancelled" } as const;
			this.port.peers.signal(leg.passedTo, bye);
		}
		this.answered.end(leg);
		this.inBackground(this.recordings.finish(plan.talk));
	}

	private tick(): void {
		this.legs.tick();
		this.broadcasts.tick();
		this.announcements.tick();
		this.recordings.tick();
		this.transfers.tick();
		this.boardChanged();
		this.changed();
	}

	private changed(): void {
		this.snapshot = null;
		this.changes.emit();
	}

	private inBackground(work: Promise<unknown>): void {
		work.catch((error: unknown) => this.port.failed(error));
	}
}
