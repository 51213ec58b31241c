/** Stations that a group or a plan of hosting may name: the ward's own, for no other's screen would show its calls. */
import type { Language } from "../../../text/words";
import type { WardConfig } from "../types";
import { ordered } from "./values";

export interface Station {
	id: string;
	name: string;
	name_en: string;
	main: boolean;
}

export function stationsOf(config: WardConfig): Station[] {
	return ordered(config.terminals)
		.filter((one) => one.kind === "station" && one.state !== "revoked")
		.map(({ id, name, name_en, profile }) => ({
			id,
			name,
			name_en,
			main: profile.includes("main"),
		}));
}

/** "护士站主机"; the id of one that is not known. */
export function stationName(stations: readonly Station[], id: string, language: Language): string {
	const found = stations.find((one) => one.id === id);
	if (found === undefined) return id;
	return language === "en" && found.name_en !== "" ? found.name_en : found.name;
}
