/** Puts a phone's push together, out of what the page has and what the terminal runs on. */
import * as names from "../protocol/names";
import type { Running } from "../running";
import type { TerminalParts } from "../terminal_parts";
import type { SelfInfo, Terminal } from "../terminal_types";
import { PdaPush } from "./pda_push";

/** Null where the page has no push: all but phones. `self`: the terminal as it is now. */
export function openPush(
	parts: TerminalParts,
	{ provider }: Running,
	terminal: Pick<Terminal, "subscribe" | "act" | "may">,
	self: () => SelfInfo | null,
	token: () => string | null,
): PdaPush | null {
	if (parts.push === undefined) return null;
	const device = (): string | null => {
		const now = self();
		return now && names.device(now.ward, now.terminal);
	};
	return new PdaPush({
		terminal,
		...parts.push,
		token,
		send: (message) => {
			const name = device();
			return name !== null && provider.sendStateless(name, message);
		},
		onMessage: (listener) =>
			provider.stateless.add((name, payload) => {
				if (name === device()) listener(payload);
			}),
		onJoined: (listener) =>
			provider.joined.add((name) => {
				if (name === device()) listener();
			}),
		ticker: parts.ticker,
		monotonic: parts.monotonic,
	});
}
