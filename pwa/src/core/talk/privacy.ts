/** The bed's privacy key: nobody is answered by itself, nobody looks in, and the microphone is off unless a press asked for it. */
import type { Leg } from "./leg_run";
import type { TalkPort } from "./port";
import { isOwn } from "./who";

const KEY = "privacy";

export class Privacy {
	private readonly port: TalkPort;
	/** hub time since when it is on; null while it is off */
	private since: number | null = null;
	/** Until the disk has told, it counts as on. */
	private known = false;

	constructor(port: TalkPort) {
		this.port = port;
	}

	async load(): Promise<void> {
		const kept = await this.port.store.meta<number>(KEY);
		if (!this.known) this.since = kept;
		this.known = true;
	}

	get on(): boolean {
		return this.since !== null;
	}

	/** Whether a talk may begin here without a hand. */
	get guards(): boolean {
		return this.on || !this.known;
	}

	/** Sets it, for the legs that live too. Resolves when it is on disk: a restart must not open a line. */
	set(on: boolean, living: readonly Leg[]): Promise<void> {
		this.since = on ? this.port.now() : null;
		this.known = true;
		for (const leg of living) {
			if (leg.plan.purpose === "talk") leg.cover(on);
			if (on && leg.plan.purpose === "view" && !leg.plan.invited) leg.close("hang_up", "refused");
			else if (on && leg.state === "ringing") leg.byHandOnly();
			else if (on && leg.muted === null) leg.mute("privacy");
			else if (!on && leg.muted === "privacy") leg.mute(null);
		}
		return this.port.store.putMeta(KEY, this.since);
	}

	/** Whether a talk about these calls begins muted: a press after the key says that whoever comes is to hear. */
	mutes(calls: readonly string[]): boolean {
		const { since } = this;
		if (since === null) return !this.known;
		const { self, rows } = this.port;
		return !rows().some(
			(row) =>
				isOwn(row, self) && row.newestAt > since && row.calls.some((call) => calls.includes(call)),
		);
	}
}
