/** What a terminal need not fold again (CF43). */
import { expect, test } from "vitest";
import { readDirectory } from "../../../src/core/calls/directory";
import { fold } from "../../../src/core/calls/fold";
import { closingFacts, KEPT_AFTER_CLOSE_MS, leaving } from "../../../src/core/calls/retention";
import { type FoldCase, type Roots, readVectors } from "./vectors";

const { roots, cases } = readVectors<{ roots: Roots; cases: FoldCase[] }>("folds.json");

test.each(cases)("leaves the list as it is: $name", ({ facts, now, ...rest }) => {
	const directory = readDirectory({ ...roots, ...rest.roots });
	for (const later of [now, now + KEPT_AFTER_CLOSE_MS, now + 2 * 86_400_000]) {
		const gone = leaving(facts, directory, later);
		const kept = facts.filter((fact) => !gone.has(fact.id));
		const whole = fold(facts, directory, null, later);
		expect(fold(kept, directory, null, later).rows).toEqual(whole.rows);
		for (const fact of facts.filter((one) => one.body.act === "placed" && gone.has(one.id))) {
			expect(whole.closed).toHaveProperty(fact.id);
		}
	}
});

test("a closed call goes after ten minutes, what no hub has heard stays", () => {
	const found = cases.find((one) => one.name === "any receiver clears a tender call");
	if (!found) throw new Error("no such case");
	const directory = readDirectory(roots);
	const [press, clear] = found.facts;
	if (!press || !clear) throw new Error("no such facts");
	const due = (clear.heardAt ?? 0) + KEPT_AFTER_CLOSE_MS;
	expect(leaving(found.facts, directory, due - 1)).toEqual(new Set());
	expect(leaving(found.facts, directory, due)).toEqual(new Set([press.id, clear.id]));
	const unheard = [press, { ...clear, heardAt: null }];
	expect(leaving(unheard, directory, due + 86_400_000)).toEqual(new Set());
});

test.each(cases)("what closes a call closes it alone (CF44): $name", ({ facts, now, ...rest }) => {
	const directory = readDirectory({ ...roots, ...rest.roots });
	const { closed } = fold(facts, directory, null, now);
	for (const press of facts.filter((fact) => fact.body.act === "placed")) {
		const named = facts.filter(({ id, body }) => id === press.id || body.calls.includes(press.id));
		const ids = closingFacts(named, press.id, directory, now);
		const back = facts.filter((fact) => ids.includes(fact.id));
		const again = fold(back, directory, null, now).closed[press.id];
		expect(again?.by.fact).toBe(closed[press.id]?.by.fact);
		expect(ids.length > 0).toBe(press.id in closed);
	}
});
