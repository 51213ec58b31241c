/** One build for every terminal: an entry a screen, a shared core, and a service worker that knows what each entry needs. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const SCREENS = ["bedside", "door", "corridor", "station", "whiteboard", "pda", "wall"];
/** Loaded when it is asked for, with the hub there: no part of any offline copy. */
const NOT_PRECACHED = /^assets\/live-/;
const root = import.meta.dirname;
const present = SCREENS.filter((screen) => existsSync(join(root, `src/screens/${screen}/main.ts`)));
const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version as string;

type Bundle = Parameters<
	Extract<NonNullable<Plugin["writeBundle"]>, (...a: never[]) => unknown>
>[1];

/** Files an entry loads: its chunks, their styles and assets, and the dedicated workers. */
function filesOf(bundle: Bundle, screen: string): string[] {
	const files = new Set(Object.keys(bundle).filter((file) => /_worker-[^/]*\.js$/.test(file)));
	const visit = (file: string) => {
		const chunk = bundle[file];
		if (NOT_PRECACHED.test(file)) return;
		if (files.has(file) || chunk?.type !== "chunk") return;
		files.add(file);
		for (const css of chunk.viteMetadata?.importedCss ?? []) files.add(css);
		for (const asset of chunk.viteMetadata?.importedAssets ?? []) files.add(asset);
		for (const next of [...chunk.imports, ...chunk.dynamicImports]) visit(next);
	};
	for (const chunk of Object.values(bundle)) {
		if (chunk.type === "chunk" && chunk.isEntry && chunk.name === screen) visit(chunk.fileName);
	}
	return [...files].sort();
}

/**
 * Writes into dist/sw.js which files each screen needs and a hash of all content, so that a new build is a new worker. The
 * hash is the build's name: build.json tells it to the hub, a meta element to the page.
 */
function precache(): Plugin {
	return {
		name: "wardline-precache",
		apply: "build",
		enforce: "post",
		writeBundle({ dir = "dist" }, bundle) {
			const hash = createHash("sha256");
			for (const file of Object.keys(bundle).sort()) hash.update(readFileSync(join(dir, file)));
			const lists = Object.fromEntries(
				present.map((screen) => [screen, filesOf(bundle, screen).map((file) => `/${file}`)]),
			);
			const build = hash.digest("hex").slice(0, 16);
			const worker = join(dir, "sw.js");
			const precached = readFileSync(worker, "utf8")
				.replaceAll("__PRECACHE__", JSON.stringify(lists))
				.replaceAll("__BUILD__", JSON.stringify(build));
			writeFileSync(worker, precached);
			const meta = `<meta name="wardline-build" content="${build}" />`;
			for (const file of readdirSync(dir).filter((name) => name.endsWith(".html"))) {
				const page = readFileSync(join(dir, file), "utf8");
				writeFileSync(join(dir, file), page.replace("<head>", `<head>\n\t\t${meta}`));
			}
			writeFileSync(join(dir, "build.json"), `${JSON.stringify({ build, version })}\n`);
		},
	};
}

export default defineConfig({
	root,
	define: { __VERSION__: JSON.stringify(version) },
	plugins: [svelte(), precache()],
	resolve: process.env.VITEST ? { conditions: ["browser"] } : {},
	build: {
		target: "chrome107",
		outDir: "dist",
		assetsDir: "assets",
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		rollupOptions: {
			input: {
				...Object.fromEntries(present.map((screen) => [screen, join(root, `${screen}.html`)])),
				...(existsSync(join(root, "office.html")) && { office: join(root, "office.html") }),
				sw: join(root, "src/service_worker/worker.ts"),
			},
			output: {
				chunkFileNames: (chunk) =>
					chunk.moduleIds.some((id) => id.includes("@rrweb"))
						? "assets/live-[hash].js"
						: "assets/[name]-[hash].js",
				entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
			},
		},
	},
	test: {
		include: ["tests/**/*.test.ts"],
		environment: "node",
		setupFiles: ["tests/set_up.ts"],
		fakeTimers: { toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] },
	},
});
