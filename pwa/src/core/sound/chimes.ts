/** Short signs beside the alarm tones: a line opens, a talk ends soon, a recording begins, somebody speaks to many. */
import { SAMPLE_RATE_HZ } from "./render";

export type Chime = "line_open" | "ending" | "recording" | "broadcast";

/** Notes as [Hz, start s, length s]. None repeats: an alarm does, so that the two are not taken for each other. */
export const CHIMES: Readonly<Record<Chime, readonly (readonly [number, number, number])[]>> = {
	line_open: [
		[660, 0, 0.18],
		[880, 0.2, 0.28],
	],
	ending: [
		[740, 0, 0.1],
		[740, 0.16, 0.1],
	],
	recording: [[1_000, 0, 0.5]],
	broadcast: [
		[784, 0, 0.3],
		[659, 0.32, 0.3],
		[523, 0.64, 0.5],
	],
};

/** Softer than an alarm. */
const PEAK = 0.35;
/** Rise and fall of a note, s: no click. */
const EDGE_S = 0.02;

/** The chime as samples in −1 to 1. */
export function chimeSamples(chime: Chime, rate = SAMPLE_RATE_HZ): Float32Array<ArrayBuffer> {
	const notes = CHIMES[chime];
	const length_s = Math.max(...notes.map(([, at, length]) => at + length));
	const samples = new Float32Array(Math.round(length_s * rate));
	for (const [hz, at, length] of notes) {
		const first = Math.round(at * rate);
		const last = Math.min(samples.length, Math.round((at + length) * rate));
		for (let place = first; place < last; place += 1) {
			const time = place / rate - at;
			const edge = Math.min(1, time / EDGE_S, (length - time) / EDGE_S);
			samples[place] = PEAK * edge * Math.sin(2 * Math.PI * hz * time);
		}
	}
	return samples;
}

/** A source that sounds the chime once. Not yet started or connected. */
export function chimeSource(context: BaseAudioContext, chime: Chime): AudioBufferSourceNode {
	const samples = chimeSamples(chime);
	const buffer = context.createBuffer(1, samples.length, SAMPLE_RATE_HZ);
	buffer.copyToChannel(samples, 0);
	const source = context.createBufferSource();
	source.buffer = buffer;
	return source;
}
