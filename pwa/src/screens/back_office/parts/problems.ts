/** Problems of a refused save, sorted to the fields they are about. */
import type { Language } from "../../../text/words";
import type { Saved } from "../saving";
import type { OfficeProblem } from "../types";

export type Problems = readonly OfficeProblem[];

export const NONE: Problems = [];

/** Problems of what a save came to; none when it went well. */
export function problemsOf(saved: Saved): Problems {
	return saved.ok ? NONE : saved.problems;
}

/** What is wrong with a field of an edit, null when nothing is. `label` stands for `label` and `label.0` alike. */
export function problemAt(
	problems: Problems,
	index: number,
	field: string,
	language: Language,
): string | null {
	const found = problems.filter(
		(one) =>
			one.index === index && (one.field === field || (one.field?.startsWith(`${field}.`) ?? false)),
	);
	return found.length === 0 ? null : found.map((one) => textOf(one, language)).join(" ");
}

/** Problems that no field of `shown` carries: they stand above the form. */
export function otherProblems(
	problems: Problems,
	shown: (problem: OfficeProblem) => boolean,
): OfficeProblem[] {
	return problems.filter((one) => one.field === null || !shown(one));
}

export function textOf(problem: OfficeProblem, language: Language): string {
	return language === "zh" ? problem.message_zh : problem.message;
}
