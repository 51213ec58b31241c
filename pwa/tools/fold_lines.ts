/**
 * Folds histories for pytest: one JSON line {roots, presence, now, facts} in, one board as JSON out.
 * Run by node as it is (types stripped); no bundler, so that it folds what the app folds.
 */
import { registerHooks } from "node:module";
import { createInterface } from "node:readline";

// The app's imports name no extension; node asks for one.
registerHooks({
	resolve: (specifier, context, next) =>
		next(/^\.\.?\/.*(?<!\.ts)$/.test(specifier) ? `${specifier}.ts` : specifier, context),
});

const { readDirectory } = await import("../src/core/calls/directory");
const { fold } = await import("../src/core/calls/fold");

for await (const line of createInterface({ input: process.stdin })) {
	const { roots, presence, now, facts } = JSON.parse(line);
	const board = fold(facts, readDirectory(roots), presence, now);
	process.stdout.write(`${JSON.stringify(board)}\n`);
}
