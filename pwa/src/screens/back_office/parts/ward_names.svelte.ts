/**
 * Names for the ids that records carry. They are those of now: what was renamed since reads by its new name, what is
 * gone by its id. Who may not see a ward's configuration reads ids.
 */
import { untrack } from "svelte";
import { type Language, named } from "../../../text/words";
import type { Office } from "../office_state.svelte";
import type { WardConfig } from "../types";

export class WardNames {
	private readonly office: Office;
	private configs: Readonly<Record<string, WardConfig>> = $state.raw({});
	private readonly asked = new Set<string>();

	constructor(office: Office) {
		this.office = office;
	}

	/** Reads the wards that are not known yet; one that cannot be read stays without names. */
	async want(wards: Iterable<string | null>): Promise<void> {
		const { office } = this;
		// what a page's effect asks for is no reason for it to run again
		const missing = untrack(() => {
			if (!office.may("ward.read")) return [];
			const seen = new Set((office.me?.wards ?? []).map((ward) => ward.id));
			return [...new Set(wards)].filter(
				(ward): ward is string =>
					ward !== null && ward !== office.config?.id && seen.has(ward) && !this.asked.has(ward),
			);
		});
		for (const ward of missing) this.asked.add(ward);
		const found = await Promise.allSettled(
			missing.map((ward) => office.api.get<WardConfig>(`wards/${encodeURIComponent(ward)}`)),
		);
		const more = found.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
		if (more.length > 0)
			this.configs = { ...this.configs, ...Object.fromEntries(more.map((one) => [one.id, one])) };
	}

	config(ward: string | null): WardConfig | null {
		if (ward === null) return null;
		const { config } = this.office;
		return config?.id === ward ? config : (this.configs[ward] ?? null);
	}

	private all(): WardConfig[] {
		const { config } = this.office;
		const others = Object.values(this.configs).filter((one) => one.id !== config?.id);
		return config === null ? others : [config, ...others];
	}

	ward(id: string): string {
		const found = this.office.me?.wards.find((ward) => ward.id === id);
		if (found === undefined) return id;
		return this.office.language === "en" && found.name_en !== "" ? found.name_en : found.name;
	}

	bed(ward: string | null, id: string): string {
		const bed = this.config(ward)?.beds.find((one) => one.id === id);
		return bed === undefined ? id : bed.call_name || bed.label;
	}

	room(ward: string | null, id: string): string {
		return this.config(ward)?.rooms.find((one) => one.id === id)?.name ?? id;
	}

	group(ward: string | null, id: string): string {
		return this.config(ward)?.groups.find((one) => one.id === id)?.name ?? id;
	}

	callType(ward: string | null, id: string, language: Language): string {
		const type = this.config(ward)?.call_types.find((one) => one.id === id);
		return type === undefined ? id : named(type, language);
	}

	terminal(id: string): string {
		const found = this.all()
			.flatMap((config) => config.terminals)
			.find((one) => one.id === id);
		if (found === undefined) return id;
		return this.office.language === "en" && found.name_en !== "" ? found.name_en : found.name;
	}

	staff(id: string): string {
		const me = this.office.me?.staff;
		if (me?.id === id) return me.name;
		const found = this.all()
			.flatMap((config) => config.staff)
			.find((one) => one.id === id);
		return found?.name ?? id;
	}
}
