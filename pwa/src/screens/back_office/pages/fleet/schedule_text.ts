/** A schedule's action in words. */
import { type Language, say } from "../../../../text/words";
import type { DeviceScheduleValue } from "../../types";
import { fleetWords } from "./words";

export function scheduleText(
	{ do: what, value }: Pick<DeviceScheduleValue, "do" | "value">,
	language: Language,
): string {
	const t = say(language, fleetWords);
	const text = {
		volume: t.volume,
		brightness: t.brightness,
		screen_on: t.screenOn,
		screen_off: t.screenOff,
		restart: t.restart,
	}[what];
	return value === null ? text : `${text} ${value}%`;
}
