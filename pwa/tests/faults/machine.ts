/** One terminal's device: its disk, its clock, and the page that runs on it until it is killed. */
import type { Tone } from "../../src/core/calls/types";
import { nonce } from "../../src/core/facts/signing";
import { Api } from "../../src/core/identity/api";
import { Listeners, type Ticker } from "../../src/core/links/link";
import { SocketLink } from "../../src/core/links/socket";
import { type Media, NoMedia } from "../../src/core/talk/port";
import { WardTerminal } from "../../src/core/terminal";
import type { Sounder, TerminalParts } from "../../src/core/terminal_parts";
import type { SelfInfo, Shell, TerminalState } from "../../src/core/terminal_types";
import type { Cables } from "./cables";
import { Disk, DiskStore } from "./disk";
import { BEGIN } from "./platform";
import type { Seeded } from "./seeded";
import type { Owner, VirtualTime } from "./virtual_time";
import type { Planned } from "./ward_plan";

export interface Page extends Owner {
	terminal: WardTerminal;
	store: DiskStore;
}

/** A page's way to make peer connections. */
export type LinkParts = (
	terminal: string,
	page: Owner,
) => Pick<TerminalParts, "connections" | "certificate">;

export class Machine {
	readonly self: SelfInfo;
	readonly disk = new Disk();
	/** wall clock − hub time, ms */
	skewMs: number;
	page: Page | null = null;
	/** what its screen shows; null while no page runs */
	state: TerminalState | null = null;
	/** a screen was drawn */
	drawn: (machine: Machine, state: TerminalState) => void = () => {};
	private readonly time: VirtualTime;
	private readonly cables: Cables;
	private readonly chance: Seeded;
	private readonly links: LinkParts;
	private readonly marks = new Map<string, string>();

	constructor(
		{ self, keys }: Planned,
		time: VirtualTime,
		cables: Cables,
		chance: Seeded,
		links: LinkParts,
	) {
		this.self = self;
		this.time = time;
		this.cables = cables;
		this.chance = chance;
		this.links = links;
		this.skewMs = chance.whole(-2_000, 2_000);
		this.disk.commit(
			[
				["meta", "keys", { key: "keys", value: keys }],
				["meta", "self", { key: "self", value: self }],
			],
			true,
		);
	}

	get id(): string {
		return this.self.terminal;
	}

	/** Opens the page. */
	start(): void {
		if (this.page !== null) return;
		const owner: Owner & Partial<Page> = { dead: false };
		this.page = owner as Page;
		this.time.schedule(0, () => this.open(owner as Page), owner);
	}

	/** Ends the page where it stands. `power`: the machine with it, so that nobody is told and relaxed writes are lost. */
	kill(power: boolean): void {
		const { page } = this;
		if (page === null) return;
		page.dead = true;
		page.store?.abandon();
		if (power) this.disk.losePower();
		this.cables.drop(this.id, !power);
		this.page = null;
		this.state = null;
	}

	/** Lets a hand do something at this page. */
	hand(work: (terminal: WardTerminal) => void): void {
		const { page } = this;
		if (page === null) return;
		this.time.schedule(0, () => page.terminal && work(page.terminal), page);
	}

	private open(page: Page): void {
		const { id, self, time, cables, chance } = this;
		const store = new DiskStore(this.disk, time, chance);
		const ticker = new SimTicker(chance.whole(1, 1_000));
		const startedAt = time.now;
		const began = chance.whole(0, 5_000);
		const monotonic = () => time.now - startedAt + began;
		page.store = store;
		page.terminal = new WardTerminal({
			kind: self.kind,
			slot: id,
			version: "0",
			code: null,
			openStore: async () => store.asStore(),
			openLink: () =>
				new SocketLink({
					addresses: () => ["ws://hub/sync"],
					open: () => cables.open(id, page),
					ticker,
					now: monotonic,
					random: Math.random,
				}),
			ticker,
			api: new Api("http://hub", cables.fetch(id, page)),
			marks: {
				get: (name) => this.marks.get(name) ?? null,
				set: (name, value) => void this.marks.set(name, value),
			},
			sounder: new SilentSounder(),
			shell: SHELL,
			wall: () => Math.floor(BEGIN + time.now + this.skewMs),
			monotonic,
			hold: async () => {},
			persist: async () => true,
			random: Math.random,
			newId: nonce,
			media: NO_MEDIA,
			...this.links(id, page),
		});
		page.terminal.subscribe((state) => {
			if (page.dead) return;
			this.state = state;
			this.drawn(this, state);
		});
	}
}

class SimTicker implements Ticker {
	private readonly ticks = new Listeners<[]>();

	constructor(firstMs: number) {
		setTimeout(() => {
			this.ticks.emit();
			setInterval(() => this.ticks.emit(), 1_000);
		}, firstMs);
	}

	onTick(listener: () => void): () => void {
		return this.ticks.add(listener);
	}
}

class SilentSounder implements Sounder {
	play(_tone: Tone | null): void {}
	state(): "ok" {
		return "ok";
	}
	async unlock(): Promise<void> {}
	setMuted(): void {}
	chime(): void {}
}

/** Talks are tried elsewhere: here nobody has a microphone. */
const missing = () => new NoMedia("missing", "no sound in the harness");
const NO_MEDIA: Media = {
	microphone: async () => {
		throw missing();
	},
	camera: async () => {
		throw missing();
	},
	mayHear: async () => "missing",
	play: () => {
		throw missing();
	},
	playClip: () => {
		throw missing();
	},
	stream: () => {
		throw missing();
	},
	record: () => {
		throw missing();
	},
};

const SHELL: Shell = {
	name: "simulator",
	onKey: () => () => {},
	onInput: () => () => {},
	setLamp: () => {},
	setNightLight: () => {},
	setBrightness: () => {},
};
