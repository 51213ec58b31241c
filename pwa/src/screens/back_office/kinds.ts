/** Kinds of terminals in words. */
import type { Kind } from "./types";

export const KINDS: Readonly<Record<Kind, { zh: string; en: string }>> = {
	bedside: { zh: "床头屏", en: "Bedside" },
	door: { zh: "门口屏", en: "Door" },
	corridor: { zh: "走廊屏", en: "Corridor" },
	station: { zh: "护士站", en: "Station" },
	whiteboard: { zh: "白板屏", en: "Whiteboard" },
	pda: { zh: "手持终端", en: "PDA" },
	call_point: { zh: "呼叫器", en: "Call point" },
};

export const KIND_NAMES = Object.keys(KINDS) as Kind[];
