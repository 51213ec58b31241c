/**
 * A leg's own microphone and camera: opened for it, off until it is open, and stopped with it. What is opened too late
 * for its leg is stopped at once.
 */
import type { MicrophoneState, TalkDevice, TalkPort } from "./port";
import { NoMedia } from "./port";

export interface OwnMediaPort {
	/** The leg is not over. */
	live(): boolean;
	microphone(state: MicrophoneState): void;
	/** Something came after `within` had given up. */
	late(): void;
}

export class OwnMedia {
	audio: MediaStreamTrack | null = null;
	video: MediaStreamTrack | null = null;
	/** the stream the tracks are sent with */
	stream: MediaStream | null = null;
	private readonly outside: Pick<TalkPort, "media" | "monotonic">;
	private readonly port: OwnMediaPort;
	private giveUp: { at: number; now: () => void } | null = null;
	private asking = false;
	private isLate = false;

	constructor(outside: Pick<TalkPort, "media" | "monotonic">, port: OwnMediaPort) {
		this.outside = outside;
		this.port = port;
	}

	/** Opens the microphone in place of the one there is. What fails is told, and no reason to have no talk. */
	async microphone(device: TalkDevice): Promise<void> {
		this.asking = true;
		try {
			const stream = await this.outside.media.microphone(device);
			this.port.microphone("ok");
			this.adopt(stream);
		} catch (error) {
			if (!(error instanceof NoMedia)) throw error;
			this.port.microphone(error.why);
		} finally {
			this.asking = false;
		}
	}

	/** Without a camera nothing is seen; the talk goes on. */
	async camera(): Promise<void> {
		try {
			this.adopt(await this.outside.media.camera());
		} catch (error) {
			if (!(error instanceof NoMedia)) throw error;
		}
	}

	/** Sends what is given instead. */
	async take(source: Promise<MediaStream | null>): Promise<void> {
		const stream = await source;
		if (stream !== null) this.adopt(stream);
	}

	/** Waits for the opening, but no longer than this. */
	async within(ms: number, opening: Promise<unknown>): Promise<void> {
		const patience = new Promise<void>((resolve) => {
			this.giveUp = { at: this.outside.monotonic() + ms, now: resolve };
		});
		opening.catch(() => {});
		await Promise.race([opening, patience]);
		this.giveUp = null;
	}

	tick(now: number): void {
		if (this.giveUp === null || now < this.giveUp.at) return;
		this.isLate = true;
		if (this.asking) this.port.microphone("blocked");
		this.giveUp.now();
	}

	enable(audio: boolean, video: boolean): void {
		if (this.audio !== null) this.audio.enabled = audio;
		if (this.video !== null) this.video.enabled = video;
	}

	dropVideo(): void {
		this.video?.stop();
		this.video = null;
	}

	stop(): void {
		this.giveUp?.now();
		this.audio?.stop();
		this.video?.stop();
		this.audio = null;
		this.video = null;
		this.stream = null;
	}

	private adopt(stream: MediaStream): void {
		if (!this.port.live()) {
			for (const track of stream.getTracks()) track.stop();
			return;
		}
		for (const track of stream.getTracks()) {
			track.enabled = false;
			if (track.kind === "audio") {
				this.audio?.stop();
				this.audio = track;
				this.stream = stream;
			} else {
				this.video?.stop();
				this.video = track;
				this.stream ??= stream;
			}
		}
		if (this.isLate) this.port.late();
	}
}
