import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { controlOrigin, openControl } from "../../../src/screens/wall/control";
import { readReport } from "../../../src/screens/wall/messages";
import { addressOf, readSlots, USUAL_SIZE } from "../../../src/screens/wall/slots";

describe("the wall's slots", () => {
	it("takes known kinds with well-formed ids and leaves out the rest", () => {
		const answer = [
			{ kind: "bedside", terminal: "bed-b01", code: "ABC" },
			{ kind: "toaster", terminal: "t-1" },
			{ kind: "door", terminal: "../x" },
			null,
		];
		expect(readSlots(answer)).toEqual([{ kind: "bedside", terminal: "bed-b01" }]);
		expect(readSlots("nothing")).toEqual([]);
	});

	it("puts the enrolment code into the fragment only", () => {
		const slot = { kind: "pda", terminal: "pda-01" } as const;
		expect(addressOf(slot)).toBe("/t/pda/pda-01/?shell=simulator");
		expect(addressOf(slot, "A-B")).toBe("/t/pda/pda-01/?shell=simulator#enrol=A-B");
	});
});

describe("the wall's panels", () => {
	it.each([
		["station", "station-main-10"],
		["corridor", "corridor-29"],
		["bedside", "bedside-7"],
		["door", "door-15"],
		["whiteboard", "whiteboard-65"],
		["pda", "pda-phone"],
	] as const)("are as large as the profile of a %s says, hardware below", (kind, profile) => {
		const file = join(import.meta.dirname, `../../../../device_profiles/${profile}.toml`);
		const text = readFileSync(file, "utf8");
		const pixels = (key: string) => Number(new RegExp(`^${key} = (\\d+)`, "m").exec(text)?.[1]);
		expect(USUAL_SIZE[kind].width).toBe(pixels("width_px"));
		expect(USUAL_SIZE[kind].height).toBeGreaterThanOrEqual(pixels("height_px"));
	});
});

describe("the wall's control", () => {
	const answering = (status: number, body: unknown) =>
		(async () => new Response(JSON.stringify(body), { status })) as typeof fetch;

	it("stands on the next port of the same host", () => {
		expect(controlOrigin({ protocol: "http:", hostname: "127.0.0.1", port: "8080" })).toBe(
			"http://127.0.0.1:8081",
		);
		expect(controlOrigin({ protocol: "http:", hostname: "localhost", port: "" })).toBe(
			"http://localhost:81",
		);
	});

	it("says unknown when the supervisor fails or answers something else", async () => {
		expect(await openControl("http://x", answering(200, { hub: "killed" })).hub()).toBe("killed");
		expect(await openControl("http://x", answering(500, {})).hub()).toBe("unknown");
		expect(await openControl("http://x", answering(200, { hub: "odd" })).kill()).toBe("unknown");
		const refused = (() => Promise.reject(new TypeError("refused"))) as typeof fetch;
		expect(await openControl("http://x", refused).start()).toBe("unknown");
	});

	it("gives slots and their codes apart, so that only names are ever kept", async () => {
		const slots = [{ kind: "door", terminal: "door-r01", code: "C1" }];
		const wall = await openControl("http://x", answering(200, { slots })).wall();
		expect(wall.slots).toEqual([{ kind: "door", terminal: "door-r01" }]);
		expect(wall.codes.get("door-r01")).toBe("C1");
	});
});

describe("a frame's report", () => {
	it("is read strictly: unknown phases are none, odd sizes are left out", () => {
		const report = { wardline: "frame", terminal: "bed-b01", phase: "ready", layer: 1 };
		expect(
			readReport({ ...report, sound: "ok", sounding: "low", width: 1024, height: 664 }),
		).toEqual({
			terminal: "bed-b01",
			phase: "ready",
			layer: 1,
			sound: "ok",
			sounding: "low",
			size: { width: 1024, height: 664 },
		});
		expect(readReport({ ...report, width: 1, height: 1e9 })?.size).toBeNull();
		expect([2, 3, 9, null].map((layer) => readReport({ ...report, layer })?.layer)).toEqual([
			2, 3, 4, 4,
		]);
		expect(readReport({ ...report, phase: "asleep" })).toBeNull();
		expect(readReport("frame")).toBeNull();
	});
});
