/**
 * The recording of this page for somebody who looks on from afar (DEV-05), loaded only when somebody does. Masked here,
 * before anything leaves the terminal: what is typed always; what is about patients unless the viewer is clinical. Screens
 * say what that is: `data-private` has its words masked, `data-private-picture` is an empty box, with all that is in it.
 */
import { record } from "@rrweb/record";
import { hidesHands, type RecordedEvent, scrubbed } from "./live_mask";

/** Keys of a PIN are neither drawn nor told; pictures of people are not sent on. A box keeps its class and its size. */
const NEVER = "canvas, video, .pin-pad, [data-testid=pin-pad]";
const PRIVATE = "[data-private], [data-private] *";
const PRIVATE_PICTURE = "[data-private-picture]";

export interface Recording {
	stop(): void;
	/** The whole page again, after something was left out. */
	whole(): void;
}

/** Starts at once; `emit` gets the page as a whole first. Throws where the browser cannot. */
export function startRecording(
	page: Document,
	clinical: boolean,
	emit: (event: RecordedEvent) => void,
): Recording {
	const stop = record<RecordedEvent>({
		emit: (event) => {
			if (hidesHands(event, page)) return;
			emit(clinical ? event : scrubbed(event));
		},
		blockSelector: clinical ? NEVER : `${NEVER}, ${PRIVATE_PICTURE}`,
		...(clinical ? {} : { maskTextSelector: PRIVATE }),
		maskAllInputs: true,
		recordCanvas: false,
		inlineImages: false,
		collectFonts: false,
		slimDOMOptions: "all",
		sampling: { mousemove: 250, scroll: 250, media: 1_000, input: "last" },
	});
	if (stop === undefined) throw new Error("this page cannot be recorded");
	return { stop, whole: () => record.takeFullSnapshot() };
}
