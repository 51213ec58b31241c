/** Links that are missing while the hub is there. */
import { describe, expect, it } from "vitest";
import { readDirectory } from "../../../src/core/calls/directory";
import { LinkTroubles } from "../../../src/core/mesh/link_troubles";

const directory = readDirectory({
	terminals: {
		"door-r01": { kind: "door", room: "r01", state: "active" },
		"bed-b01": { kind: "bedside", room: "r01", bed: "b01", state: "active" },
	},
});
const keys = (troubles: { key: string }[]) => troubles.map(({ key }) => key);

describe("a link that should be there", () => {
	it("is a trouble after a while, the door's first, and none once it lives", () => {
		const links = new LinkTroubles();
		const there = ["bed-b01", "door-r01"];
		expect(links.read(there, [], directory, 0)).toEqual([]);
		expect(keys(links.read(there, [], directory, 15_000))).toEqual(["link:door-r01"]);
		expect(keys(links.read(there, [], directory, 45_000))).toEqual([
			"link:bed-b01",
			"link:door-r01",
		]);
		expect(keys(links.read(there, ["door-r01"], directory, 46_000))).toEqual(["link:bed-b01"]);
		expect(links.read(there, ["bed-b01"], directory, 47_000)).toEqual([]);
	});

	it("is none of a terminal that is not there, and counts anew after the hub was away", () => {
		const links = new LinkTroubles();
		expect(links.read([], [], directory, 0)).toEqual([]);
		links.read(["door-r01"], [], directory, 0);
		links.forget();
		expect(links.read(["door-r01"], [], directory, 20_000)).toEqual([]);
	});
});
