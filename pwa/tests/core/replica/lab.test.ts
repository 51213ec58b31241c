/** The provider against the real hub: `ward-hub lab`, where the project's Python environment is installed. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IDBFactory } from "fake-indexeddb";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { HubClock } from "../../../src/core/clock";
import type { Ticker } from "../../../src/core/links/link";
import { SocketLink } from "../../../src/core/links/socket";
import { Greeting } from "../../../src/core/replica/greeting";
import { Provider } from "../../../src/core/replica/provider";
import { diskShelf } from "../../../src/core/replica/shelf";
import { Store } from "../../../src/core/store/store";

const wardHub = join(import.meta.dirname, "../../../../.venv/bin/ward-hub");
const data = mkdtempSync(join(tmpdir(), "wardline-lab-"));
let hub: ChildProcess;
let port = 0;

/** Starts the lab hub on its data folder and waits for its line. */
function startHub(): Promise<void> {
	hub = spawn(wardHub, ["lab", "--port", String(port), "--data", data], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	return new Promise((resolve, reject) => {
		hub.stdout?.on("data", (chunk) => {
			const found = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(String(chunk));
			if (found === null) return;
			port = Number(found[1]);
			resolve();
		});
		hub.once("exit", (code) => reject(new Error(`the hub ended with ${code}`)));
	});
}

async function killHub(): Promise<void> {
	if (hub.exitCode !== null || hub.signalCode !== null) return;
	const ended = new Promise((resolve) => hub.once("exit", resolve));
	hub.kill("SIGKILL");
	await ended;
}

const closing: (() => void)[] = [];

async function machine(token: string) {
	const beat = new Set<() => void>();
	const timer = setInterval(() => {
		for (const each of beat) each();
	}, 200);
	const ticker: Ticker = {
		onTick: (listener) => {
			beat.add(listener);
			return () => beat.delete(listener);
		},
	};
	const monotonic = () => performance.now();
	const store = await Store.open("lab", new IDBFactory());
	const raise = (error: unknown) => {
		throw error;
	};
	const greeting = await Greeting.load(store, raise);
	const clock = new HubClock(() => Date.now() - 60_000, monotonic, null);
	// Last: a hello must find its listener.
	const link = new SocketLink({
		addresses: () => [`ws://127.0.0.1:${port}/sync`],
		open: (address) => new WebSocket(address),
		ticker,
		now: monotonic,
		random: () => 0,
	});
	const provider: Provider = new Provider({
		link,
		ticker,
		clock,
		monotonic,
		version: "0",
		shelf: (name) => diskShelf(store, name),
		greet: async (hello) => {
			await greeting.judge(hello, provider, () => {});
		},
		tokenRefused: () => {},
		putAside: () => {},
		storageFailed: raise,
	});
	provider.setToken(token);
	closing.push(() => {
		clearInterval(timer);
		provider.close();
		link.close();
	});
	return { provider, clock };
}

const soon = <T>(check: () => T) => vi.waitFor(check, { timeout: 15_000, interval: 20 });

describe.skipIf(!existsSync(wardHub))("the provider and the hub", () => {
	beforeAll(startHub, 20_000);
	afterAll(async () => {
		for (const close of closing) close();
		await killHub();
		rmSync(data, { recursive: true });
	}, 20_000);

	it("share documents, presence and time, and lose nothing when the hub is killed", async () => {
		const one = await machine("secret");
		const two = await machine("secret");
		const name = "ward/胸外科/memos";
		const mine = one.provider.open(name);
		const theirs = two.provider.open(name);
		await soon(() => expect([mine.loaded, theirs.loaded]).toEqual([true, true]));
		mine.doc.getText("t").insert(0, "一");
		await soon(() => expect(theirs.doc.getText("t").toString()).toBe("一"));
		await soon(() => expect(mine.unsent).toBe(0));
		await soon(() => expect(Math.abs(one.clock.now() - Date.now())).toBeLessThan(1_000));

		await killHub();
		await soon(() => expect(one.provider.connected).toBe(false));
		mine.doc.getText("t").insert(1, "二");
		theirs.doc.getMap("m").set("k", 1);
		expect(mine.unsent).toBe(1);
		await startHub();
		await soon(() => expect(theirs.doc.getText("t").toString()).toBe("一二"));
		await soon(() => expect(mine.doc.getMap("m").get("k")).toBe(1));
		await soon(() => expect([mine.unsent, theirs.unsent]).toEqual([0, 0]));

		one.provider.open("p", { presence: true });
		two.provider.open("p", { presence: true });
		one.provider.awareness("p")?.setLocalState({ terminal: "one" });
		const seen = () => [...(two.provider.awareness("p")?.states.values() ?? [])];
		await soon(() => expect(seen()).toEqual([{ terminal: "one" }]));
		one.provider.release("p");
		await soon(() => expect(seen()).toEqual([]));
	}, 90_000);

	it("keep to their rights: a reader's edit is refused, a forbidden document leaves the others alone", async () => {
		const reader = await machine("readonly");
		const open = reader.provider.open("rights");
		const forbidden = reader.provider.open("forbidden-one");
		await soon(() => expect(open).toMatchObject({ loaded: true, scope: "readonly" }));
		await soon(() => expect(forbidden.denied).not.toBeNull());
		open.doc.getText("t").insert(0, "no");
		await soon(() => expect(open.refused).not.toBeNull());
		expect(open.doc.getText("t").toString()).toBe("");
		await soon(() => expect(open.scope).toBe("readonly"));
	}, 60_000);
});
