/** Which ways lead to a terminal now: its own channel, the hub, or neighbours that may have a link with it. */
import { own } from "../calls/directory";
import { HUB_PARTY } from "../signalling/types";
import { isPlanned } from "./plan";
import type { MeshPort } from "./port";
import type { Hop } from "./post";

/** After the hub said that it cannot reach someone, other ways come first for so long. */
const UNREACHABLE_MS = 5_000;
/** Neighbours asked to relay at once: any path keeps the order, so the copies do no harm, and one may lead nowhere. */
const RELAYS = 2;

export class Ways {
	private readonly port: MeshPort;
	/** terminals whose link lives */
	private readonly living: () => string[];
	/** whether its own channel carries, be it for the last time */
	private readonly direct: (terminal: string) => boolean;
	private readonly unreachable = new Map<string, number>();

	constructor(port: MeshPort, living: () => string[], direct: (terminal: string) => boolean) {
		this.port = port;
		this.living = living;
		this.direct = direct;
	}

	/** Best first; each is the hops one signal takes at once. */
	to(terminal: string): Hop[][] {
		const { hub, monotonic } = this.port;
		const living = this.living();
		const ways: Hop[][] = [];
		if (this.direct(terminal)) ways.push([{ link: terminal }]);
		const told = this.unreachable.get(terminal);
		const doubted = told !== undefined && monotonic() - told < UNREACHABLE_MS;
		if (hub.connected() && !doubted) ways.push([{ hub: true }]);
		const relays = this.relays(terminal, living);
		for (let at = 0; at < relays.length; at += RELAYS) ways.push(relays.slice(at, at + RELAYS));
		if (hub.connected() && doubted) ways.push([{ hub: true }]);
		return ways;
	}

	/** Whether anything but the terminal's own channel leads there. */
	around(terminal: string): boolean {
		return this.port.hub.connected() || this.relays(terminal, this.living()).length > 0;
	}

	/** The hub has said so. */
	hubMissed(terminal: string): void {
		this.unreachable.set(terminal, this.port.monotonic());
	}

	/** Living neighbours that may have a link with the terminal, or are a station; stations first. */
	private relays(terminal: string, living: string[]): Hop[] {
		const directory = this.port.directory();
		const ranked: [rank: number, id: string][] = [];
		for (const id of living) {
			if (id === terminal) continue;
			const station = own(directory.terminals, id)?.kind === "station";
			const meets = terminal !== HUB_PARTY && isPlanned(id, terminal, directory);
			if (station || meets) ranked.push([(meets ? 0 : 2) + (station ? 0 : 1), id]);
		}
		return ranked
			.sort(([one, a], [other, b]) => one - other || (a < b ? -1 : 1))
			.map(([, link]) => ({ link }));
	}
}
