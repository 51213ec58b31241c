/** Receives one clip over a channel and plays it: once, from beginning to end, unless it is stopped. */
import { ClipReader } from "./clip";
import type { ClipPlaying, Media } from "./port";

export interface ClipPlayerPort {
	media: Media;
	/** It sounds from now on. */
	started(): void;
	/** Played to its end, or broken: null, or why. */
	over(error: unknown): void;
}

export class ClipPlayer {
	private readonly channel: RTCDataChannel;
	private readonly port: ClipPlayerPort;
	private readonly reader: ClipReader;
	private playing: ClipPlaying | null = null;
	private isOver = false;

	constructor(channel: RTCDataChannel, talk: string, port: ClipPlayerPort) {
		this.channel = channel;
		this.port = port;
		this.reader = new ClipReader(talk);
		channel.binaryType = "arraybuffer";
		channel.addEventListener("message", this.message);
		channel.addEventListener("close", this.closed);
	}

	/** Silent at once; the sender sees the channel close. */
	stop(): void {
		if (this.isOver) return;
		this.isOver = true;
		this.channel.removeEventListener("message", this.message);
		this.channel.removeEventListener("close", this.closed);
		this.playing?.stop();
		this.channel.close();
	}

	private readonly message = (event: MessageEvent<unknown>): void => {
		try {
			const clip = this.reader.take(event.data);
			if (clip === null) return;
			this.playing = this.port.media.playClip(clip.bytes, clip.type);
			this.port.started();
			this.playing.ended.then(
				() => this.finish(null),
				(error: unknown) => this.finish(error),
			);
		} catch (error) {
			this.finish(error);
		}
	};

	/** A sender that goes away while the clip plays has said all it had to. */
	private readonly closed = (): void => {
		if (this.playing === null) this.finish(new Error("the clip was cut short"));
	};

	private finish(error: unknown): void {
		if (this.isOver) return;
		this.stop();
		this.port.over(error);
	}
}
