/** What an address or a message may ask the page to do: an act of the list on calls by their ids, and nothing else. */
import { describe, expect, it } from "vitest";
import { readReach } from "../../../src/core/fleet/reach";
import { readAct, readActHash } from "../../../src/core/push/messages";

const A = "a".repeat(32);
const B = "b".repeat(32);

describe("an act", () => {
	it("is read from an address", () => {
		expect(readActHash(`#push=acknowledged.${A}.${B}`)).toEqual({
			act: "acknowledged",
			calls: [A, B],
		});
		expect(readActHash(`#push=open.${A}`)).toEqual({ act: "open", calls: [A] });
	});

	it.each([
		"",
		"#",
		"#enrol=x",
		"#push=",
		"#push=acknowledged",
		"#push=acknowledged.",
		`#push=cleared.${A}`,
		`#push=acknowledged.${A.toUpperCase()}`,
		`#push=acknowledged.${A}x`,
		`#push=declined.${Array(9).fill(A).join(".")}`,
	])("is none in %j", (hash) => {
		expect(readActHash(hash)).toBeNull();
	});

	it("is read strictly from a message", () => {
		expect(readAct("declined", [A])).toEqual({ act: "declined", calls: [A] });
		for (const [act, calls] of [
			["attended", [A]],
			["declined", A],
			["declined", [1]],
			[null, [A]],
			["open", null],
		]) {
			expect(readAct(act, calls)).toBeNull();
		}
	});
});

describe("who is not reachable", () => {
	it("is read without what is malformed", () => {
		expect(
			readReach({ "pda-01": { since: 5, missed: 3 }, "pda-02": null, "pda-03": { since: "x" } }),
		).toEqual({ "pda-01": { since: 5, missed: 3 } });
	});
});
