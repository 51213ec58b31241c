/** Who lies in which bed: the ward's bed list and every stay's card, joined into one store. */
import type { CallRow, Directory } from "../../core/calls/types";
import type { DocumentView, Readable, Terminal } from "../../core/terminal_types";
import { entriesOf, rootOf } from "../documents";
import { type Card, type IsolationId, isolationKinds } from "../patient";

export interface Patient {
	bed: string;
	stay: string;
	card: Partial<Card>;
	/** the card's last time in step with the hub, ms; null when never */
	syncedAt: number | null;
	/** age of the copy before this start */
	keptAt?: number | null;
}

/** Bed → patient; empty beds are not in it. Cards are joined while someone is subscribed. */
export function wardPatients(terminal: Terminal, ward: string): Readable<Map<string, Patient>> {
	return {
		subscribe(run) {
			let beds: Record<string, string> = {};
			const cards = new Map<string, { view: DocumentView | null; leave: () => void }>();
			let due = false;
			let over = false;
			const tell = (): void => {
				if (due) return;
				due = true;
				queueMicrotask(() => {
					due = false;
					if (!over) run(joined(beds, cards));
				});
			};
			const follow = (): void => {
				const wanted = new Set(Object.values(beds));
				for (const [stay, card] of cards) {
					if (wanted.has(stay)) continue;
					card.leave();
					cards.delete(stay);
				}
				for (const stay of wanted) {
					if (cards.has(stay)) continue;
					const card: { view: DocumentView | null; leave: () => void } = {
						view: null,
						leave: () => undefined,
					};
					cards.set(stay, card);
					card.leave = terminal.document(`stay/${stay}/card`).subscribe((view) => {
						card.view = view;
						tell();
					});
				}
			};
			run(new Map());
			const leaveBeds = terminal.document(`ward/${ward}/beds`).subscribe((view) => {
				const given = entriesOf<unknown>(view, "beds");
				beds = Object.fromEntries(
					Object.entries(given).filter(
						(entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "",
					),
				);
				follow();
				tell();
			});
			return () => {
				over = true;
				leaveBeds();
				for (const card of cards.values()) card.leave();
			};
		},
	};
}

function joined(
	beds: Record<string, string>,
	cards: Map<string, { view: DocumentView | null }>,
): Map<string, Patient> {
	const patients = new Map<string, Patient>();
	for (const [bed, stay] of Object.entries(beds)) {
		const view = cards.get(stay)?.view ?? null;
		patients.set(bed, {
			bed,
			stay,
			card: rootOf<Card>(view, "card"),
			syncedAt: view?.syncedAt ?? null,
			keptAt: view?.keptAt ?? null,
		});
	}
	return patients;
}

/** What a tile needs of a row. */
export type TileCall = Pick<CallRow, "type" | "class" | "ringing">;

/** A bed as grids draw it. */
export interface Tile {
	bed: string;
	label: string;
	empty: boolean;
	name: string;
	sex: string | undefined;
	age: string | undefined;
	level: string | undefined;
	condition: "critical" | "serious" | undefined;
	allergy: boolean;
	isolation: IsolationId[];
	risks: string[];
	arrears: boolean;
	/** a borrowed bed: the patient is another department's (LOAN-01) */
	loaned: boolean;
	surgeryAt: number | null;
	nurse: string | undefined;
	/** first of the open calls of this bed or of its room */
	call: TileCall | null;
}

/** What `ward/{w}/board` says of a bed (already masked by the hub). */
export type BoardBed = Partial<Omit<Card, "allergies" | "payment" | "stay">> & {
	label?: string;
	room?: string;
	allergy?: boolean;
	arrears?: boolean;
	loaned?: boolean;
};

function callOf(rows: readonly CallRow[], bed: string, room: string): TileCall | null {
	const row =
		rows.find((one) => one.bed === bed) ??
		rows.find((one) => one.bed === null && one.room === room);
	return row === undefined ? null : { type: row.type, class: row.class, ringing: row.ringing };
}

/** Takes over the tiles that did not change, so that a call at one bed redraws that bed only. */
export function keepSame(before: readonly Tile[], after: Tile[]): Tile[] {
	const known = new Map(before.map((one) => [one.bed, one]));
	return after.map((one) => {
		const old = known.get(one.bed);
		return old !== undefined && JSON.stringify(old) === JSON.stringify(one) ? old : one;
	});
}

function bedsInOrder(directory: Directory) {
	return Object.values(directory.beds).sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
}

function tile(
	place: { id: string; label: string; room: string },
	rows: readonly CallRow[],
	said: BoardBed,
	empty: boolean,
): Tile {
	return {
		bed: place.id,
		label: place.label,
		empty,
		name: said.name ?? "",
		sex: said.sex,
		age: said.age_text,
		level: said.care_level,
		condition: said.condition,
		allergy: said.allergy === true,
		isolation: isolationKinds(said.isolation),
		risks: said.risks ?? [],
		arrears: said.arrears === true,
		loaned: said.loaned === true,
		surgeryAt: said.surgery?.at ?? null,
		nurse: said.nurse,
		call: callOf(rows, place.id, place.room),
	};
}

/** Every bed of the ward in its order, with full names (station, PDA). */
export function patientTiles(
	directory: Directory,
	patients: ReadonlyMap<string, Patient>,
	rows: readonly CallRow[],
): Tile[] {
	return bedsInOrder(directory).map((place) => {
		const card = patients.get(place.id)?.card;
		const said: BoardBed =
			card === undefined
				? {}
				: {
						...card,
						allergy: (card.allergies ?? []).length > 0,
						arrears: card.payment?.arrears === true,
					};
		return tile(place, rows, said, card === undefined);
	});
}

/** Every bed of the ward as the whiteboard's projection tells it. */
export function boardTiles(
	directory: Directory,
	board: Record<string, BoardBed>,
	rows: readonly CallRow[],
): Tile[] {
	return bedsInOrder(directory).map((place) => {
		const said = board[place.id] ?? {};
		return tile(place, rows, said, said.name === undefined);
	});
}

/** Calendar days since the operation: its own day is 0; null before that day or without one. `now`: any instant of today. */
export function postOpDay(surgeryAt: number | null, now: number): number | null {
	if (surgeryAt === null) return null;
	const [then, today] = [new Date(surgeryAt), new Date(now)];
	const from = Date.UTC(then.getFullYear(), then.getMonth(), then.getDate());
	const to = Date.UTC(today.getFullYear(), today.getMonth(), today.getDate());
	return to < from ? null : Math.round((to - from) / 86_400_000);
}
