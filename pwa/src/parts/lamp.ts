/** The room lamp's rhythm (A8): what it shows for the calls of a room, and whether it is lit at an instant. */
import vectors from "../../../sync/vectors/tones.json";
import type { CallRow, Light } from "../core/calls/types";

export type LampColour = "red" | "green" | "white";
/** ms on, ms off; steady is all on */
export type Rhythm = [on: number, off: number];

export interface Lamp {
	colour: LampColour;
	rhythm: Rhythm;
}

function rhythmOf(light: Light): Rhythm {
	const [on = 1000, off = 0] = vectors.lights[light] ?? [];
	return [on, off];
}

/** As the shared table has them: urgent 0.5 Hz, code 1.67 Hz; below 3 Hz for those whom flicker harms. */
export const RHYTHMS: Record<Light, Rhythm> = {
	steady: rhythmOf("steady"),
	urgent: rhythmOf("urgent"),
	code: rhythmOf("code"),
};

/** The lamp of a room: the first row that is not attended decides; all attended is green; none is dark. */
export function lampOf(rows: readonly CallRow[]): Lamp | null {
	const open = rows.find((row) => row.state !== "attended");
	if (open !== undefined) {
		// white for the bathroom, as the field has it; red for beds and the room
		const colour = open.source.startsWith("bathroom:") ? "white" : "red";
		return { colour, rhythm: RHYTHMS[open.light] };
	}
	return rows.length === 0 ? null : { colour: "green", rhythm: RHYTHMS.steady };
}

/** Seconds of one period, for a CSS animation with steps; the lit share is its first keyframe. */
export function periodS(rhythm: Rhythm): number {
	return (rhythm[0] + rhythm[1]) / 1000;
}
