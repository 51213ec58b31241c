/** One run: a ward, its people and its faults out of a seed, healed at the end and judged twice. */

import { judgeWay, judgeWorld, KINDS, type Verdict } from "./checks";
import { FaultMaker } from "./faults";
import { type Latencies, latencies } from "./latencies";
import { People } from "./people";
import { govern } from "./platform";
import { SMALL, type WardSize } from "./ward_plan";
import { World } from "./world";

export interface RunOptions {
	seed: string;
	calls: number;
	size?: WardSize;
	/** mean ms between presses of the ward, and between faults */
	pressMs?: number;
	faultMs?: number;
	/** the hub is away from the first press to the last */
	hubAway?: boolean;
	/** faults last so many times longer */
	stretch?: number;
	/** whether the ward is watched for another 15 min */
	aftermath?: boolean;
	/** breaks a rule on purpose */
	breakRule?: (world: World) => void;
	/** every line of the journal, as it is written */
	echo?: (line: string) => void;
}

export interface RunResult {
	seed: string;
	calls: number;
	/** said or written to be kept */
	kept: number;
	acts: number;
	over: number;
	faults: Map<string, number>;
	verdict: Verdict;
	/** of all verdicts together */
	failures: string[];
	/** how often a call that was over on a screen came back before all was whole, refused ends among them */
	cameBack: number;
	latencies: Latencies;
	journal: string;
	virtualMs: number;
	events: number;
	cpuMs: number;
}

const BEGIN_MS = 15_000;
/** Longest back-off of any part, twice, and the beats around it. */
const SETTLE_MS = 60_000;
/** What closed leaves the documents after 10 min, and terminals' folds: nothing may come back by that. */
const AFTERMATH_MS = 13 * 60_000;

export async function runWard(options: RunOptions): Promise<RunResult> {
	const { seed, calls, size = SMALL, pressMs = 900, faultMs = 4_000 } = options;
	const cpu = process.cpuUsage();
	const world = new World(seed, size, options.echo ?? null);
	const { time, journal } = world;
	govern(time, seed);
	// Terminals say each time that their disk refused something: that is a fault here, and no news.
	const complain = console.error;
	console.error = (...words: unknown[]) => {
		if (words[0] !== "storage:") complain(...words);
	};
	try {
		options.breakRule?.(world);
		world.startHub();
		for (const id of world.machines.keys()) world.start(id);
		await time.run(BEGIN_MS);
		if (options.hubAway) world.holdHub(world.chance.chance(0.5));
		const people = new People(world, calls, pressMs);
		const faults = new FaultMaker(world, faultMs, options.stretch ?? 1);
		people.start();
		faults.start();
		while (!people.done) await time.run(time.now + 10_000);
		faults.stop();
		world.heal();
		await time.run(time.now + SETTLE_MS);
		const verdict = { ...judgeWorld(world), ...judgeWay(world) };
		const cameBack = journal.cameBack.length;
		const failures = told("", verdict);
		journal.line("whole");
		if (options.aftermath) {
			await aftermath(world);
			const later = judgeWorld(world);
			for (const { call, terminal } of journal.cameBack.slice(cameBack)) {
				later.resurrected.push(`${call} came back at ${terminal}`);
			}
			failures.push(...told("later: ", later));
			for (const kind of KINDS) verdict[kind].push(...later[kind]);
		}
		for (const failure of failures) journal.line(failure);
		const spent = process.cpuUsage(cpu);
		const presses = [...journal.presses.values()];
		return {
			seed,
			calls: presses.length,
			kept: presses.filter(({ durableAt, saidAt }) => durableAt !== null || saidAt !== null).length,
			acts: journal.acts.size,
			over: verdict.over.size,
			faults: journal.faults,
			verdict,
			failures,
			cameBack,
			latencies: latencies(journal),
			journal: journal.digest(),
			virtualMs: time.now,
			events: time.count,
			cpuMs: (spent.user + spent.system) / 1_000,
		};
	} finally {
		console.error = complain;
		govern(null);
	}
}

/** The same ward later: pages and hub restart once more, and old calls leave the documents. */
async function aftermath(world: World): Promise<void> {
	const { time } = world;
	const chance = world.chance.fork("aftermath");
	const ids = [...world.machines.keys()];
	const until = time.now + AFTERMATH_MS;
	while (time.now < until) {
		await time.run(Math.min(until, time.now + chance.whole(60_000, 150_000)));
		const id = chance.pick(ids);
		world.kill(id, chance.chance(0.5));
		world.time.schedule(2_000, () => world.start(id), null);
		if (chance.chance(0.3)) {
			world.killHub(chance.chance(0.5));
			world.time.schedule(5_000, () => world.startHub(), null);
		}
	}
	await time.run(time.now + SETTLE_MS);
}

function told(when: string, verdict: Verdict): string[] {
	return KINDS.flatMap((kind) => verdict[kind].map((each) => `${when}${kind}: ${each}`));
}
