/**
 * Words for people, Chinese first, English second. A part keeps its words in one object of both
 * languages; the compiler holds the second to the keys and arguments of the first.
 */

export type Language = "zh" | "en";

/** A text, or a text made of arguments. */
export type Entry = string | ((...values: never[]) => string);

/** The other language: same keys, same arguments. */
export type SameAs<T> = { [K in keyof T]: T[K] extends string ? string : T[K] };

export interface Words<T> {
	zh: T;
	en: SameAs<T>;
}

/** Both languages of a part. Does not compile when a key or an argument is missing in one. */
export function words<T extends Record<string, Entry>>(zh: T, en: SameAs<T>): Words<T> {
	return { zh, en };
}

/** The words of one language; in a component: `const t = $derived(say(language, mine))`. */
export function say<T>(language: Language, both: Words<T>): SameAs<T> {
	return language === "en" ? both.en : (both.zh as SameAs<T>);
}

/** The field of a value that carries both languages (call types, purposes): Chinese when English is empty. */
export function named(value: { zh: string; en: string }, language: Language): string {
	return language === "en" && value.en !== "" ? value.en : value.zh;
}
