/** A leg in each of its states, and all that can happen to it there (SG21 to SG23). */
import { describe, expect, it } from "vitest";
import type { TalkDraft } from "../../../src/core/signalling/types";
import type { LegState } from "../../../src/core/talk/types";
import { rest } from "../fakes/fake_hub";
import { FakePeers } from "./fake_peers";
import { type TalkingTerminal, TalkingWard } from "./talking_ward";

const TALK = "a".repeat(16);
type Living = Exclude<LegState, "over">;

/** The other end, played by hand: it answers what it is told to and nothing else. */
class ByHand {
	readonly ward = new TalkingWard();
	station!: TalkingTerminal;
	other!: FakePeers;

	/** A station whose newest leg is in this state. */
	async at(state: Living): Promise<void> {
		this.ward.directory.ward.talk_limit_ms = 60_000;
		this.station = await this.ward.open("station-a");
		this.other = new FakePeers("station-b", this.ward.peers);
		if (state === "ringing") {
			this.say({ kind: "invite", talk: TALK, purpose: "talk", calls: [], video: 0 });
			await rest();
		} else {
			await this.station.talks.call("station-b");
			await rest();
		}
		if (state === "connecting") this.station.media.asks = true;
		if (["connecting", "open", "held"].includes(state)) {
			this.say({ kind: "accept", talk: this.talk, video: 0 });
			await rest();
		}
		if (state === "held") await this.station.talks.hold(this.talk, true);
		await rest();
		this.other.sent.length = 0;
		this.station.peers.sent.length = 0;
		expect(this.station.leg.state).toBe(state);
	}

	get talk(): string {
		return this.station.leg.talk;
	}

	say(draft: TalkDraft): void {
		this.other.signal("station-a", draft);
	}

	/** Seconds in which the other end stays alive, or not. */
	async wait(seconds: number, alive: boolean): Promise<void> {
		for (let second = 0; second < seconds; second += 1) {
			const { talk } = this;
			if (alive && this.station.leg.state === "ringing") {
				this.say({ kind: "invite", talk, purpose: "talk", calls: [], video: 0 });
			} else if (alive) this.say({ kind: "heard", talk, ms: 0 });
			await rest();
			await this.ward.pass(1);
		}
	}
}

const STIMULI: Record<string, (at: ByHand) => void | Promise<void>> = {
	accepted: (at) => at.say({ kind: "accept", talk: at.talk, video: 0 }),
	busy: (at) => at.say({ kind: "busy", talk: at.talk, reason: "full" }),
	bye: (at) => at.say({ kind: "bye", talk: at.talk, reason: "hung_up" }),
	"hold there": (at) => at.say({ kind: "hold", talk: at.talk, held: 1 }),
	"resume there": (at) => at.say({ kind: "hold", talk: at.talk, held: 0 }),
	"accept here": (at) => at.station.talks.accept(at.talk),
	"hang up here": (at) => at.station.talks.hangUp(at.talk),
	"hold here": (at) => at.station.talks.hold(at.talk, true),
	"resume here": (at) => at.station.talks.hold(at.talk, false),
	lost: (at) => at.station.peers.lose("station-b"),
	"silent for 4 s": (at) => at.wait(4, false),
	"silent for 5 s": (at) => at.wait(5, false),
	"30 s": (at) => at.wait(30, true),
	"36 s": (at) => at.wait(36, true),
	"a minute": (at) => at.wait(60, true),
	"a stranger's bye": (at) => {
		const stranger = new FakePeers("pda-1", at.ward.peers);
		stranger.signal("station-a", { kind: "bye", talk: at.talk, reason: "hung_up" });
	},
};

type Outcome = [state: LegState, end?: string];
const same = (state: Living): Outcome => [state];

const TABLE: Record<Living, Partial<Record<keyof typeof STIMULI, Outcome>>> = {
	inviting: {
		accepted: ["open"],
		busy: ["over", "full"],
		bye: ["over", "hung_up"],
		"hang up here": ["over", "cancelled"],
		"silent for 5 s": ["over", "lost"],
		"36 s": ["over", "unanswered"],
	},
	ringing: {
		"accept here": ["open"],
		bye: ["over", "hung_up"],
		"hang up here": ["over", "refused"],
		"silent for 5 s": ["over", "lost"],
		"30 s": ["over", "unanswered"],
	},
	connecting: {
		// the microphone is not waited for longer than 3 s
		"silent for 4 s": ["open"],
		"silent for 5 s": ["open"],
		"30 s": ["open"],
		"36 s": ["open"],
		bye: ["over", "hung_up"],
		"hang up here": ["over", "hung_up"],
		lost: ["over", "lost"],
	},
	open: {
		bye: ["over", "hung_up"],
		"hold there": ["held"],
		"hold here": ["held"],
		"hang up here": ["over", "hung_up"],
		lost: ["over", "lost"],
		"silent for 5 s": ["over", "lost"],
		"a minute": ["over", "limit"],
	},
	held: {
		bye: ["over", "hung_up"],
		"resume here": ["open"],
		"hang up here": ["over", "hung_up"],
		lost: ["over", "lost"],
		"silent for 5 s": ["over", "lost"],
		"a minute": ["over", "limit"],
	},
};
/** An end that time brings is read 5 s later only, or comes by itself anyway. */
const SKIPPED: Record<Living, string[]> = {
	inviting: ["a minute"],
	ringing: ["36 s", "a minute"],
	connecting: ["a minute"],
	open: [],
	held: [],
};
/** Ends this terminal tells the other of. */
const TOLD = ["cancelled", "refused", "lost", "unanswered", "limit"];

const cases = (Object.keys(TABLE) as Living[]).flatMap((state) =>
	Object.keys(STIMULI)
		.filter((name) => !SKIPPED[state].includes(name))
		.map((name) => ({ state, name, outcome: TABLE[state][name] ?? same(state) })),
);

describe("a leg", () => {
	it.each(cases)("that is $state: $name leads to $outcome", async ({ state, name, outcome }) => {
		const hand = new ByHand();
		await hand.at(state);
		await STIMULI[name]?.(hand);
		await rest();
		const [next, end = null] = outcome;
		expect(hand.station.leg).toMatchObject({ state: next, end });
		const byes = hand.station.peers.said("bye", "station-b");
		const told = end !== null && (TOLD.includes(end) || name === "hang up here");
		expect(byes.length > 0).toBe(told);
		if (next === "over") {
			expect(hand.station.media.tracks.size).toBe(0);
			expect(hand.station.media.sounding).toBe(false);
			expect(hand.station.peers.listeners).toBe(0);
		} else {
			// what can be heard follows from the state alone
			expect(hand.station.media.hot).toBe(next === "open" && state !== "connecting");
		}
	});

	it("whose connection does not come about is over after 5 s, and says so", async () => {
		const ward = new TalkingWard();
		const bed = await ward.open("bed-1");
		const station = await ward.open("station-a");
		bed.peers.gate = station.peers.gate = new Promise(() => {});
		await station.talks.answer(ward.press());
		await ward.pass(4);
		expect(station.leg.state).toBe("connecting");
		// the microphone is there already, and off: nothing is open yet
		expect(bed.media.tracks.size).toBe(1);
		expect(bed.media.hot || station.media.hot).toBe(false);
		await ward.pass(1);
		expect(station.leg).toMatchObject({ state: "over", end: "no_media" });
		expect(bed.leg).toMatchObject({ state: "over", end: "no_media" });
		expect(station.media.tracks.size + bed.media.tracks.size).toBe(0);
	});

	it("that is over stays so, and says it again to whoever goes on", async () => {
		const hand = new ByHand();
		await hand.at("open");
		await hand.station.talks.hangUp(hand.talk);
		for (const draft of [
			{ kind: "accept", talk: hand.talk, video: 0 },
			{ kind: "hold", talk: hand.talk, held: 1 },
			{ kind: "heard", talk: hand.talk, ms: 1 },
		] as const) {
			hand.say(draft);
			await rest();
			expect(hand.station.leg).toMatchObject({ state: "over", end: "hung_up" });
		}
		expect(hand.station.peers.said("bye")).toHaveLength(4);
		hand.say({ kind: "bye", talk: hand.talk, reason: "closed" });
		await rest();
		expect(hand.station.peers.said("bye")).toHaveLength(4);
	});

	it("nobody knows here is ended there at once", async () => {
		const hand = new ByHand();
		await hand.at("open");
		hand.say({ kind: "heard", talk: TALK, ms: 5 });
		await rest();
		expect(hand.station.peers.said("bye")).toEqual([{ kind: "bye", talk: TALK, reason: "lost" }]);
	});
});
