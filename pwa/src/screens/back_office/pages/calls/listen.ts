/** Plays one period of a tone, as terminals sound it, to whoever sets it. */
import { sourceOf } from "../../../../core/sound/render";
import type { CallTypeValue } from "../../types";

export interface Listening {
	stop: () => void;
}

/** null where the browser has no sound. `ended` is told once. */
export function listen(tone: CallTypeValue["tone"], ended: () => void): Listening | null {
	if (typeof AudioContext === "undefined") return null;
	const context = new AudioContext();
	const source = sourceOf(context, tone, true);
	let over = false;
	const end = () => {
		if (over) return;
		over = true;
		context.close().catch(() => {});
		ended();
	};
	source.onended = end;
	source.connect(context.destination);
	source.start();
	return {
		stop: () => {
			source.stop();
			end();
		},
	};
}
