/**
 * One run as a program, for loadtests/faults.py: `node many.mjs '{"seed": "7", "calls": 500}'` prints its result as one
 * line of JSON; with "echo": true every line of its journal before that. "size": "large" is a bigger ward.
 */
import "./platform";
import { type RunOptions, runWard } from "./run";
import { LARGE, SMALL } from "./ward_plan";

interface Asked {
	seed: string;
	calls: number;
	size?: "small" | "large";
	pressMs?: number;
	faultMs?: number;
	aftermath?: boolean;
	hubAway?: boolean;
	stretch?: number;
	echo?: boolean;
}

const { size, echo, ...asked } = JSON.parse(process.argv[2] ?? "{}") as Asked;
const options: RunOptions = { ...asked, size: size === "large" ? LARGE : SMALL };
if (echo) options.echo = (line) => console.log(line);
const { verdict, faults, ...rest } = await runWard(options);
const counts = {
	lost: verdict.lost.length,
	resurrected: verdict.resurrected.length,
	unseen: verdict.unseen.length,
	unequal: verdict.unequal.length,
	early: verdict.early.length,
	back: verdict.cameBack.length,
	late: verdict.late.length,
};
console.log(JSON.stringify({ ...rest, ...counts, faults: Object.fromEntries(faults) }));
