/** Who is at the other end of a talk, as the ward says it: 12床, 706室门口, 护士站主机. */
import type { Directory } from "../../core/calls/types";
import { HUB_PARTY } from "../../core/signalling/types";
import { common } from "../../text/common";
import { type Language, say } from "../../text/words";
import { terminalName } from "../place";
import { talkWords } from "./words";

/** Total: a terminal the directory does not know is shown by its id. */
export function partyName(id: string, directory: Directory, language: Language): string {
	const t = say(language, talkWords);
	if (id === HUB_PARTY) return t.hubVoice;
	const c = say(language, common);
	const entry = directory.terminals[id];
	if (entry?.kind === "bedside" && entry.bed !== undefined)
		return c.bedOf(directory.beds[entry.bed]?.label ?? entry.bed);
	if (entry?.kind === "door" && entry.room !== undefined)
		return t.doorOf(directory.rooms[entry.room]?.name ?? entry.room);
	const name = terminalName(id, directory, language);
	// a bedside's share of the directory has no names
	if (name === id && entry?.kind === "station") return c.station;
	if (name === id && entry?.kind === "pda") return t.handheld;
	return name;
}
