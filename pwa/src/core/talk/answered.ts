/**
 * The facts a talk leaves: `answered` by who answers, and one `ended` a leg (CF21, CF22, CF25). An answer is marked on
 * disk until it has ended, so that a page that dies in a talk does not leave the call as "talking".
 */
import type { CallRow } from "../calls/types";
import type { Leg } from "./leg_run";
import type { TalkPort } from "./port";
import { isOwn } from "./who";

const PREFIX = "talk:";
/** An answer of an earlier start whose row has not been seen for so long is over by itself (CF21). */
const FORGET_MS = 120_000;

interface Mark {
	talk: string;
	calls: string[];
}

export class Answered {
	private readonly port: TalkPort;
	private readonly rows = new Map<Leg, CallRow[]>();
	/** answers of an earlier start, and when they were read (monotonic ms) */
	private left: { mark: Mark; at: number }[] = [];

	constructor(port: TalkPort) {
		this.port = port;
	}

	async load(): Promise<void> {
		const mine = new Set([...this.rows.keys()].map((leg) => leg.plan.talk));
		for (const { value } of await this.port.store.metas<Mark>(PREFIX)) {
			if (!mine.has(value.talk)) this.left.push({ mark: value, at: this.port.monotonic() });
		}
		this.settle();
	}

	/** Makes the fact and remembers what is to be ended. Resolves when the fact is kept. */
	async make(leg: Leg, row: CallRow): Promise<void> {
		const rows = [...(this.rows.get(leg) ?? []), row];
		this.rows.set(leg, rows);
		const made = this.port.make("answered", row, {});
		const { talk } = leg.plan;
		const mark: Mark = { talk, calls: rows.flatMap((each) => each.calls) };
		this.port.store
			.putMeta(PREFIX + talk, mark)
			.then(() => {
				// Over before the mark was on disk.
				if (!this.rows.has(leg)) return this.port.store.dropMeta(PREFIX + talk);
			})
			.catch(this.port.failed);
		await made;
	}

	/**
	 * A leg is over: who answered ends its answer, and so does the other end when a hand hangs up there or the line breaks:
	 * whoever answered may be gone. Nobody has hung up a talk that broke or was passed on: it says no time, or it would
	 * close the call under `tender`.
	 */
	end(leg: Leg): void {
		const rows = this.rows.get(leg);
		if (rows === undefined) {
			this.endHere(leg);
			return;
		}
		this.rows.delete(leg);
		for (const row of rows) this.ended(row, row.calls, talkedMs(leg));
		this.port.store.dropMeta(PREFIX + leg.plan.talk).catch(this.port.failed);
	}

	/** Rows may have come: answers of an earlier start end, without a talk. */
	settle(): void {
		if (this.left.length === 0) return;
		const { self, store, monotonic, failed } = this.port;
		this.left = this.left.filter(({ mark, at }) => {
			const row = this.rowOf(mark.calls);
			const forgotten = monotonic() - at >= FORGET_MS;
			if (row === undefined && !forgotten) return true;
			if (row?.talking?.terminal === self.terminal) {
				const calls = row.calls.filter((call) => mark.calls.includes(call));
				this.ended(row, calls, 0);
			}
			store.dropMeta(PREFIX + mark.talk).catch(failed);
			return false;
		});
	}

	private endHere(leg: Leg): void {
		const { self } = this.port;
		const broke = leg.end === "lost" || leg.end === "closed";
		if (!(leg.byHand || broke) || leg.openedAt === null || leg.plan.purpose !== "talk") return;
		const row = this.rowOf(leg.calls);
		if (row === undefined || !isOwn(row, self)) return;
		const calls = row.calls.filter((call) => leg.calls.includes(call));
		this.ended(row, calls, talkedMs(leg));
	}

	private rowOf(calls: readonly string[]): CallRow | undefined {
		return this.port.rows().find((row) => row.calls.some((call) => calls.includes(call)));
	}

	/** What the row is now, but no more calls than were answered: a press meanwhile rings on. */
	private ended(row: CallRow, calls: readonly string[], talkMs: number): void {
		const now = this.rowOf(calls) ?? row;
		const terminals = calls.map((call) => {
			const at = now.calls.indexOf(call);
			return now.terminals[at] ?? row.terminals[row.calls.indexOf(call)] ?? now.terminal;
		});
		this.port
			.make("ended", { ...now, calls: [...calls], terminals }, { talkMs })
			.catch(this.port.failed);
	}
}

/** How long it was, for the facts. One that broke, whose page was closed, or that was passed on, nobody has ended. */
function talkedMs(leg: Leg): number {
	return leg.end === "hung_up" || leg.end === "limit" ? leg.talkMs : 0;
}
