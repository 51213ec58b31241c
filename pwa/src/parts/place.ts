/** Where a call comes from, in the words of the ward: the bed number first and largest (12床). */
import type { CallRow, Directory } from "../core/calls/types";
import { common } from "../text/common";
import { type Language, say } from "../text/words";

export interface Place {
	/** the large part: bed label, room name or a terminal's name */
	main: string;
	/** 床, 卫生间, 室; empty for a terminal */
	unit: string;
	/** the room of a bed, else empty */
	detail: string;
}

/** Total: what the directory does not know is shown by its id. */
export function placeOf(row: CallRow, directory: Directory, language: Language): Place {
	const t = say(language, common);
	const cut = row.source.indexOf(":");
	const kind = row.source.slice(0, cut);
	const id = row.source.slice(cut + 1);
	const room = (roomId: string): string => directory.rooms[roomId]?.name ?? roomId;
	if (kind === "bed") {
		const bed = directory.beds[id];
		const roomId = bed?.room ?? row.room;
		return {
			main: bed?.label ?? id,
			unit: t.bed,
			detail: roomId === null ? "" : t.roomOf(room(roomId)),
		};
	}
	if (kind === "bathroom") return { main: room(id), unit: t.bathroom, detail: "" };
	if (kind === "room") return { main: room(id), unit: t.room, detail: "" };
	return { main: terminalName(id, directory, language), unit: "", detail: "" };
}

/** Name of a terminal for people; its id when it has none (bedsides are not told names). */
export function terminalName(id: string, directory: Directory, language: Language): string {
	const terminal = directory.terminals[id];
	if (terminal === undefined) return id;
	return (language === "en" ? (terminal.name_en ?? terminal.name) : terminal.name) ?? id;
}

/** Who made an act: the person when signed in, marked where the hub vouches for nobody, else the terminal. */
export function whoOf(
	mark: { terminal: string; staff: string | null; staffUnverified?: boolean },
	directory: Directory,
	language: Language,
): string {
	const person = mark.staff === null ? undefined : directory.staff[mark.staff];
	if (person === undefined) return terminalName(mark.terminal, directory, language);
	if (mark.staffUnverified !== true) return person.name;
	const word = say(language, common).unverified;
	return language === "zh" ? `${person.name}（${word}）` : `${person.name} (${word})`;
}
