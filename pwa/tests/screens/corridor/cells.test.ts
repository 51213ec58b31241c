/** A10: every call at least once in a cycle, the highest class always in view. */
import { describe, expect, it } from "vitest";
import { sampleRow } from "../../../src/fixture/board";
import { NOW, sampleDirectory } from "../../../src/fixture/ward";
import { CYCLE_MS, cellsOf, PAGE_MS, shownRows } from "../../../src/screens/corridor/cells";
import { teamOnDuty } from "../../../src/screens/corridor/duty";

const directory = sampleDirectory();
const beds = Object.keys(directory.beds);
/** Rows in list order: codes before routine calls. */
function rowsOf(codes: number, routine: number) {
	return [
		...Array.from({ length: codes }, (_, n) =>
			sampleRow(directory, `room:r${String(n + 1).padStart(2, "0")}`, "code", 9),
		),
		...Array.from({ length: routine }, (_, n) =>
			sampleRow(directory, `bed:${beds[n % beds.length]}`, "patient", 8),
		),
	];
}

describe("cellsOf", () => {
	it("shows all of up to four calls, large and without pages", () => {
		for (const count of [1, 2, 3, 4]) {
			const cells = cellsOf(rowsOf(0, count), NOW);
			expect(cells.pinned).toHaveLength(count);
			expect(cells.pages).toBe(1);
		}
	});

	it.each([5, 7, 11, 13, 20, 46, 72, 118])(
		"shows each of %i calls once in ten seconds",
		(count) => {
			const rows = rowsOf(1, count - 1);
			for (const start of [NOW, NOW + 3333]) {
				const seen = new Set<string>();
				// screens draw once a second at least; a page must not slip between two drawings
				const step = Math.min(1000, cellsOf(rows, NOW).pages > 10 ? 100 : 1000);
				for (let at = start; at < start + CYCLE_MS; at += step) {
					const cells = cellsOf(rows, at);
					expect(cells.pinned[0]?.class).toBe(0);
					for (const row of [...cells.pinned, ...cells.paged]) seen.add(row.id);
				}
				expect(seen.size).toBe(count);
			}
		},
	);

	it("lets a page stand long enough to be read, for as many calls as the ward has beds and bathrooms", () => {
		for (const count of [5, 13, 33, 72]) {
			const { pages } = cellsOf(rowsOf(0, count), NOW);
			expect(CYCLE_MS / pages).toBeGreaterThanOrEqual(PAGE_MS);
		}
	});
});

describe("shownRows", () => {
	it("leaves out calls somebody is with, unless there is no other", () => {
		const attended = sampleRow(directory, "bed:b01", "patient", 5, { state: "attended" });
		const open = sampleRow(directory, "bed:b02", "patient", 5);
		expect(shownRows([attended, open])).toEqual([open]);
		expect(shownRows([attended])).toEqual([attended]);
	});
});

describe("teamOnDuty", () => {
	it("names the head nurse and those on duty now", () => {
		const text = teamOnDuty(directory, NOW, "zh");
		expect(text).toContain("护士长 何淑贤");
		expect(text).toContain("刘静怡");
		expect(teamOnDuty({ ...directory, duty: {} }, NOW, "zh")).not.toContain("刘静怡");
	});
});
