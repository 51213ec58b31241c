/** The legs of this terminal but those of its own broadcasts, newest first; one of them at most is open to be heard. */
import type { TalkPurpose } from "../signalling/types";
import type { LegHome, LegPlan } from "./leg_plan";
import { Leg } from "./leg_run";
import { bothSee } from "./who";

/** An ended leg can be read for so long. */
const READ_MS = 5_000;

export class Legs {
	private readonly home: LegHome;
	private legs: readonly Leg[] = [];

	constructor(home: LegHome) {
		this.home = home;
	}

	get all(): readonly Leg[] {
		return this.legs;
	}

	living(): Leg[] {
		return this.legs.filter((leg) => !leg.isOver);
	}

	/** The living leg of a talk. */
	find(talk: string): Leg | undefined {
		return this.living().find((leg) => leg.plan.talk === talk);
	}

	/** Living legs that others began, of this purpose. */
	received(purpose: TalkPurpose): Leg[] {
		return this.living().filter(({ plan }) => plan.purpose === purpose && !plan.invited);
	}

	/** Living talks with someone who was accepted, or has been invited: not those that only ring. */
	talks(): Leg[] {
		return this.living().filter(
			({ plan, state }) => plan.purpose === "talk" && state !== "ringing",
		);
	}

	with(terminal: string, purpose: TalkPurpose): Leg | undefined {
		return this.living().find(({ plan }) => plan.with === terminal && plan.purpose === purpose);
	}

	add(plan: LegPlan): Leg {
		const leg = new Leg(this.home, plan);
		this.legs = [leg, ...this.legs];
		return leg;
	}

	/** A leg this terminal begins; not yet sent. */
	plan(terminal: string, purpose: "talk" | "view", calls: readonly string[]): Leg {
		const { port } = this.home;
		return this.add({
			talk: port.talkId(),
			with: terminal,
			purpose,
			calls: [...calls].sort(),
			invited: true,
			video: purpose === "view" || bothSee(port.camera, terminal, port.directory()),
		});
	}

	/** Each second. */
	tick(): void {
		const now = this.home.port.monotonic();
		for (const leg of this.living()) leg.tick();
		this.legs = this.legs.filter(({ overAt }) => overAt === null || now - overAt < READ_MS);
	}
}
