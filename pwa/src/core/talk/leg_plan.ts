/** What a leg is begun with, and the home it lives in. */
import type { LegMediaPlan } from "./leg_media";
import type { Leg } from "./leg_run";
import type { MicrophoneState, TalkDevice, TalkPort } from "./port";

/** What a leg tells, and asks of, the legs' home. */
export interface LegHome {
	readonly port: TalkPort;
	readonly device: TalkDevice;
	changed(): void;
	over(leg: Leg): void;
	microphone(state: MicrophoneState): void;
	/** A channel that a broadcast opened beside the ward's own. */
	channel(leg: Leg, channel: RTCDataChannel): void;
}

export interface LegPlan extends LegMediaPlan {
	/** 16 hex digits; a broadcast is one talk with many */
	talk: string;
	calls: readonly string[];
	/** accepted by itself, without ringing */
	atOnce?: boolean;
	/** pictures are wanted here, should the other want them too */
	video: boolean;
	/** for the hub's relay: whom it is to reach */
	targets?: readonly string[];
}
