/** Opens the back office, or one page of it, against the fake API; and small hands for tests. */
import { render } from "@testing-library/svelte";
import { tick } from "svelte";
import Frame from "../../../src/screens/back_office/Office.svelte";
import { Office } from "../../../src/screens/back_office/office_state.svelte";
import { PAGES } from "../../../src/screens/back_office/pages";
import type { FakeOffice } from "./fake_office";
import { NOW } from "./sample_office";

export interface OpenedOffice {
	office: Office;
	/** the clock the office reads; moves only by hand */
	clock: { now: number };
	address: { hash: string };
}

/** `page` as in the address, "groups" or "staff/rota". */
export async function openOffice(fake: FakeOffice, page: string): Promise<OpenedOffice> {
	const clock = { now: NOW };
	const address = { hash: `#/${page}` };
	let made = 0;
	const memory = new Map<string, string>();
	const office = new Office({
		fetch: fake.fetch,
		now: () => clock.now,
		memory: {
			getItem: (key) => memory.get(key) ?? null,
			setItem: (key, value) => void memory.set(key, value),
		},
		random: () => {
			made += 1;
			return String(made).padStart(4, "0");
		},
		readHash: () => address.hash,
		writeHash: (hash) => {
			address.hash = hash;
		},
	});
	// its code is there before it is asked for, so that drawing takes no longer than a few turns
	await PAGES.find((one) => one.id === office.route.page)?.load();
	render(Frame, { office });
	await settle();
	return { office, clock, address };
}

/** Lets requests, lazily loaded pages and drawing come to rest. */
export async function settle(): Promise<void> {
	for (let turn = 0; turn < 12; turn += 1) {
		await new Promise((resolve) => setImmediate(resolve));
		await tick();
	}
}

export const find = (id: string): HTMLElement | null =>
	document.querySelector<HTMLElement>(
		id.startsWith("[") || id.includes(" ") ? id : `[data-testid="${id}"]`,
	);

export const all = (id: string): HTMLElement[] => [
	...document.querySelectorAll<HTMLElement>(
		id.startsWith("[") || id.includes(" ") ? id : `[data-testid="${id}"]`,
	),
];

export function need(id: string): HTMLElement {
	const found = find(id);
	if (found === null) throw new Error(`nothing is ${id} in:\n${document.body.textContent}`);
	return found;
}

export async function press(id: string | HTMLElement): Promise<void> {
	(typeof id === "string" ? need(id) : id).click();
	await settle();
}

/** Types into a field or picks of a select, as a hand does. */
export async function fill(id: string | HTMLElement, value: string | boolean): Promise<void> {
	const field = (typeof id === "string" ? need(id) : id) as HTMLInputElement;
	if (typeof value === "boolean") {
		if (field.checked !== value) field.click();
	} else {
		field.value = value;
		field.dispatchEvent(new Event("input", { bubbles: true }));
		field.dispatchEvent(new Event("change", { bubbles: true }));
	}
	await settle();
}

export async function key(
	id: string | HTMLElement,
	name: string,
	more: KeyboardEventInit = {},
): Promise<void> {
	const target = typeof id === "string" ? need(id) : id;
	target.dispatchEvent(
		new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more }),
	);
	await settle();
}
