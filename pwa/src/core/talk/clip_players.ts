/** Clips that come over a broadcast's leg: played while the leg lives, and the leg is over when they are. */
import { CLIP_LABEL } from "./clip";
import { ClipPlayer } from "./clip_player";
import type { Leg } from "./leg_run";
import type { TalkPort } from "./port";

export class ClipPlayers {
	private readonly port: Pick<TalkPort, "media" | "monotonic">;
	private readonly players = new Map<Leg, ClipPlayer>();

	constructor(port: Pick<TalkPort, "media" | "monotonic">) {
		this.port = port;
	}

	comes(leg: Leg, channel: RTCDataChannel): void {
		const { talk } = leg.plan;
		if (channel.label !== CLIP_LABEL + talk || this.players.has(leg)) return;
		const player = new ClipPlayer(channel, talk, {
			media: this.port.media,
			started: () => leg.playsClip(this.port.monotonic()),
			over: (error) => {
				leg.playsClip(null);
				leg.close("hang_up", error === null ? "hung_up" : "no_media");
			},
		});
		this.players.set(leg, player);
	}

	/** Silent at once: a press comes before any announcement. */
	legOver(leg: Leg): void {
		this.players.get(leg)?.stop();
		this.players.delete(leg);
	}
}
