/** What the directory says about talks; tests/sync/test_directory.py says the same of the hub's reader. */
import { expect, it } from "vitest";
import { readDirectory } from "../../../src/core/calls/directory";

it("a ward without a word about talks has the shipped ones (CF14)", () => {
	for (const ward of [{}, { talk_limit_ms: "x", video: 1, recording: "yes", relay_key: 5 }]) {
		const read = readDirectory({ ward }).ward;
		expect(read).toMatchObject({ talk_limit_ms: 120_000, video: false, recording: false });
		expect(read).not.toHaveProperty("relay_key");
	}
});

it("a ward's own settings of talks, and its cameras", () => {
	const ward = { talk_limit_ms: 60_000, video: true, recording: true, relay_key: "BAAB" };
	const entry = { kind: "bedside", state: "active" };
	const terminals = { a: { ...entry, camera: true }, b: entry, c: { ...entry, camera: 1 } };
	const read = readDirectory({ ward, terminals });
	expect(read.ward).toMatchObject(ward);
	expect(Object.values(read.terminals).map(({ camera }) => camera)).toEqual([
		true,
		undefined,
		undefined,
	]);
});
