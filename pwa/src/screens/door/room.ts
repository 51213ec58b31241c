/** The room as the door knows it: beds and team from its document, troubles of its terminals, its isolation. */
import type { Directory, Presence, Trouble } from "../../core/calls/types";
import type { TerminalState } from "../../core/terminal_types";
import { openInputs } from "../../parts/open_inputs";
import type { IsolationId, Sex } from "../../parts/patient";
import { isolationKinds } from "../../parts/patient";
import { terminalName } from "../../parts/place";
import { type Language, say } from "../../text/words";
import { door } from "./words";

/** `ward/{w}/room/{r}/door`, root `beds`. */
export interface DoorBed {
	label: string;
	name?: string;
	sex?: Sex;
	care_level?: string;
	risks?: string[];
	isolation?: IsolationId[] | IsolationId;
	allergy?: boolean;
}

/** Root `team`. */
export interface Member {
	role: string;
	name: string;
	order: number;
}

/** Beds in the order of the directory, those it does not know after them. */
export function bedsInOrder(
	beds: Record<string, DoorBed>,
	directory: Directory,
): [string, DoorBed][] {
	const order = (id: string) => directory.beds[id]?.order ?? 10_000;
	return Object.entries(beds).sort(([a], [b]) => order(a) - order(b) || (a < b ? -1 : 1));
}

/**
 * The station that the door's key talks to: those of the room's groups in their order, then any other; of these the
 * first that is known to be there, else the first. Null while the directory has none.
 */
export function stationFor(
	room: string,
	{ directory, neighbours, presence }: Pick<TerminalState, "directory" | "neighbours" | "presence">,
): string | null {
	const grouped = Object.values(directory.groups)
		.filter((group) => group.rooms.includes(room))
		.sort((a, b) => a.order - b.order)
		.flatMap((group) => group.stations);
	const others = Object.values(directory.terminals)
		.filter((one) => one.kind === "station")
		.map((one) => one.id)
		.sort();
	const stations = [...grouped, ...others].filter(
		(id) => directory.terminals[id]?.state === "active",
	);
	const there = (id: string) =>
		neighbours.includes(id) || presence?.terminals[id]?.connected === true;
	return stations.find(there) ?? stations[0] ?? null;
}

export interface Isolation {
	kind: IsolationId;
	/** labels of the beds concerned */
	beds: string[];
}

/** The stripe: one entry a kind of isolation in the room, in fixed order. */
export function isolationOf(beds: [string, DoorBed][]): Isolation[] {
	const kinds = isolationKinds(beds.flatMap(([, bed]) => isolationKinds(bed.isolation)));
	return kinds.map((kind) => ({
		kind,
		beds: beds
			.filter(([, bed]) => isolationKinds(bed.isolation).includes(kind))
			.map(([, bed]) => bed.label),
	}));
}

/** Troubles of this room's terminals in words (A13). */
export function troubleTexts(
	troubles: readonly Trouble[],
	room: string | null,
	directory: Directory,
	presence: Presence | null,
	language: Language,
): { key: string; text: string }[] {
	const t = say(language, door);
	return troubles
		.filter((one) => one.room !== null && one.room === room)
		.map((one) => {
			const name = terminalName(one.terminal, directory, language);
			const text =
				one.kind === "missing"
					? t.missing(name)
					: one.kind === "sound"
						? t.soundOff(name)
						: t.inputOpen(name, openInputs(one.terminal, presence, language).join("、"));
			return { key: one.key, text };
		});
}
