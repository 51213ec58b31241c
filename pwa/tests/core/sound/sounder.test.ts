/** What the sounder plays and what it says of itself, with an audio context made by hand. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createSounder, type Sounder } from "../../../src/core/sound/sounder";

class FakeSource {
	buffer: { length: number } | null = null;
	loop = false;
	started = false;
	stopped = false;
	onended: (() => void) | null = null;
	gain: FakeGain | null = null;
	connect(gain: FakeGain) {
		this.gain = gain;
		return gain;
	}
	start() {
		this.started = true;
	}
	stop() {
		this.stopped = true;
	}
}

class FakeGain {
	gain = { value: 1, setTargetAtTime: () => {} };
	connect() {
		return this;
	}
	disconnect() {}
}

class FakeContext {
	state = "suspended";
	currentTime = 0;
	destination = {};
	sources: FakeSource[] = [];
	gains: FakeGain[] = [];
	mayRun = false;
	createGain() {
		const gain = new FakeGain();
		this.gains.push(gain);
		return gain;
	}
	createBufferSource() {
		const source = new FakeSource();
		this.sources.push(source);
		return source;
	}
	createBuffer(_channels: number, length: number) {
		return { length, copyToChannel: () => {} };
	}
	resume() {
		if (this.mayRun) this.state = "running";
		return Promise.resolve();
	}
	suspensions = 0;
	suspend() {
		this.suspensions += 1;
		this.state = "suspended";
		return Promise.resolve();
	}
	close() {
		this.state = "closed";
		return Promise.resolve();
	}
}

let context: FakeContext;
let now: number;
let sounder: Sounder;

beforeEach(() => {
	context = new FakeContext();
	now = 0;
	sounder = createSounder({ context: () => context as unknown as AudioContext, now: () => now });
});

/** Real time goes on, and the audio clock by its share. */
function pass(ms: number, share = 1): void {
	now += ms;
	context.currentTime += (ms / 1000) * share;
}

async function unlocked(): Promise<void> {
	context.mayRun = true;
	expect(await sounder.unlock()).toBe(true);
}

describe("state", () => {
	it("is blocked until a touch lets the page sound", async () => {
		expect(sounder.state()).toBe("blocked");
		expect(await sounder.unlock()).toBe(false);
		await unlocked();
		expect(sounder.state()).toBe("ok");
	});

	it("is blocked when the audio clock stands although the context says running", async () => {
		await unlocked();
		sounder.state();
		pass(1000);
		expect(sounder.state()).toBe("ok");
		pass(1000, 0);
		expect(sounder.state()).toBe("blocked");
		await vi.waitFor(() => expect(context.state).toBe("running"));
		sounder.state();
		pass(1000);
		expect(sounder.state()).toBe("ok");
	});

	it("starts a device that stands again, and not at every look", async () => {
		await unlocked();
		sounder.state();
		for (let second = 0; second < 4; second += 1) {
			pass(1000, 0);
			sounder.state();
		}
		expect(context.suspensions).toBe(1);
		await vi.waitFor(() => expect(context.state).toBe("running"));
		pass(5000, 0);
		sounder.state();
		expect(context.suspensions).toBe(2);
	});

	it("does not judge the clock by too short a look", async () => {
		await unlocked();
		sounder.state();
		pass(50, 0);
		expect(sounder.state()).toBe("ok");
	});

	it("asks to run again after an interruption", async () => {
		await unlocked();
		sounder.state();
		context.state = "suspended";
		expect(sounder.state()).toBe("blocked");
		expect(context.state).toBe("running");
	});

	it("is blocked where there is no audio at all", async () => {
		const silent = createSounder({ context: () => null, now: () => 0 });
		silent.play("high");
		expect(silent.state()).toBe("blocked");
		expect(await silent.unlock()).toBe(false);
		expect(silent.sounding()).toBe("high");
	});
});

describe("play", () => {
	it("loops a tone, and leaves it alone when asked for the same again", () => {
		sounder.play("medium");
		sounder.play("medium");
		expect(context.sources).toHaveLength(1);
		expect(context.sources[0]).toMatchObject({ loop: true, started: true, stopped: false });
		expect(sounder.sounding()).toBe("medium");
	});

	it("changes to a more urgent tone at once, and back", () => {
		sounder.play("low");
		sounder.play("high");
		expect(context.sources[0]?.stopped).toBe(true);
		expect(context.sources[1]).toMatchObject({ started: true, stopped: false });
		sounder.play(null);
		expect(context.sources[1]?.stopped).toBe(true);
		expect(sounder.sounding()).toBeNull();
	});

	it("sounds a missed call once and is then silent", () => {
		sounder.play("low", true);
		expect(context.sources[0]?.loop).toBe(false);
		context.sources[0]?.onended?.();
		expect(sounder.sounding()).toBeNull();
	});
});

describe("setMuted", () => {
	it("silences routine calls only, and is told (A11)", async () => {
		await unlocked();
		sounder.play("low");
		sounder.setMuted(true);
		expect(sounder.state()).toBe("muted");
		expect(context.sources[0]?.gain?.gain.value).toBe(0);
		sounder.play("medium");
		expect(context.sources[1]?.gain?.gain.value).toBe(1);
		sounder.play("high");
		expect(context.sources[2]?.gain?.gain.value).toBe(1);
		sounder.play("low");
		expect(context.sources[3]?.gain?.gain.value).toBe(0);
		sounder.setMuted(false);
		expect(context.sources[3]?.gain?.gain.value).toBe(1);
	});
});

describe("setVolume", () => {
	it("sets routine calls as wished; urgent and code never below the least (A11)", async () => {
		await unlocked();
		const gain = (index: number) => context.sources[index]?.gain?.gain.value;
		sounder.setVolume(20);
		sounder.play("low");
		expect(gain(0)).toBe(0.2);
		sounder.play("medium");
		expect(gain(1)).toBe(0.6);
		sounder.setVolume(0);
		sounder.play("high");
		expect(gain(2)).toBe(0.6);
		expect(sounder.state()).toBe("muted");
		sounder.setVolume(90);
		expect(gain(2)).toBe(0.9);
		sounder.play("low");
		expect(gain(3)).toBe(0.9);
	});
});

describe("setHeard", () => {
	it("silences the page without changing what it says of itself", async () => {
		await unlocked();
		sounder.setHeard(false);
		expect(context.gains[0]?.gain.value).toBe(0);
		expect(sounder.state()).toBe("ok");
	});
});
