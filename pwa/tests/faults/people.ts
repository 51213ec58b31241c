/** Patients and nurses: they press, and act on what their screens show, after a moment and sometimes on what was shown before. */
import type { Act, CallRow } from "../../src/core/calls/types";
import type { PressOptions } from "../../src/core/facts/hand";
import type { Machine } from "./machine";
import type { Seeded } from "./seeded";
import type { World } from "./world";

/** Mean ms between two presses, and between two acts, in the whole ward. */
const ACTS_A_PRESS = 2.6;
const REACTION_MS = [150, 2_500] as const;

type Weighted<T> = readonly (readonly [weight: number, item: T])[];

const ACTS: Partial<Record<Machine["self"]["kind"], Weighted<Act>>> = {
	station: [
		[3, "acknowledged"],
		[2, "answered"],
		[2, "ended"],
		[4, "cleared"],
		[1, "cancelled"],
	],
	pda: [
		[3, "acknowledged"],
		[2, "declined"],
		[2, "answered"],
		[2, "ended"],
		[4, "attended"],
		[5, "cleared"],
		[1, "cancelled"],
	],
	door: [
		[4, "attended"],
		[1, "answered"],
		[1, "ended"],
		[4, "cleared"],
		[2, "cancelled"],
	],
	whiteboard: [
		[1, "acknowledged"],
		[2, "cleared"],
	],
	bedside: [
		[3, "cancelled"],
		[1, "cleared"],
		[1, "ended"],
	],
};

export class People {
	private readonly world: World;
	private readonly chance: Seeded;
	private readonly calls: number;
	private readonly pressMs: number;

	/** `calls`: how many are to be placed; `pressMs`: mean time between presses of the whole ward. */
	constructor(world: World, calls: number, pressMs: number) {
		this.world = world;
		this.chance = world.chance.fork("people");
		this.calls = calls;
		this.pressMs = pressMs;
	}

	get done(): boolean {
		return this.world.journal.presses.size >= this.calls;
	}

	start(): void {
		const { time } = this.world;
		const press = () => {
			if (this.done) return;
			this.press();
			time.schedule(this.chance.wait(this.pressMs), press, null);
		};
		const act = () => {
			if (this.done) return;
			this.act();
			time.schedule(this.chance.wait(this.pressMs / ACTS_A_PRESS), act, null);
		};
		press();
		act();
	}

	private press(): void {
		const { chance, world } = this;
		const running = [...world.machines.values()].filter(({ state }) => state?.phase === "ready");
		const kind = chance.weighted([
			[65, "bedside"],
			[20, "door"],
			[8, "pda"],
			[7, "station"],
		] as const);
		const able = running.filter(({ self }) => self.kind === kind);
		if (able.length === 0) return;
		const machine = chance.pick(able);
		const [type, options] = this.pressOf(machine);
		// Hasty hands press again; within 2 s that only confirms.
		const again = chance.chance(0.15) ? [chance.whole(20, 4_000)] : [];
		for (const wait of [0, ...again]) {
			world.time.schedule(
				wait,
				() => machine.hand((terminal) => void terminal.press(type, options)),
				null,
			);
		}
	}

	private pressOf({ self }: Machine): [type: string, options: PressOptions] {
		const { chance, world } = this;
		switch (self.kind) {
			case "bedside": {
				const type = chance.weighted([
					[7, "patient"],
					[1, "dressing"],
					[2, "emergency"],
				] as const);
				return [type, type === "patient" && chance.chance(0.4) ? { purpose: "water" } : {}];
			}
			case "door":
				return [chance.pick(["bathroom", "bathroom", "staff_assist", "code"]), {}];
			case "pda": {
				const room = chance.pick(world.plan.rooms);
				return [chance.pick(["staff_assist", "code"]), { source: `room:${room}`, room }];
			}
			default: {
				const others = [...world.machines.values()].filter(
					(each) => each.self.kind === "station" && each.id !== self.terminal,
				);
				const to = others.length > 0 ? chance.pick(others).id : undefined;
				const call = chance.chance(0.5) && to !== undefined;
				return call ? ["station", { to }] : ["code", {}];
			}
		}
	}

	private act(): void {
		const { chance, world } = this;
		const able = [...world.machines.values()].filter(
			({ state, self }) => ACTS[self.kind] && (state?.board.rows.length ?? 0) > 0,
		);
		const staff = able.filter(({ self }) => self.kind !== "bedside");
		const among = chance.chance(0.12) ? able : staff;
		if (among.length === 0) return;
		const machine = chance.pick(among);
		const terminal = machine.page?.terminal;
		const rows = machine.state?.board.rows ?? [];
		const choices = ACTS[machine.self.kind] ?? [];
		if (!terminal || rows.length === 0) return;
		const row = chance.pick(rows);
		const may = choices.filter(([, act]) => terminal.may(act, row));
		if (may.length === 0) return;
		const act = chance.weighted(may);
		world.time.schedule(
			chance.whole(...REACTION_MS),
			() => this.do(machine, act, row.id, row),
			null,
		);
	}

	/** The finger comes down: on the row as it is drawn now, or as it was when she looked. */
	private do(machine: Machine, act: Act, id: string, looked: CallRow): void {
		const { chance, world } = this;
		const now = machine.state?.board.rows.find((row) => row.id === id);
		const row = now === undefined || chance.chance(0.3) ? looked : now;
		const talkMs = act === "ended" ? chance.pick([0, 1_500, 2_500, 9_000]) : undefined;
		machine.hand((terminal) => {
			if (!terminal.may(act, row)) return;
			world.journal.meant(machine.id, act, row.calls);
			void terminal.act(act, row, talkMs === undefined ? {} : { talkMs });
			if (act === "answered") this.hangUpLater(machine, row.id, row);
		});
	}

	private hangUpLater(machine: Machine, id: string, row: CallRow): void {
		const { chance, world } = this;
		world.time.schedule(
			chance.whole(2_200, 15_000),
			() => this.do(machine, "ended", id, row),
			null,
		);
	}
}
