/** Invitations that come in: which leg gives way to them, what they are answered, and the leg they begin. */
import type { TalkSignal } from "../signalling/types";
import { answerTo, type Standing } from "./invites";
import type { Legs } from "./legs";
import type { TalkPort } from "./port";
import type { Privacy } from "./privacy";
import { bothSee, isOwn } from "./who";

export type Invite = Extract<TalkSignal, { kind: "invite" }>;

export interface IncomingPort {
	port: TalkPort;
	legs: Legs;
	privacy: Privacy;
	/** an own broadcast is spoken */
	speaking(): boolean;
}

export class Incoming {
	private readonly outside: IncomingPort;

	constructor(outside: IncomingPort) {
		this.outside = outside;
	}

	invited(signal: Invite): void {
		const { port, legs, privacy } = this.outside;
		const { from, talk, purpose, calls } = signal;
		const known = legs.all.find(
			({ plan }) => plan.talk === talk && plan.with === from && !plan.invited,
		);
		if (known !== undefined) {
			known.invitedAgain();
			return;
		}
		if (!this.givesWay(signal)) return;
		const fromKind = port.directory().terminals[from]?.kind ?? null;
		const answer = answerTo({ from, fromKind, purpose }, this.standing(signal));
		if (answer.kind === "busy") {
			const { reason, by } = answer;
			port.peers.signal(from, { kind: "busy", talk, reason, ...(by !== undefined && { by }) });
			return;
		}
		const atOnce = answer.kind === "accept";
		if (atOnce && purpose === "talk") this.makeRoom(from);
		const pictures = signal.video === 1 && bothSee(port.camera, from, port.directory());
		const video = purpose === "view" || (purpose === "talk" && pictures);
		const leg = legs.add({ talk, with: from, purpose, calls, invited: false, atOnce, video });
		if (purpose === "talk") leg.cover(privacy.guards);
		if (atOnce) {
			if (purpose === "talk" && privacy.mutes(calls)) leg.mute("privacy");
			leg.accept();
		} else leg.ring(answer.afterMs);
	}

	/**
	 * Two that invite each other at the same moment: the talk about calls stays, of two alike the smaller id. Both ends
	 * judge the same two, so one gives way. And who invites anew has let go of what it had before. False: it is not
	 * answered, because the other end gives way.
	 */
	private givesWay({ from, talk, purpose, calls }: Invite): boolean {
		for (const leg of this.outside.legs.living()) {
			const { plan } = leg;
			if (plan.with !== from || plan.purpose !== purpose) continue;
			if (leg.state === "inviting") {
				const about = leg.calls.length > 0;
				if (about === calls.length > 0 ? plan.talk < talk : about) return false;
				leg.close("hang_up", "cancelled");
			} else leg.close("lost", "lost");
		}
		return true;
	}

	private standing({ from, calls }: Invite): Standing {
		const { port, legs, privacy, speaking } = this.outside;
		const { self, camera } = port;
		const [talk] = legs.talks();
		const own = port.rows().filter((row) => isOwn(row, self));
		return {
			kind: self.kind,
			camera,
			video: port.directory().ward.video,
			privacy: privacy.guards,
			ownCall: own.some((row) => row.calls.some((call) => calls.includes(call))),
			calling: own.length > 0,
			talkingTo: talk?.plan.with ?? null,
			engaged: speaking() || legs.living().some(({ state }) => state === "ringing"),
			viewedBy: legs.received("view")[0]?.plan.with ?? null,
			announced: legs
				.talks()
				.some(
					({ transferTo, state }) => transferTo === from && (state === "open" || state === "held"),
				),
		};
	}

	/** A talk comes before all else that goes on here. */
	private makeRoom(from: string): void {
		const { legs } = this.outside;
		for (const leg of legs.received("broadcast")) leg.close("hang_up", "call");
		for (const leg of legs.received("view")) leg.close("hang_up", "hung_up");
		for (const leg of legs.received("talk")) {
			if (leg.state === "ringing") leg.close("refuse", "call");
		}
		for (const leg of legs.talks()) {
			if (leg.transferTo !== from) continue;
			leg.by = from;
			leg.close("transferred", "transferred");
		}
	}
}
