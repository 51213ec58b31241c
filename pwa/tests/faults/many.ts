import "./platform";
import { spread, WAYS } from "./latencies";
import { runWard } from "./run";

const [seed = "1", calls = "60"] = process.argv.slice(2);
const { latencies, verdict, failures, ...rest } = await runWard({
	seed,
	calls: Number(calls),
	...(process.env.ECHO ? { echo: (l: string) => console.log(l) } : {}),
});
console.log(rest, failures.slice(0, 20), failures.length);
for (const [way, text] of WAYS) console.log(text, spread(latencies[way]));
