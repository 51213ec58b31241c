/** The page's devices as talk uses them: what is asked for, what a refusal becomes, and that nothing stays open. */
import { describe, expect, it } from "vitest";
import { type BrowserMedia, PageMedia } from "../../../src/core/talk/media";
import { NoMedia } from "../../../src/core/talk/port";

const DEVICES = [
	{ kind: "audioinput", deviceId: "h", label: "USB Handset" },
	{ kind: "audioinput", deviceId: "m", label: "Microphone" },
	{ kind: "audiooutput", deviceId: "e", label: "听筒" },
	{ kind: "audiooutput", deviceId: "s", label: "Speaker" },
] as MediaDeviceInfo[];

class FakeAudio extends EventTarget {
	srcObject: unknown = null;
	src = "";
	muted = false;
	autoplay = false;
	plays = 0;
	sink: string | null = null;
	refuses = false;
	async play(): Promise<void> {
		this.plays += 1;
		if (this.refuses) throw new Error("no touch yet");
	}
	pause(): void {
		this.plays = 0;
	}
	async setSinkId(id: string): Promise<void> {
		this.sink = id;
	}
}

class FakeMediaRecorder extends EventTarget {
	state = "inactive";
	start(): void {
		this.state = "recording";
	}
	pause(): void {
		this.state = "paused";
	}
	resume(): void {
		this.state = "recording";
	}
	data(...bytes: number[]): void {
		const data = new Blob([Uint8Array.from(bytes)]);
		this.dispatchEvent(Object.assign(new Event("dataavailable"), { data }));
	}
	stop(): void {
		this.data(9);
		this.state = "inactive";
		queueMicrotask(() => this.dispatchEvent(new Event("stop")));
	}
}

function page() {
	const seen = {
		asked: [] as MediaStreamConstraints[],
		audios: [] as FakeAudio[],
		recorders: [] as FakeMediaRecorder[],
		contexts: 0,
		addresses: new Set<string>(),
		devices: [...DEVICES],
		error: null as string | null,
		permission: "granted" as PermissionState,
		cannotRecord: false,
	};
	const browser: BrowserMedia = {
		devices: {
			enumerateDevices: async () => seen.devices,
			getUserMedia: async (constraints = {}) => {
				seen.asked.push(constraints);
				if (seen.error !== null) throw new DOMException("no", seen.error);
				return {} as MediaStream;
			},
		},
		permission: async () => seen.permission,
		audio: () => {
			const audio = new FakeAudio();
			seen.audios.push(audio);
			return audio as unknown as HTMLAudioElement;
		},
		context: () => {
			seen.contexts += 1;
			const node = { connect: () => {}, disconnect: () => {} };
			return {
				createMediaStreamDestination: () => ({ ...node, stream: {} }),
				createMediaStreamSource: () => node,
				resume: async () => {},
				close: async () => {
					seen.contexts -= 1;
				},
			} as unknown as AudioContext;
		},
		stream: () => ({}) as MediaStream,
		recorder: () => {
			if (seen.cannotRecord) throw new DOMException("no", "NotSupportedError");
			const recorder = new FakeMediaRecorder();
			seen.recorders.push(recorder);
			return recorder as unknown as MediaRecorder;
		},
		address: {
			createObjectURL: () => {
				seen.addresses.add("blob:1");
				return "blob:1";
			},
			revokeObjectURL: (address) => void seen.addresses.delete(address),
		},
	};
	return { seen, media: new PageMedia(browser), browser };
}

const track = {} as MediaStreamTrack;

describe("microphone and camera", () => {
	it("asks for echo cancelling, noise suppression and gain control, and for small pictures", async () => {
		const { seen, media } = page();
		await media.microphone("hands_free");
		await media.camera();
		expect(seen.asked[0]?.audio).toMatchObject({
			echoCancellation: true,
			noiseSuppression: true,
			autoGainControl: true,
		});
		expect(seen.asked[1]?.video).toMatchObject({
			width: { max: 640 },
			height: { max: 480 },
			frameRate: { max: 20 },
		});
	});

	it("takes the handset's, or the one that is not it; without a handset the system's own", async () => {
		const { seen, media } = page();
		await media.microphone("handset");
		await media.microphone("hands_free");
		seen.devices = DEVICES.filter(({ deviceId }) => deviceId !== "h");
		await media.microphone("handset");
		await media.microphone("hands_free");
		const ids = seen.asked.map(({ audio }) => (audio as MediaTrackConstraints).deviceId);
		expect(ids).toEqual(["h", "m", undefined, undefined]);
	});

	it.each([
		["NotAllowedError", "blocked"],
		["SecurityError", "blocked"],
		["NotFoundError", "missing"],
		["NotReadableError", "missing"],
	])("calls %s %s", async (name, why) => {
		const { seen, media } = page();
		seen.error = name;
		await expect(media.microphone("hands_free")).rejects.toMatchObject({ name: "NoMedia", why });
	});

	it("tells whether it may hear without opening anything", async () => {
		const { seen, media, browser } = page();
		expect(await media.mayHear()).toBe("ok");
		seen.permission = "denied";
		expect(await media.mayHear()).toBe("blocked");
		seen.permission = "prompt";
		expect(await media.mayHear()).toBeNull();
		seen.devices = [];
		expect(await media.mayHear()).toBe("missing");
		expect(seen.asked).toEqual([]);
		const insecure = new PageMedia({ ...browser, devices: null });
		expect(await insecure.mayHear()).toBe("blocked");
		await expect(insecure.camera()).rejects.toThrow(NoMedia);
	});
});

describe("sound that comes out", () => {
	it("goes to the device of the way of talking, and stops for good", async () => {
		const { seen, media } = page();
		const playing = media.play(track, "handset");
		await Promise.resolve();
		await playing.setDevice("handset");
		const [audio] = seen.audios;
		expect(audio?.sink).toBe("e");
		await playing.setDevice("hands_free");
		expect(audio?.sink).toBe("s");
		playing.setSilent(true);
		expect(audio?.muted).toBe(true);
		playing.setSilent(false);
		expect(audio?.muted).toBe(false);
		expect(audio?.plays).toBe(2);
		playing.stop();
		expect(audio?.srcObject).toBeNull();
	});

	it("plays a clip once and lets its bytes go, ended, broken, stopped or refused", async () => {
		const { seen, media } = page();
		const clip = () => media.playClip(Uint8Array.from([1]), "audio/webm");
		const ended = clip();
		seen.audios[0]?.dispatchEvent(new Event("ended"));
		await ended.ended;
		expect(seen.addresses.size).toBe(0);
		const broken = clip();
		seen.audios[1]?.dispatchEvent(new Event("error"));
		await expect(broken.ended).rejects.toThrow("cannot be played");
		const stopped = clip();
		stopped.stop();
		await stopped.ended;
		expect(seen.addresses.size).toBe(0);
	});
});

describe("a recorder", () => {
	it("gives its pieces in order, the last one with its stop, and closes its context", async () => {
		const { seen, media } = page();
		const recorder = media.record([track, track], 32_000);
		const pieces: number[] = [];
		recorder.pieces.add((piece) => pieces.push(...piece));
		seen.recorders[0]?.data(1, 2);
		recorder.pause();
		expect(seen.recorders[0]?.state).toBe("paused");
		recorder.resume();
		seen.recorders[0]?.data(3);
		await recorder.stop();
		expect(pieces).toEqual([1, 2, 3, 9]);
		expect(seen.contexts).toBe(0);
		await recorder.stop();
	});

	it("that the platform does not have is no media, and leaves nothing open", () => {
		const { seen, media } = page();
		seen.cannotRecord = true;
		expect(() => media.record([track], 32_000)).toThrow(NoMedia);
		expect(seen.contexts).toBe(0);
	});
});
