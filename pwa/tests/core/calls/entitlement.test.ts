/** Who may make which fact, on the vectors that tests/sync/test_entitlement.py reads too (CF10 to CF14). */
import { describe, expect, test } from "vitest";
import { readDirectory } from "../../../src/core/calls/directory";
import { judge } from "../../../src/core/calls/entitlement";
import type { FactBody } from "../../../src/core/calls/types";
import { type Roots, readVectors } from "./vectors";

interface JudgeCase {
	name: string;
	body: FactBody;
	reason: string | null;
}

const { roots, types, cases, all_tender } = readVectors<{
	roots: Roots;
	types: Record<string, string>;
	cases: JudgeCase[];
	all_tender: JudgeCase[];
}>("judge.json");

describe("entitlement", () => {
	test.each(cases)("$name", ({ body, reason }) => {
		expect(judge(body, readDirectory(roots), types)).toBe(reason);
	});

	test.each(all_tender)("$name", ({ body, reason }) => {
		const ward = { ...(roots.ward as object), all_tender: true };
		expect(judge(body, readDirectory({ ...roots, ward }), types)).toBe(reason);
	});
});
