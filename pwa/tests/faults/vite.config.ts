/** The harness as one file for Node, everything in it: the long runs of loadtests/faults.py. */
import { join } from "node:path";
import { defineConfig } from "vite";

export default defineConfig({
	root: join(import.meta.dirname, "../.."),
	publicDir: false,
	define: { __VERSION__: JSON.stringify("0") },
	ssr: { noExternal: true },
	build: {
		ssr: "tests/faults/many.ts",
		target: "node22",
		minify: false,
		rollupOptions: { output: { entryFileNames: "many.mjs" } },
	},
});
