import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it } from "vitest";
import { Api, Unreachable } from "../../../src/core/identity/api";
import { Identity, takeCode } from "../../../src/core/identity/identity";
import { Store } from "../../../src/core/store/store";
import { rest } from "../fakes/fake_hub";

type Answer = object | { refuse: string } | "away";
let now = 0;
let asked: { path: string; body: Record<string, string> }[] = [];
let answers: Record<string, Answer> = {};
let store: Store;
let marks: Map<string, string>;
const SELF = { terminal: "bed-b01", kind: "bedside", ward: "w", room: "r01", bed: "b01" };

const api = new Api("http://hub", async (input, init) => {
	const path = new URL(String(input)).pathname;
	asked.push({ path, body: JSON.parse(String(init?.body)) as Record<string, string> });
	const answer = answers[path] ?? "away";
	if (answer === "away") throw new TypeError("refused");
	if ("refuse" in answer) {
		return new Response(JSON.stringify({ error: { code: answer.refuse } }), { status: 403 });
	}
	return new Response(JSON.stringify(answer));
});

async function identity(code: string | null): Promise<Identity> {
	const made = new Identity({
		api,
		store,
		slot: "bed-b01",
		monotonic: () => now,
		marks: { get: (name) => marks.get(name) ?? null, set: (name, value) => marks.set(name, value) },
	});
	await made.load(code);
	return made;
}

/** Time passes in seconds, and what is due is done. */
async function pass(of: Identity, seconds: number): Promise<void> {
	for (let second = 0; second < seconds; second++) {
		now += 1_000;
		of.tick();
		// Signatures are made in another thread.
		while (of.busy) await rest(1);
	}
}
const tokens = () => asked.filter(({ path }) => path === "/api/token").length;

beforeEach(async () => {
	now = 0;
	asked = [];
	marks = new Map();
	store = await Store.open("bed-b01", new IDBFactory());
	answers = {
		"/api/enrol": SELF,
		"/api/challenge": { challenge: "c" },
		"/api/token": {
			token: "t",
			expires_at: 600_000,
			now: 0,
			installation: "i",
			generation: 1,
			terminal: SELF,
		},
	};
});

describe("a terminal's identity", () => {
	it("enrols with the same key until an answer comes, over a new start too", async () => {
		answers["/api/enrol"] = "away";
		const first = await identity("code");
		await pass(first, 5);
		expect(first).toMatchObject({ phase: "enrolling", problem: "unreachable" });
		const again = await identity(null);
		answers["/api/enrol"] = SELF;
		await pass(again, 3);
		expect(again).toMatchObject({ phase: "ready", self: { bed: "b01" }, token: "t" });
		const keys = asked
			.filter(({ path }) => path === "/api/enrol")
			.map(({ body }) => body.public_key);
		expect(new Set(keys).size).toBe(1);
		expect(keys[0]).toMatch(/^[\w-]{87}$/);
		expect(await store.meta("enrolment_code")).toBeNull();
	});

	it("keeps its private key where nobody can read it", async () => {
		const one = await identity("code");
		await pass(one, 2);
		const { privateKey } = one.keys as CryptoKeyPair;
		await expect(crypto.subtle.exportKey("pkcs8", privateKey)).rejects.toThrow();
	});

	it("says why a code was refused", async () => {
		answers["/api/enrol"] = { refuse: "code_invalid" };
		const one = await identity("old");
		await pass(one, 2);
		expect(one).toMatchObject({ phase: "unenrolled", problem: "code_invalid" });
	});

	it("renews its token before it ends", async () => {
		const one = await identity("code");
		await pass(one, 2);
		expect(tokens()).toBe(1);
		await pass(one, 400);
		expect(tokens()).toBe(1);
		await pass(one, 30);
		expect(tokens()).toBe(2);
	});

	it("does not ask for a new token because one document is forbidden", async () => {
		const one = await identity("code");
		await pass(one, 2);
		one.due();
		await pass(one, 5);
		expect(tokens()).toBe(1);
	});

	it("notices that its storage is gone", async () => {
		marks.set("enrolled", "1");
		expect(await identity(null)).toMatchObject({ phase: "unenrolled", problem: "storage_lost" });
	});

	it("uses a fresh code only when the hub does not know its key any more", async () => {
		const one = await identity("code");
		await pass(one, 2);
		const kept = await identity("fresh");
		await pass(kept, 2);
		expect(asked.filter(({ path }) => path === "/api/enrol")).toHaveLength(1);
		answers["/api/token"] = { refuse: "terminal_unknown" };
		const other = await identity("fresh");
		await pass(other, 2);
		expect(asked.filter(({ path }) => path === "/api/enrol")).toHaveLength(2);
	});
});

it("the code is taken out of the address bar at once", () => {
	const replaced: string[] = [];
	const place = {
		hash: "#enrol=a%2Fb",
		pathname: "/t/bedside/bed-b01/",
		search: "?shell=simulator",
	};
	const history = {
		state: null,
		replaceState: (_: unknown, __: string, to: string) => replaced.push(to),
	};
	expect(takeCode(place as Location, history as unknown as History)).toBe("a/b");
	expect(replaced).toEqual(["/t/bedside/bed-b01/?shell=simulator"]);
	expect(
		takeCode({ ...place, hash: "#other" } as Location, history as unknown as History),
	).toBeNull();
});

it("fetches a recorded talk with the token of the person, and tells no from away", async () => {
	const seen: [string, string | null][] = [];
	let status = 200;
	const hub = new Api("http://hub", (input, init) => {
		seen.push([String(input), new Headers(init?.headers).get("authorization")]);
		const body = status === 200 ? "sound" : JSON.stringify({ error: { code: "not_found" } });
		return Promise.resolve(new Response(body, { status }));
	});
	const talk = "00000000000000aa";
	expect(await (await hub.recording("hers", "w", talk)).text()).toBe("sound");
	expect(seen).toEqual([[`http://hub/api/wards/w/recordings/${talk}`, "Bearer hers"]]);
	status = 404;
	await expect(hub.recording("hers", "w", talk)).rejects.toMatchObject({ code: "not_found" });
	const broken = new Response(new ReadableStream({ pull: (stream) => stream.error(new Error()) }));
	const away = new Api("http://hub", () => Promise.resolve(broken));
	await expect(away.recording("hers", "w", talk)).rejects.toBeInstanceOf(Unreachable);
});

it("lists recordings without a call of a time", async () => {
	const line = { talk: "00000000000000aa", purpose: "broadcast", with: ["bed-1"] };
	let seen = "";
	let answer: unknown = [line];
	const hub = new Api("http://hub", (input) => {
		seen = String(input);
		return Promise.resolve(Response.json(answer));
	});
	expect(await hub.recordings("mine", "w", { from: 1, to: 2 })).toEqual([line]);
	expect(seen).toBe("http://hub/api/wards/w/recordings?from=1&to=2");
	answer = { other: 1 };
	expect(await hub.recordings("mine", "w", { from: 1, to: 2 })).toEqual([]);
});
