/**
 * What a notification asks for, and what service worker, page and hub say to each other about it. The worker takes only the
 * types from here: code that page and worker share would be a file of its own, which a worker of this kind cannot load.
 */

/** `open`: the notification itself was touched. */
export type PushAct = "acknowledged" | "declined" | "open";

/** Worker to page. `act` is answered on the port with true once the page has taken it. */
export type ToPage =
	| { push: "act"; act: PushAct; calls: string[] }
	| { push: "shown"; id: string }
	| { push: "changed" };

/** Stateless frames of a phone's page at its device document. */
export type PushMessage = { t: "visible"; on: boolean } | { t: "push_seen"; id: string };

const ACTS: readonly PushAct[] = ["acknowledged", "declined", "open"];
const CALL = /^[0-9a-f]{32}$/;
const MAX_CALLS = 8;
const MARK = "#push=";

/** The act in a page's address as `notificationclick` leaves it there: `#push=acknowledged.{call}.{call}`; null where there is none. */
export function readActHash(hash: string): { act: PushAct; calls: string[] } | null {
	if (!hash.startsWith(MARK)) return null;
	const [act, ...calls] = hash.slice(MARK.length).split(".");
	return readAct(act, calls);
}

/** Strict: what an address or a message brings is not ours until it is read. */
export function readAct(act: unknown, calls: unknown): { act: PushAct; calls: string[] } | null {
	const known = ACTS.find((each) => each === act);
	if (known === undefined || !Array.isArray(calls) || calls.length > MAX_CALLS) return null;
	if (calls.length === 0 || !calls.every((call) => typeof call === "string" && CALL.test(call))) {
		return null;
	}
	return { act: known, calls };
}
