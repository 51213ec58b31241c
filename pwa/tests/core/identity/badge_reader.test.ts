import { expect, it } from "vitest";
import { BadgeReader } from "../../../src/core/identity/badge_reader";

function type(reader: BadgeReader, keys: string[], everyMs: number, from = 0): (string | null)[] {
	return keys.map((key, index) => reader.key(key, from + index * everyMs));
}
const badge = [..."BADGE-0017", "Enter"];

it("a scanner's burst that ends with Enter is a badge", () => {
	const reader = new BadgeReader();
	expect(type(reader, badge, 8).at(-1)).toBe("BADGE-0017");
	expect(type(reader, ["Shift", ...badge], 40, 5_000).at(-1)).toBe("BADGE-0017");
});

it("fingers, short bursts and other keys are none", () => {
	const reader = new BadgeReader();
	expect(type(reader, badge, 90).at(-1)).toBeNull();
	expect(type(reader, [..."1234567", "Enter"], 5, 10_000).at(-1)).toBeNull();
	expect(type(reader, [..."BADGE 17", "Enter"], 5, 20_000).at(-1)).toBeNull();
	expect(type(reader, ["Enter"], 5, 30_000)).toEqual([null]);
	expect(type(reader, [..."x".repeat(70), "Enter"], 5, 40_000).at(-1)).toBeNull();
});

it("what was typed by hand before does not get into the badge", () => {
	const reader = new BadgeReader();
	type(reader, [..."hello"], 120);
	expect(reader.busy).toBe(false);
	const answers = type(reader, badge, 10, 1_000);
	expect(answers.at(-1)).toBe("BADGE-0017");
	expect(answers.slice(0, -1).every((each) => each === null)).toBe(true);
});
