/**
 * The browser's microphones, cameras, loudspeakers and recorders (W3C mediacapture-main, audio-output, mediastream-recording).
 * The only file of talk that knows a page. Nothing is opened before it is asked for.
 */
import { Listeners } from "../links/link";
import type { ClipPlaying, Media, MicrophoneState, Playing, Recorder, TalkDevice } from "./port";
import { NoMedia } from "./port";

/** The room's loudspeaker stands beside its microphone: without these the other end hears itself. */
const SOUND: MediaTrackConstraints = {
	echoCancellation: true,
	noiseSuppression: true,
	autoGainControl: true,
};
const PICTURE: MediaTrackConstraints = {
	width: { ideal: 640, max: 640 },
	height: { ideal: 480, max: 480 },
	frameRate: { ideal: 20, max: 20 },
};
/** What systems call the part that is held to the ear. */
const HANDSET = /handset|receiver|earpiece|听筒|手柄|话机/i;
const RECORDED = "audio/webm;codecs=opus";
/** A piece each so often, ms: what is lost when the page dies. */
const PIECE_MS = 1_000;

/** What is used of the page; given in, so that the rest runs without one. */
export interface BrowserMedia {
	devices: Pick<MediaDevices, "getUserMedia" | "enumerateDevices"> | null;
	/** the microphone's permission, or null where nobody can tell */
	permission: () => Promise<PermissionState | null>;
	audio: () => HTMLAudioElement;
	context: () => AudioContext;
	stream: (tracks: readonly MediaStreamTrack[]) => MediaStream;
	recorder: (stream: MediaStream, options: MediaRecorderOptions) => MediaRecorder;
	address: Pick<typeof URL, "createObjectURL" | "revokeObjectURL">;
}

export function pageMedia(): BrowserMedia {
	return {
		devices: navigator.mediaDevices ?? null,
		permission: async () => {
			const name = "microphone" as PermissionName;
			return (await navigator.permissions?.query({ name }))?.state ?? null;
		},
		audio: () => new Audio(),
		context: () => new AudioContext(),
		stream: (tracks) => new MediaStream([...tracks]),
		recorder: (stream, options) => new MediaRecorder(stream, options),
		address: URL,
	};
}

export class PageMedia implements Media {
	private readonly page: BrowserMedia;

	constructor(page: BrowserMedia = pageMedia()) {
		this.page = page;
	}

	async microphone(device: TalkDevice): Promise<MediaStream> {
		const deviceId = await this.deviceOf("audioinput", device);
		return this.open({ audio: deviceId === null ? SOUND : { ...SOUND, deviceId } });
	}

	camera(): Promise<MediaStream> {
		return this.open({ video: PICTURE });
	}

	async mayHear(): Promise<MicrophoneState | null> {
		const { devices } = this.page;
		// A page of another origin than https or this machine has no devices at all.
		if (devices === null) return "blocked";
		const [all, permission] = await Promise.all([
			devices.enumerateDevices().catch(() => null),
			this.page.permission().catch(() => null),
		]);
		if (all !== null && !all.some(({ kind }) => kind === "audioinput")) return "missing";
		if (permission === "denied") return "blocked";
		return permission === "granted" ? "ok" : null;
	}

	play(track: MediaStreamTrack, device: TalkDevice): Playing {
		const element = this.page.audio();
		element.autoplay = true;
		element.srcObject = this.page.stream([track]);
		void this.sinkTo(element, device);
		start(element);
		return {
			setSilent: (silent) => {
				element.muted = silent;
				if (!silent) start(element);
			},
			setDevice: (next) => this.sinkTo(element, next),
			stop: () => {
				element.pause();
				element.srcObject = null;
			},
		};
	}

	playClip(bytes: Uint8Array<ArrayBuffer>, type: string): ClipPlaying {
		const { address } = this.page;
		const element = this.page.audio();
		const source = address.createObjectURL(new Blob([bytes], { type }));
		let release = () => {};
		const ended = new Promise<void>((resolve, reject) => {
			const fail = () => reject(new Error("the clip cannot be played"));
			element.addEventListener("ended", () => resolve(), { once: true });
			element.addEventListener("error", fail, { once: true });
			element.src = source;
			// Not allowed to sound is an end too: the lamp must not stay on in silence.
			element.play().catch(reject);
			release = resolve;
		}).finally(() => address.revokeObjectURL(source));
		ended.catch(() => {});
		return {
			ended,
			stop: () => {
				element.pause();
				release();
			},
		};
	}

	stream(tracks: readonly MediaStreamTrack[]): MediaStream {
		return this.page.stream(tracks);
	}

	record(tracks: readonly MediaStreamTrack[], bitsPerSecond: number): Recorder {
		const context = this.page.context();
		const mixed = context.createMediaStreamDestination();
		const sources = tracks.map((track) => {
			const source = context.createMediaStreamSource(this.page.stream([track]));
			source.connect(mixed);
			return source;
		});
		void context.resume().catch(() => {});
		const options = { mimeType: RECORDED, audioBitsPerSecond: bitsPerSecond };
		let recorder: MediaRecorder;
		try {
			recorder = this.page.recorder(mixed.stream, options);
			recorder.start(PIECE_MS);
		} catch (error) {
			void context.close();
			throw new NoMedia("missing", `nothing can be recorded here: ${String(error)}`);
		}
		return new PageRecorder(recorder, () => {
			for (const source of sources) source.disconnect();
			void context.close();
		});
	}

	private async open(constraints: MediaStreamConstraints): Promise<MediaStream> {
		const { devices } = this.page;
		if (devices === null) throw new NoMedia("blocked", "the page may not use devices");
		try {
			return await devices.getUserMedia(constraints);
		} catch (error) {
			const { name } = error as DOMException;
			const refused = name === "NotAllowedError" || name === "SecurityError";
			throw new NoMedia(refused ? "blocked" : "missing", String(error));
		}
	}

	/** The device for this way of talking; null for the system's own choice. Labels are there once one was allowed. */
	private async deviceOf(kind: MediaDeviceKind, device: TalkDevice): Promise<string | null> {
		const all = (await this.page.devices?.enumerateDevices().catch(() => [])) ?? [];
		const fitting = all.filter((each) => each.kind === kind && each.label !== "");
		const handset = fitting.filter(({ label }) => HANDSET.test(label));
		if (device === "handset") return handset[0]?.deviceId ?? null;
		// Only where there is a handset does hands-free have to be told apart from it.
		if (handset.length === 0) return null;
		return fitting.find((each) => !handset.includes(each))?.deviceId ?? null;
	}

	private async sinkTo(element: HTMLAudioElement, device: TalkDevice): Promise<void> {
		if (typeof element.setSinkId !== "function") return;
		const sink = (await this.deviceOf("audiooutput", device)) ?? "";
		// A device that was unplugged meanwhile: the sound stays where it is.
		await element.setSinkId(sink).catch(() => {});
	}
}

/** A page that may not sound shows it by other means (sounder.ts); the next touch starts it. */
function start(element: HTMLAudioElement): void {
	element.play().catch(() => {});
}

class PageRecorder implements Recorder {
	readonly type = RECORDED;
	readonly pieces = new Listeners<[piece: Uint8Array<ArrayBuffer>]>();
	private readonly recorder: MediaRecorder;
	private readonly release: () => void;
	/** pieces in their order: each is read after the one before */
	private reading: Promise<void> = Promise.resolve();

	constructor(recorder: MediaRecorder, release: () => void) {
		this.recorder = recorder;
		this.release = release;
		recorder.addEventListener("dataavailable", ({ data }) => {
			this.reading = this.reading.then(async () => {
				const piece = new Uint8Array(await data.arrayBuffer());
				if (piece.length > 0) this.pieces.emit(piece);
			});
		});
	}

	pause(): void {
		if (this.recorder.state === "recording") this.recorder.pause();
	}

	resume(): void {
		if (this.recorder.state === "paused") this.recorder.resume();
	}

	async stop(): Promise<void> {
		if (this.recorder.state !== "inactive") {
			const stopped = new Promise((resolve) => {
				this.recorder.addEventListener("stop", resolve, { once: true });
			});
			this.recorder.stop();
			await stopped;
		}
		await this.reading;
		this.release();
	}
}
