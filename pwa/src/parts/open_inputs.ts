/** Which of a terminal's inputs are open, in words (A15). */
import { own } from "../core/calls/directory";
import type { Presence } from "../core/calls/types";
import { type Language, say, words } from "../text/words";

export const inputWords = words(
	{
		bathroom: "卫生间线路断开",
		handset: "手柄已拔出",
		power: "电源中断",
		other: "输入断开",
	},
	{
		bathroom: "Bathroom line broken",
		handset: "Handset pulled out",
		power: "Power lost",
		other: "Input open",
	},
);

/** The open inputs of a terminal as its presence tells them; one general word where it tells nothing. */
export function openInputs(
	terminal: string,
	presence: Presence | null,
	language: Language,
): string[] {
	const t = say(language, inputWords);
	const inputs = (presence && own(presence.terminals, terminal))?.inputs ?? {};
	const open = Object.keys(inputs).filter((input) => inputs[input] === "open");
	const named = open.map((input) =>
		input === "bathroom" || input === "handset" || input === "power" ? t[input] : t.other,
	);
	return named.length === 0 ? [t.other] : [...new Set(named)];
}
