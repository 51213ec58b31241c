/** One period of a tone as samples, and a tone rendered as it will be heard. */
import type { Tone } from "../calls/types";
import { envelopeAt, HARMONICS, patternOf } from "./pattern";

/** Enough for the fifth harmonic of 880 Hz; a period of ten seconds is 640 kB at this rate. */
export const SAMPLE_RATE_HZ = 16_000;
/** Peak of a tone, full scale being 1: loud, without clipping. */
const PEAK = 0.9;

/** One period, silence to its end included, so that a looping buffer repeats exactly. Values in −1 to 1. */
export function samplesOf(tone: Tone, rate = SAMPLE_RATE_HZ): Float32Array<ArrayBuffer> {
	const { pulses, repeat_s, base_hz, rise } = patternOf(tone);
	const samples = new Float32Array(Math.round(repeat_s * rate));
	const sum = HARMONICS.reduce((total, strength) => total + strength, 0);
	for (const pulse of pulses) {
		const first = Math.round(pulse.at_s * rate);
		const last = Math.min(samples.length, Math.round((pulse.at_s + pulse.length_s) * rate));
		for (let at = first; at < last; at += 1) {
			const time = at / rate - pulse.at_s;
			let value = 0;
			HARMONICS.forEach((strength, index) => {
				value += strength * Math.sin(2 * Math.PI * base_hz * (index + 1) * time);
			});
			samples[at] = (value / sum) * PEAK * envelopeAt(pulse, rise, time);
		}
	}
	return samples;
}

/** The buffer a sounder loops. The audio thread repeats it: no timer of the page takes part. */
export function bufferOf(context: BaseAudioContext, tone: Tone): AudioBuffer {
	const samples = samplesOf(tone);
	const buffer = context.createBuffer(1, samples.length, SAMPLE_RATE_HZ);
	buffer.copyToChannel(samples, 0);
	return buffer;
}

/** A source that sounds the tone again and again, or once. Not yet started or connected. */
export function sourceOf(
	context: BaseAudioContext,
	tone: Tone,
	once = false,
): AudioBufferSourceNode {
	const source = context.createBufferSource();
	source.buffer = bufferOf(context, tone);
	source.loop = !once;
	return source;
}

/** `seconds` of the tone at `rate` as an offline context renders them. For tests in a browser. */
export async function renderTone(
	tone: Tone,
	seconds: number,
	rate = 48_000,
): Promise<Float32Array<ArrayBuffer>> {
	const context = new OfflineAudioContext(1, Math.ceil(seconds * rate), rate);
	const source = sourceOf(context, tone);
	source.connect(context.destination);
	source.start(0);
	return (await context.startRendering()).getChannelData(0);
}
