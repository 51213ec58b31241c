/** What this terminal sounds for the calls it lists, and which of them a station may report as received. */
import { isSafe, MISSED_TONE_MS, type Sounding, sounding, toReceive } from "./board_rules";
import { MAX_CALLS } from "./calls/facts";
import type { Board, CallRow, Directory } from "./calls/types";
import type { FactStore } from "./facts/fact_store";
import type { Sounder } from "./terminal_parts";
import type { SelfInfo } from "./terminal_types";

export class Alarms {
	/** What sounds now, muted or not. */
	heard: Sounding | null = null;
	private readonly sounder: Sounder;
	/** First sight of each missed row: it has one tone. */
	private readonly missedSince = new Map<string, number>();
	/** Calls whose receipt has been made here. */
	private readonly received = new Set<string>();

	constructor(sounder: Sounder) {
		this.sounder = sounder;
	}

	/** Sounds the most urgent of the board; `alone`: this bed's own press has reached nobody, so it sounds itself (layer 4). */
	sound(
		board: Board,
		place: { self: SelfInfo; directory: Directory } | null,
		{ alone, muted, now }: { alone: boolean; muted: boolean; now: number },
	): void {
		let heard: Sounding | null = null;
		if (place !== null) {
			heard = sounding(board, place.self, place.directory, (row) => {
				const since = this.missedSince.get(row.id) ?? now;
				this.missedSince.set(row.id, since);
				return now - since > MISSED_TONE_MS;
			});
		}
		if (alone) heard ??= { tone: "low", routine: true };
		this.heard = heard;
		this.sounder.setMuted(muted && (heard?.routine ?? true));
		this.sounder.play(heard?.tone ?? null);
	}

	/** Receipts a station owes: rows it lists, whose calls are safe, and whose alarm can be heard. */
	receipts(
		board: Board,
		self: SelfInfo,
		directory: Directory,
		facts: FactStore,
		connected: boolean,
	): { row: CallRow; calls: string[] }[] {
		if (this.sounder.state() === "blocked") return [];
		const safe = (call: string) => !this.received.has(call) && isSafe(facts.get(call), connected);
		return toReceive(board, self, directory, facts.facts(), safe).map(({ row, calls }) => {
			const named = calls.slice(0, MAX_CALLS);
			for (const call of named) this.received.add(call);
			return { row, calls: named };
		});
	}
}
