/** How far the presses of this terminal have come (A4): those open in the board, those refused, and those no key could sign. */
import { ownCalls, progressOf } from "../board_rules";
import type { Board, FactBody, HeardFact } from "../calls/types";
import type { OwnPress } from "../terminal_types";
import type { DiskState } from "./maker";

/** A press that came to nothing is shown this long. */
const SHOWN_MS = 10 * 60_000;
/** A hub answers within a disk's flush; whoever waits longer is told, and heard, at the bed (A3: within 1 s). */
export const UNDELIVERED_MS = 800;

export class OwnPresses {
	private readonly terminal: string;
	private strays: OwnPress[] = [];

	constructor(terminal: string) {
		this.terminal = terminal;
	}

	/** A press that no key can sign: it sounds and shows here alone. */
	unsigned(type: string, at: number): void {
		this.strays.push({
			call: `unsigned-${at}`,
			type,
			at,
			progress: "failed",
			heldBy: [],
			undelivered: true,
			refused: "unenrolled",
		});
	}

	/** The hub refused a press: it stays in view with the reason. */
	refused(call: string, body: FactBody, reason: string): void {
		const { at, type = "" } = body;
		const progress = "kept";
		this.strays.push({ call, type, at, progress, heldBy: [], undelivered: true, refused: reason });
	}

	read(
		board: Board,
		factOf: (id: string) => HeardFact | null,
		diskOf: (id: string) => DiskState,
		now: number,
		/** whether a hub is there that can store */
		reachable: boolean,
		/** neighbours that said that they hold it, sorted */
		heldByOf: (id: string) => string[] = () => [],
	): OwnPress[] {
		const presses: OwnPress[] = [];
		for (const row of board.rows) {
			for (const call of ownCalls(row, this.terminal)) {
				const fact = factOf(call);
				if (!fact) continue;
				const heldBy = heldByOf(call);
				const progress = progressOf(row, fact.heardAt, diskOf(call), heldBy);
				const late = !reachable || now - fact.body.at >= UNDELIVERED_MS;
				const here = progress === "pressed" || progress === "kept";
				const undelivered = progress === "failed" || (here && late);
				const { at } = fact.body;
				const { type } = row;
				presses.push({ call, type, at, progress, heldBy, undelivered, refused: null });
			}
		}
		this.strays = this.strays.filter((each) => now - each.at < SHOWN_MS);
		return [...presses, ...this.strays].sort((one, other) => one.at - other.at);
	}
}
