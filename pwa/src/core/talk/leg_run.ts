/**
 * One leg of a talk while it lives: its state by the table (SG21), its signals, and its times, which go by with the ticker
 * and the monotonic clock only. What it sends and hears is leg_media.ts; what its end means for calls is talks.ts.
 */
import { MediaRefused } from "../mesh/types";
import { advance, LEG_TIMEOUTS_MS, type LegEvent, SILENT_MS } from "../signalling/leg";
import type { BusyReason, ByeReason, TalkDraft, TalkSignal } from "../signalling/types";
import { LegMedia } from "./leg_media";
import type { LegHome, LegPlan } from "./leg_plan";
import type { LegEnd, LegState, TalkLeg } from "./types";

const INVITING_MS = LEG_TIMEOUTS_MS.inviting ?? 5_000;
const CONNECTING_MS = LEG_TIMEOUTS_MS.connecting ?? 5_000;
export const RINGING_MS = LEG_TIMEOUTS_MS.ringing ?? 30_000;
/** Silence is judged once a second: at the tick after which 5 s (SG23) would be over before the next. */
const LOST_MS = SILENT_MS - 1_000;
const TELL_AGAIN_MS = 5_000;
/** The warning before the talk-time limit. */
export const WARNING_MS = 15_000;

export class Leg {
	readonly plan: LegPlan;
	readonly media: LegMedia;
	state: LegState;
	calls: readonly string[];
	end: LegEnd | null = null;
	by: string | null = null;
	/** a hand here ended it */
	byHand = false;
	/** monotonic ms; null while it lives */
	overAt: number | null = null;
	openedAt: number | null = null;
	/** ms of sound measured at the other end, as it says */
	theirs = 0;
	/** the other has said that it is there, after it accepted */
	heardBack = false;
	/** who is to take the talk over, as the other announced */
	transferTo: string | null = null;
	/** who is to take the talk over, as this terminal announced */
	passedTo: string | null = null;
	muted: "hand" | "privacy" | null = null;
	recordingHere = false;

	private readonly home: LegHome;
	private readonly since: number;
	private stateSince: number;
	/** monotonic ms of the other's last word */
	private sign: number;
	private gotWord = false;
	private endsAt: number | null = null;
	private limitAt: number | null = null;
	private warned = false;
	private toldAt = 0;
	private acceptAt: number | null = null;
	private clipAt: number | null = null;
	/** the privacy key is on: a press may open the microphone, never the camera */
	private covered = false;
	private peerMuted = false;
	private recordingThere = false;
	private holdHere = false;
	private holdThere = false;

	constructor(home: LegHome, plan: LegPlan) {
		this.home = home;
		this.plan = plan;
		this.calls = plan.calls;
		this.state = plan.invited ? "inviting" : plan.atOnce ? "connecting" : "ringing";
		this.since = this.stateSince = this.sign = home.port.monotonic();
		this.media = new LegMedia(plan, plan.video, {
			port: home.port,
			get device() {
				return home.device;
			},
			live: () => !this.isOver,
			changed: () => home.changed(),
			microphone: (state) => home.microphone(state),
			lost: () => this.close("lost", "lost"),
			late: () => {
				this.settle();
				if (this.openedAt !== null) this.tellMuted();
			},
			channel: (channel) => home.channel(this, channel),
		});
	}

	get isOver(): boolean {
		return this.state === "over";
	}

	/** Smaller of both ends' measurements: a real talk is one that both heard (CF22). */
	get talkMs(): number {
		return Math.round(Math.min(this.media.hearing.ms, this.theirs));
	}

	view(): TalkLeg {
		const { plan, media } = this;
		return {
			talk: plan.talk,
			with: plan.with,
			purpose: plan.purpose,
			calls: [...this.calls],
			invited: plan.invited,
			state: this.state,
			openedAt: this.openedAt,
			endsAt: this.endsAt,
			muted: this.muted !== null,
			peerMuted: this.peerMuted,
			heldByPeer: this.holdThere,
			hearing: !this.isOver && media.hearing.hears(this.home.port.monotonic()),
			talkMs: this.talkMs,
			picture: media.picture,
			camera: media.own.video?.enabled === true,
			recording: !this.isOver && (this.recordingHere || this.recordingThere),
			end: this.end,
			by: this.by,
		};
	}

	/** Sends the invitation, and dials meanwhile: half of the two seconds would go by otherwise. */
	invite(): void {
		this.sendInvite();
		this.media.dial().catch(() => {});
		this.home.changed();
	}

	/** Rings; after `afterMs` it is accepted by itself, or never. */
	ring(afterMs: number | null): void {
		this.acceptAt = afterMs === null ? null : this.since + afterMs;
		this.home.port.sounds.chime("line_open");
		this.home.changed();
	}

	/** From now on only a hand accepts it. */
	byHandOnly(): void {
		this.acceptAt = null;
	}

	/** Takes the invitation. The chime comes before the microphone: nobody is heard unwarned. */
	accept(): void {
		this.home.port.sounds.chime(this.plan.purpose === "broadcast" ? "broadcast" : "line_open");
		if (this.state === "ringing") this.go("accept");
		this.sayAccept();
		void this.connect();
		this.home.changed();
	}

	/** A signal of this leg; `invite` and `transfer` are the home's. */
	receive(signal: TalkSignal): void {
		if (this.isOver) return;
		this.sign = this.home.port.monotonic();
		this.gotWord = true;
		switch (signal.kind) {
			case "accept":
				if (this.state !== "inviting") return;
				this.media.video = this.media.video && signal.video === 1;
				this.go("accepted");
				void this.connect();
				break;
			case "busy":
				if (this.state !== "inviting") return;
				this.by = signal.by ?? null;
				this.finish("busy", signal.reason);
				return;
			case "bye":
				if (signal.reason === "transferred") this.by = this.passedTo;
				this.finish("bye", signal.reason);
				return;
			case "mute":
				this.peerMuted = signal.muted === 1;
				break;
			case "hold":
				this.holdThere = signal.held === 1;
				this.settleHold();
				break;
			case "heard":
				// It only grows; a late one says less.
				this.theirs = Math.max(this.theirs, signal.ms);
				this.heardBack = true;
				break;
			case "recording":
				if (signal.on === 1 && !this.recordingThere) this.home.port.sounds.chime("recording");
				this.recordingThere = signal.on === 1;
				break;
			default:
				return;
		}
		this.home.changed();
	}

	/** The invitation came again, because its answer may be lost. */
	invitedAgain(): void {
		if (this.isOver) {
			this.sayOver();
			return;
		}
		this.sign = this.home.port.monotonic();
		if (this.state !== "ringing") this.sayAccept();
	}

	/** The other goes on with a talk that is over: its end was lost on the way. */
	sayOver(): void {
		this.signal({ kind: "bye", talk: this.plan.talk, reason: byeOf(this.end) });
	}

	mute(muted: "hand" | "privacy" | null): void {
		if (this.isOver || this.muted === muted) return;
		const changed = (this.muted === null) !== (muted === null);
		this.muted = muted;
		this.settle();
		if (changed && this.openedAt !== null) this.tellMuted();
		this.home.changed();
	}

	/** The camera of a talk, whoever may hear it. */
	cover(covered: boolean): void {
		if (this.isOver || this.covered === covered) return;
		this.covered = covered;
		this.settle();
		this.home.changed();
	}

	hold(held: boolean): void {
		if (this.isOver || this.holdHere === held) return;
		this.holdHere = held;
		this.tellHold();
		this.settleHold();
		this.home.changed();
	}

	/** By hand. */
	hangUp(): void {
		if (this.isOver) return;
		this.byHand = true;
		if (this.state === "ringing") this.close("refuse", "refused");
		else this.close("hang_up", this.state === "inviting" ? "cancelled" : "hung_up");
	}

	/** Ends it from here and says so. */
	close(event: LegEvent, reason: ByeReason): void {
		if (this.isOver) return;
		this.signal({ kind: "bye", talk: this.plan.talk, reason });
		this.finish(event, reason);
	}

	setRecording(on: boolean): void {
		if (this.isOver || this.recordingHere === on) return;
		this.recordingHere = on;
		// Before it is open the other end does not know the talk; then it is told at once.
		if (this.openedAt !== null) this.tellRecording();
		this.home.changed();
	}

	/** A clip is played here since `at` (monotonic ms), in place of live sound; null when it is over. */
	playsClip(at: number | null): void {
		this.clipAt = at;
		if (at !== null) this.media.hearing.play(1, at);
	}

	/** Says something to the other end. */
	signal(draft: TalkDraft): void {
		this.home.port.peers.signal(this.plan.with, draft);
	}

	/** Each second, from the ticker. */
	tick(): void {
		const now = this.home.port.monotonic();
		this.media.own.tick(now);
		switch (this.state) {
			case "inviting":
				this.tickInviting(now);
				break;
			case "ringing":
				this.tickRinging(now);
				break;
			case "connecting":
				if (now - this.stateSince >= CONNECTING_MS) this.close("timeout", "no_media");
				else this.sayHeard();
				break;
			case "open":
			case "held":
				this.tickOpen(now);
				break;
			default:
		}
	}

	private tickInviting(now: number): void {
		const rang = now - this.since >= RINGING_MS + INVITING_MS;
		if (rang || now - this.sign >= INVITING_MS) {
			this.close("timeout", this.gotWord ? "unanswered" : "lost");
			return;
		}
		// A signal may be lost on its way; the other knows the talk and answers the same again.
		this.sendInvite();
	}

	private tickRinging(now: number): void {
		if (this.acceptAt !== null && now >= this.acceptAt) this.accept();
		else if (now - this.sign > LOST_MS) this.close("lost", "lost");
		else if (now - this.since >= RINGING_MS) this.close("timeout", "unanswered");
		else {
			this.home.port.sounds.chime("line_open");
			// Whoever invites sees that it rings, and waits.
			this.sayHeard();
		}
	}

	private tickOpen(now: number): void {
		const { hearing } = this.media;
		// Packets that go on are as good a sign: signals may need a new way when a hub dies.
		if (now - Math.max(this.sign, hearing.alive) > LOST_MS) {
			this.close("lost", "lost");
			return;
		}
		if (this.limitAt !== null && now >= this.limitAt) {
			this.close("limit", "limit");
			return;
		}
		if (this.limitAt !== null && !this.warned && now >= this.limitAt - WARNING_MS) {
			this.warned = true;
			this.home.port.sounds.chime("ending");
		}
		if (this.clipAt !== null) {
			hearing.play(now - this.clipAt, now);
			this.clipAt = now;
		}
		this.media.measure(() => this.sayHeard());
		this.tellAgain(now);
	}

	private sendInvite(): void {
		const { talk, purpose, targets } = this.plan;
		this.signal({
			kind: "invite",
			talk,
			purpose,
			calls: [...this.calls],
			video: this.media.video ? 1 : 0,
			...(targets !== undefined && { targets: [...targets] }),
		});
	}

	private sayAccept(): void {
		this.signal({ kind: "accept", talk: this.plan.talk, video: this.media.video ? 1 : 0 });
	}

	private sayHeard(): void {
		const ms = Math.round(this.media.hearing.ms);
		this.signal({ kind: "heard", talk: this.plan.talk, ms });
		this.home.changed();
	}

	private tellRecording(): void {
		this.signal({ kind: "recording", talk: this.plan.talk, on: this.recordingHere ? 1 : 0 });
	}

	/** A signal may be lost on its way: what the other end must show is said again now and then. */
	private tellAgain(now: number): void {
		if (now - this.toldAt < TELL_AGAIN_MS) return;
		this.toldAt = now;
		if (this.recordingHere) this.tellRecording();
		if (this.plan.purpose === "talk") this.tellHold();
		this.tellMuted();
	}

	private tellHold(): void {
		this.signal({ kind: "hold", talk: this.plan.talk, held: this.holdHere ? 1 : 0 });
	}

	private tellMuted(): void {
		if (this.plan.purpose !== "talk") return;
		const muted = this.muted !== null || this.media.own.audio === null;
		this.signal({ kind: "mute", talk: this.plan.talk, muted: muted ? 1 : 0 });
	}

	private async connect(): Promise<void> {
		try {
			await this.media.connect();
			if (this.state === "connecting") this.opened();
		} catch (error) {
			if (error instanceof MediaRefused) this.close("refused", "no_codec");
			else this.close("lost", "lost");
		}
	}

	private opened(): void {
		const { port } = this.home;
		this.go("media");
		this.openedAt = port.now();
		if (this.plan.purpose === "talk") {
			const limit = port.directory().ward.talk_limit_ms;
			this.limitAt = port.monotonic() + limit;
			this.endsAt = this.openedAt + limit;
		}
		this.settleHold();
		this.media.measure(() => this.sayHeard());
		this.tellMuted();
		if (this.recordingHere) this.tellRecording();
		this.home.changed();
	}

	private settleHold(): void {
		const hold = this.holdHere || this.holdThere;
		if (hold && this.state === "open") this.go("hold");
		else if (!hold && this.state === "held") this.go("resume");
		this.settle();
	}

	/** What is on to be heard and seen follows from the state, and from nothing else. */
	private settle(): void {
		// A muted talk may still be seen; the privacy key covers the camera too.
		const seen = this.muted !== "privacy" && !this.covered;
		this.media.set(this.state === "open", this.muted === null, seen);
	}

	private go(event: LegEvent): void {
		this.state = advance(this.state, event);
		this.stateSince = this.home.port.monotonic();
		// A state that begins has its whole time.
		this.sign = this.stateSince;
	}

	private finish(event: LegEvent, reason: LegEnd): void {
		this.go(event);
		this.end = reason;
		this.endsAt = null;
		this.overAt = this.home.port.monotonic();
		this.media.stop();
		this.home.over(this);
		this.home.changed();
	}
}

const BUSY: readonly string[] = [
	"talking",
	"privacy",
	"full",
	"not_allowed",
] satisfies BusyReason[];

/** A reason that a `bye` can name. */
function byeOf(end: LegEnd | null): ByeReason {
	return end === null || BUSY.includes(end) ? "closed" : (end as ByeReason);
}
