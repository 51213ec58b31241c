/**
 * How much sound came in, measured from the statistics of a connection (A16): time counts only while packets go on and
 * carry sound (a microphone that is off sends packets of nothing), and what the decoder made up for lost ones does not
 * count. Pure: reports and times in, ms out.
 */

/** The members of an `inbound-rtp` report that are read (W3C webrtc-stats); samples are per channel. */
interface Inbound {
	id: string;
	packets: number;
	samples: number | null;
	concealed: number;
	/** s of sound in all samples */
	seconds: number | null;
	/** grows with every sound; not at all while the other's microphone is off, though its packets go on */
	energy: number | null;
}

/** Opus is decoded at this rate whatever the microphone had. */
const SAMPLES_PER_MS = 48;
/**
 * Energy of a second without sound: what is decoded from a microphone that is off wavers by the last of 16 bits, measured
 * 9.7e-10 a second in Chromium. A room at -70 dBFS has 1e-7.
 */
const SILENCE_A_SECOND = 5e-9;
/** `hearing` of a leg: sound came in this lately. */
const LATELY_MS = 2_000;

export class Hearing {
	/** ms of sound measured since the talk began */
	ms = 0;
	private last: { stream: Inbound; at: number } | null = null;
	private heardAt = Number.NEGATIVE_INFINITY;
	private packetsAt = Number.NEGATIVE_INFINITY;

	/** Takes what the connection says at `at` (monotonic ms). Two looks in a row measure the time between them. */
	take(report: Iterable<unknown>, at: number): void {
		const stream = inboundAudio(report);
		const { last } = this;
		this.last = stream === null ? null : { stream, at };
		if (stream === null || last === null || last.stream.id !== stream.id) return;
		const elapsed = at - last.at;
		if (stream.packets <= last.stream.packets || elapsed <= 0) return;
		// They came at some time between the looks: the sooner one, so that an end is not noticed late.
		this.packetsAt = last.at;
		const gained = Math.min(elapsed, real(last.stream, stream, elapsed));
		if (gained <= 0) return;
		this.ms += gained;
		this.heardAt = at;
	}

	/** A clip is played here: its time counts as it goes by. */
	play(ms: number, at: number): void {
		this.ms += ms;
		this.heardAt = at;
		this.packetsAt = at;
	}

	/** The next look measures nothing: on hold no time goes by. */
	pause(): void {
		this.last = null;
	}

	hears(at: number): boolean {
		return at - this.heardAt < LATELY_MS;
	}

	/** When packets were last seen to go on, monotonic ms. */
	get alive(): number {
		return this.packetsAt;
	}
}

/** ms of sound between two looks that somebody really sent. */
function real(before: Inbound, after: Inbound, elapsed: number): number {
	if (before.samples === null || after.samples === null) return elapsed;
	const samples = after.samples - before.samples;
	const concealed = after.concealed - before.concealed;
	if (samples <= 0) return 0;
	if (before.energy !== null && after.energy !== null) {
		const energy = after.energy - before.energy;
		if (energy <= (SILENCE_A_SECOND * elapsed) / 1000) return 0;
	}
	const ms =
		before.seconds !== null && after.seconds !== null
			? (after.seconds - before.seconds) * 1000
			: samples / SAMPLES_PER_MS;
	return ms * Math.max(0, 1 - concealed / samples);
}

/** The stream with the most packets: a connection that was renegotiated may still name an old one. */
function inboundAudio(report: Iterable<unknown>): Inbound | null {
	let found: Inbound | null = null;
	for (const item of report) {
		if (typeof item !== "object" || item === null) continue;
		const stat = item as Record<string, unknown>;
		if (stat.type !== "inbound-rtp" || (stat.kind ?? stat.mediaType) !== "audio") continue;
		const stream = {
			id: String(stat.id),
			packets: number(stat.packetsReceived) ?? 0,
			samples: number(stat.totalSamplesReceived),
			concealed: number(stat.concealedSamples) ?? 0,
			seconds: number(stat.totalSamplesDuration),
			energy: number(stat.totalAudioEnergy),
		};
		if (found === null || stream.packets > found.packets) found = stream;
	}
	return found;
}

function number(value: unknown): number | null {
	return typeof value === "number" && Number.isFinite(value) ? value : null;
}
