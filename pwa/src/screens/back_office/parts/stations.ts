/** Stations that a group or a plan of hosting may name: of this ward, and of others the person sees. */
import type { Language } from "../../../text/words";
import type { Office } from "../office_state.svelte";
import type { WardConfig } from "../types";
import { ordered } from "./values";

export interface Station {
	id: string;
	name: string;
	name_en: string;
	/** null: of this ward */
	ward: string | null;
	main: boolean;
}

export function stationsOf(config: WardConfig, elsewhere: boolean): Station[] {
	return ordered(config.terminals)
		.filter((one) => one.kind === "station" && one.state !== "revoked")
		.map(({ id, name, name_en, profile }) => ({
			id,
			name,
			name_en,
			ward: elsewhere ? config.ward.name : null,
			main: profile.includes("main"),
		}));
}

/** Those of the other wards; a ward that cannot be read has none. */
export async function stationsElsewhere(office: Office): Promise<Station[]> {
	const others = (office.me?.wards ?? []).filter((ward) => ward.id !== office.ward);
	const found = await Promise.allSettled(
		others.map((ward) => office.api.get<WardConfig>(`wards/${encodeURIComponent(ward.id)}`)),
	);
	return found.flatMap((one) => (one.status === "fulfilled" ? stationsOf(one.value, true) : []));
}

/** "护士站主机", with its ward where it is another; the id of one that is not known. */
export function stationName(stations: readonly Station[], id: string, language: Language): string {
	const found = stations.find((one) => one.id === id);
	if (found === undefined) return id;
	const name = language === "en" && found.name_en !== "" ? found.name_en : found.name;
	return found.ward === null ? name : `${found.ward} · ${name}`;
}
