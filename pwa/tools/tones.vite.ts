/** Builds the tone renderer alone as one module, for the test that measures tones in a browser. */
import { join } from "node:path";
import { defineConfig } from "vite";

export default defineConfig({
	root: join(import.meta.dirname, ".."),
	publicDir: false,
	logLevel: "warn",
	build: {
		emptyOutDir: false,
		lib: {
			entry: join(import.meta.dirname, "tones_page.ts"),
			formats: ["es"],
			fileName: () => "tones.js",
		},
	},
});
