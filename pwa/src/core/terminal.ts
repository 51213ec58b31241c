/**
 * The terminal: everything in core put together behind the few things a screen sees and a hand can do. Folds the facts at
 * each change and every second, sounds, reports receipts, and tells its state at most once a frame.
 */
import { Alarms } from "./alarms";
import { ownCalls } from "./board_rules";
import { emptyDirectory } from "./calls/directory";
import { MAX_CALLS } from "./calls/facts";
import { fold, may, mayPlace } from "./calls/fold";
import type { Act, Board, CallRow, Directory, FactBody, Presence, Way } from "./calls/types";
import { DocumentViews, FRAME_MS } from "./document_views";
import {
	actBody,
	type PressOptions,
	placedBody,
	roomFor,
	type Stamp,
	sourceFor,
} from "./facts/hand";
import type { Made } from "./facts/maker";
import { OwnPresses, UNDELIVERED_MS } from "./facts/own_presses";
import type { Device } from "./fleet/device";
import { openDevice } from "./fleet/open_device";
import { HeldDocuments, isNight } from "./held_documents";
import { type HistoryQuery, type RecordingLine, Unreachable } from "./identity/api";
import type { StaffDoor } from "./identity/staff_door";
import { mayEditOffline } from "./joining";
import { Listeners } from "./links/link";
import { PresenceView } from "./presence_view";
import { CLOSE } from "./protocol/close_codes";
import * as names from "./protocol/names";
import { LatePush } from "./push/late_push";
import { openPush } from "./push/open_push";
import { diskShelf, memoryShelf, type Shelf } from "./replica/shelf";
import { type Running, startRunning } from "./running";
import { listenToShell } from "./shell_hands";
import { StaffAtTerminal } from "./staff_at_terminal";
import { StorageError } from "./store/database";
import type { Store } from "./store/store";
import { NO_TALK, type TalkControl } from "./talk/types";
import type { TerminalParts } from "./terminal_parts";
import type {
	CallRecord,
	DocumentView,
	Layer,
	Phase,
	Readable,
	SelfInfo,
	Shell,
	Terminal,
	TerminalState,
} from "./terminal_types";
import { isWithHub, talkControl, WardLinks } from "./ward_links";

/** When the hub was last heard is written to the disk at most so often. */
const KEEP_HEARD_MS = 15_000;
/** A disk that refused is asked again after so many seconds. */
const KEEP_AGAIN_BEATS = 5;
/** A21: how long after a start the hub is waited for before old copies are shown. */
const HUB_FIRST_MS = 5_000;
const EMPTY_BOARD: Board = { rows: [], troubles: [], closed: {} };
const EMPTY_DIRECTORY: Directory = emptyDirectory();

export class WardTerminal implements Terminal {
	readonly shell: Shell;
	readonly talk: TalkControl = talkControl(() => this.links?.talks ?? null);
	readonly push = new LatePush();
	readonly staffDoor: StaffDoor;
	private readonly parts: TerminalParts;
	private readonly runs = new Listeners<[TerminalState]>();
	private readonly views: DocumentViews;
	private readonly presenceView = new PresenceView();
	private readonly presses: OwnPresses;
	private running: Running | null = null;
	private held: HeldDocuments | null = null;
	/** Null until it is known which terminal this is, and where the browser has no peer connections. */
	private links: WardLinks | null = null;
	private device: Device | null = null;
	private readonly alarms: Alarms;
	private readonly staff: StaffAtTerminal;
	private override: Phase | null = null;
	private problem: string | null = null;
	private storage: TerminalState["storage"] = "ok";
	private muted = false;
	private language: "zh" | "en";
	private inputs: Record<string, "ok" | "open"> = {};
	/** Hands are served one after the other: a key that repeats sees the press before it. */
	private hand: Promise<void> = Promise.resolve();
	/** Hub time of the hub's last word, as the disk has it. */
	private keptHeard = Number.NEGATIVE_INFINITY;
	private readonly startedAt: number;
	private keptShown = false;
	private directoryRead: Directory | null = null;
	/** Who the directory names, and as what, when it was last read. */
	private people = "";
	/** The hub has taken this terminal's key away. */
	private revoked = false;
	private scheduled = false;
	private refreshedAt = Number.NEGATIVE_INFINITY;
	private announced = "";
	private beats = 0;
	private completed: { from: Directory; to: Directory } | null = null;
	private state: TerminalState;

	constructor(parts: TerminalParts) {
		this.parts = parts;
		this.startedAt = parts.monotonic();
		this.shell = parts.shell;
		this.alarms = new Alarms(parts.sounder);
		this.presses = new OwnPresses(parts.slot);
		this.staff = new StaffAtTerminal({
			parts,
			running: () => this.running,
			changed: () => this.signInChanged(),
		});
		this.staffDoor = this.staff;
		this.language = parts.marks.get("language") === "en" ? "en" : "zh";
		this.views = new DocumentViews({
			provider: () => (this.held === null ? null : (this.running?.provider ?? null)),
			mayOpen: (name) =>
				!(this.revoked && names.tellsOfPatients(name)) &&
				(!this.staff.isSealed(name) || this.staff.unlocked),
			mayEditOffline: (name) => mayEditOffline(parts.kind, name, this.staff.signedIn !== null),
			heldBack: (name) => names.tellsOfPatients(name) && !this.mayShowKept(),
			keptAt: (name) => this.running?.ages.of(name) ?? null,
		});
		this.state = this.snapshot(EMPTY_BOARD, null, parts.wall());
		listenToShell({
			terminal: this,
			kind: parts.kind,
			slot: parts.slot,
			rows: () => this.foldNow().rows,
			inputChanged: (input, state) => {
				this.inputs = { ...this.inputs, [input]: state };
				this.schedule();
			},
			failed: (error) => this.failed(error),
		});
		void this.start();
	}

	subscribe(run: (value: TerminalState) => void): () => void {
		run(this.state);
		return this.runs.add(run);
	}

	press(type: string, options: PressOptions = {}): Promise<void> {
		return this.inHand(() => {
			const { running, held, self } = this;
			if (!running || !held || !self) return this.unsigned(type);
			const source = sourceFor(self, type, options);
			// Key repeat, and a press beyond twenty open ones, only confirm again: the row is there already.
			if (!mayPlace(this.foldNow(), source, type, running.clock.now())) return [];
			const room = roomFor(self, held.directory, source, options);
			return this.make(placedBody(self, type, source, room, options, this.stamp()));
		});
	}

	act(act: Act, row: CallRow, options: { way?: Way; talkMs?: number } = {}): Promise<void> {
		return this.inHand(() => {
			const { self } = this;
			if (!self || act === "placed") return [];
			const calls = act === "cancelled" ? ownCalls(row, self.terminal) : row.calls;
			const made: Made[] = [];
			for (let from = 0; from < calls.length; from += MAX_CALLS) {
				const named = calls.slice(from, from + MAX_CALLS);
				made.push(...this.make(actBody(self, act, row, named, options, this.stamp())));
			}
			return made;
		});
	}

	may(act: Act, row: CallRow): boolean {
		const { self } = this;
		return self !== null && may(act, row, self.terminal, this.directoryWithSelf(self));
	}

	document(name: string): Readable<DocumentView> {
		return this.views.view(name);
	}

	async edit(name: string, change: Parameters<Terminal["edit"]>[1]): Promise<void> {
		const { running, held } = this;
		if (!running || !held) throw new Error("the terminal is not ready");
		if (this.staff.isSealed(name) && !this.staff.unlocked) throw new Error("nobody is signed in");
		const replica = running.provider.open(name);
		try {
			await replica.ready();
			await replica.edit(change);
			// Held on until the hub has it, though nobody looks at it.
			held.hold([name]);
		} finally {
			running.provider.release(name);
			this.schedule();
		}
	}

	async signIn(number: string, password: string): Promise<void> {
		if (!(await this.staff.signIn(number, password))) this.schedule();
	}

	async signOut(): Promise<{ unsent: number }> {
		const unsent = this.snapshot(this.state.board, this.state.presence, this.state.now).unsent;
		await this.staff.signOut();
		return { unsent };
	}

	async history(query: HistoryQuery): Promise<CallRecord[]> {
		const { token, ward } = this.asking();
		return this.parts.api.history(token, ward, query);
	}

	async historyExport(query: HistoryQuery): Promise<Blob> {
		const { token, ward } = this.asking();
		return this.parts.api.historyExport(token, ward, query);
	}

	async recording(id: string): Promise<Blob> {
		const { token, ward } = this.asking();
		return this.parts.api.recording(token, ward, id);
	}

	async recordings(query: { from: number; to: number }): Promise<RecordingLine[]> {
		const { token, ward } = this.asking();
		return this.parts.api.recordings(token, ward, query);
	}

	async host(group: string, to: readonly string[], until: number): Promise<void> {
		const { token, ward } = this.asking();
		await this.parts.api.host(token, ward, group, to, until);
	}

	async endHosting(id: string): Promise<void> {
		const { token, ward } = this.asking();
		await this.parts.api.endHosting(token, ward, id);
	}

	async unlockSound(): Promise<void> {
		await this.parts.sounder.unlock();
		await this.links?.talks.askMicrophone();
		this.schedule();
	}

	setMuted(muted: boolean): void {
		this.muted = muted;
		this.schedule();
	}

	setLanguage(language: "zh" | "en"): void {
		this.language = language;
		this.parts.marks.set("language", language);
		this.schedule();
	}

	/** The page goes: whoever talks with this terminal is told. */
	close(): void {
		this.links?.close();
		this.links = null;
		this.device?.close();
		this.device = null;
	}

	private get self(): SelfInfo | null {
		return this.running?.identity.self ?? null;
	}

	private async start(): Promise<void> {
		const { parts } = this;
		try {
			await parts.hold(() => this.become("elsewhere"));
			this.become(null);
			await this.run(await parts.openStore());
			if (!(await parts.persist()) && this.storage === "ok") this.storage = "unpersisted";
			this.schedule();
		} catch (error) {
			this.failed(error);
			this.problem = "storage";
			this.become("unenrolled");
		}
	}

	private async run(store: Store): Promise<void> {
		const running = await startRunning(this.parts, store, {
			changed: () => this.schedule(),
			failed: (error) => this.failed(error),
			shelf: (disk, name) => this.shelf(disk, name),
		});
		const { identity, provider, link, outbox } = running;
		this.running = running;
		link.onState((state, code) => {
			if (state === "closed") this.linkClosed(code);
		});
		provider.contact.add((connected) => {
			if (connected) identity.due();
			else this.presenceView.lost();
			this.schedule();
		});
		provider.joined.add((name) => this.joined(name));
		outbox.refusals.add(({ id, body, reason }) => {
			if (body?.act === "placed") this.presses.refused(id, body, reason);
		});
		identity.changes.add(() => this.identityChanged());
		this.parts.ticker.onTick(() => this.tick());
		const push = openPush(
			this.parts,
			running,
			this,
			() => this.self,
			() => this.staff.token,
		);
		if (push !== null) this.push.attach(push);
		this.identityChanged();
		identity.tick();
		await this.holdUnsent();
	}

	/** Once the terminal knows which it is, it holds its documents; given another place, those of that. */
	private identityChanged(): void {
		const { running, self } = this;
		if (this.held !== null && JSON.stringify(this.held.self) !== JSON.stringify(self)) {
			this.held.close();
			this.held = null;
			this.completed = null;
			this.close();
		}
		if (running && self && this.held === null) {
			const { provider, store, facts, clock, outbox } = running;
			this.held = new HeldDocuments(provider, store, self, {
				changed: () => this.schedule(),
				heard: (entries) => void facts.hear(entries, clock.now()),
				now: () => clock.now(),
				outgoing: () => outbox.documents(),
				hubs: (addresses) => this.parts.hubs?.use(addresses),
				failed: (error) => this.failed(error),
			});
			this.held.hold();
			this.views.reconsider();
			this.links = this.openLinks(running, self);
			this.device = this.openDevice(running, self);
		}
		const revoked = running?.identity.phase === "revoked";
		if (revoked !== this.revoked) {
			this.revoked = revoked;
			this.views.reconsider();
		}
		void this.held?.setOutOfService(revoked).catch((error: unknown) => this.failed(error));
		running?.provider.setToken(this.staff.token);
		this.schedule();
	}

	private openDevice(running: Running, self: SelfInfo): Device | null {
		const { parts } = this;
		if (parts.fleet === undefined) return null;
		return openDevice(parts.fleet, parts, running, self, {
			subscribe: (run) => this.subscribe(run),
			document: (name) => this.document(name),
			alarm: () => this.alarms.heard?.routine === false,
			failed: (error) => {
				if (error instanceof StorageError) this.failed(error);
				else console.error("device:", error);
			},
		});
	}

	private openLinks(running: Running, self: SelfInfo): WardLinks | null {
		const { parts } = this;
		const { connections } = parts;
		const key = running.identity.keys?.privateKey;
		if (connections === null || key === undefined) return null;
		const port = {
			self,
			key,
			directory: () => this.directoryWithSelf(self),
			rows: () => this.state.board.rows,
			act: (...act: Parameters<WardTerminal["act"]>) => this.act(...act),
			token: () => this.staff.token,
			changed: () => this.schedule(),
			failed: (error: unknown) => {
				if (error instanceof StorageError) this.failed(error);
				else console.error("links:", error);
			},
		};
		try {
			return new WardLinks({ ...parts, connections }, running, port);
		} catch (error) {
			// A browser whose links do not come up still calls, by the hub.
			console.error("links:", error);
			return null;
		}
	}

	/** Documents with edits or facts to deliver are joined though nobody looks at them. */
	private async holdUnsent(): Promise<void> {
		const { running, held } = this;
		if (!running || !held) return;
		held.hold(await this.staff.unsentDocuments(running.store));
		this.schedule();
	}

	private signInChanged(): void {
		const { running, held } = this;
		if (!running) return;
		const { unlocked } = this.staff;
		held?.setSignedIn(unlocked);
		if (!unlocked) {
			for (const { name } of running.provider.replicas()) {
				if (this.staff.isSealed(name)) running.provider.evict(name);
			}
		}
		this.views.reconsider();
		running.provider.setToken(this.staff.token);
		// What was written in this session before, and lies on the disk still, goes out with it.
		void this.holdUnsent().catch((error: unknown) => this.failed(error));
		this.schedule();
	}

	/** The hub is asked first who lies where; where none answers, the copy on disk is shown with its age. */
	private mayShowKept(): boolean {
		return this.parts.monotonic() - this.startedAt >= HUB_FIRST_MS;
	}

	private asking(): { token: string; ward: string } {
		const { token } = this.staff;
		const ward = this.self?.ward;
		if (token === null || ward === undefined) throw new Unreachable("no token yet");
		return { token, ward };
	}

	private shelf(store: Store, name: string): Shelf {
		if (names.isCallsDocument(name) || name.endsWith("/presence")) return memoryShelf();
		return this.staff.isSealed(name) ? this.staff.sealedShelf(store, name) : diskShelf(store, name);
	}

	private linkClosed(code: number | null): void {
		if (code === CLOSE.forbidden) this.running?.identity.revoked();
		if (code === CLOSE.unauthorized) this.running?.identity.due();
		if (code === CLOSE.reset) this.running?.identity.changed();
		if (code === CLOSE.openedElsewhere) {
			// The same slot on another device: two would push each other off the hub for ever.
			this.running?.link.close();
			this.become("elsewhere");
		}
	}

	private joined(name: string): void {
		const { running, self } = this;
		if (!running || !self) return;
		if (name === names.presence(self.ward)) this.presenceView.joined(running.clock.now());
		if (names.isCallsDocument(name)) {
			// The hub answers with the facts that closed any of them meanwhile.
			const ids = this.foldNow()
				.rows.filter((row) => names.calls(row.ward, row.room) === name)
				.flatMap((row) => row.calls);
			if (ids.length > 0) running.provider.sendStateless(name, { t: "open", ids });
			running.outbox.joined(name);
		}
		this.schedule();
	}

	private tick(): void {
		const { running } = this;
		if (!running) return;
		running.identity.tick();
		running.outbox.tick(running.provider.hubFull);
		this.keepAgain(running);
		const kept = running.clock.keep();
		// Relaxed: the offset of a second ago does as well.
		if (kept !== null) running.store.putMeta("clock", kept, false).catch(() => {});
		this.keepHeard(running);
		if (!this.keptShown && this.mayShowKept()) {
			this.keptShown = true;
			this.views.show();
		}
		this.staff.tick();
		this.held?.tick();
		this.schedule();
	}

	/** What the disk refused is written again now and then. */
	private keepAgain({ facts, outbox }: Running): void {
		this.beats += 1;
		if (this.beats % KEEP_AGAIN_BEATS !== 0) return;
		void outbox.keepAgain();
		void facts.again();
	}

	/** A20: after a start without the hub, the data on this disk still has an age. */
	private keepHeard({ provider, store, ages }: Running): void {
		const at = provider.lastHeardAt;
		if (at === null || Math.abs(at - this.keptHeard) < KEEP_HEARD_MS) return;
		this.keptHeard = at;
		// Relaxed: a word of 15 s ago does as well.
		store.putMeta("heardAt", at, false).catch(() => {});
		ages.keep(provider, store, at).catch(() => {});
	}

	private stamp(): Stamp {
		const clock = this.running?.clock;
		return {
			at: clock?.now() ?? this.parts.wall(),
			clock: clock?.kind() ?? "own",
			staff: this.staff.signedIn?.session.staff ?? null,
		};
	}

	/** Serves hands in order: the next one's turn comes when this one's facts count, not when the disk is done. */
	private inHand(work: () => readonly Made[]): Promise<void> {
		let made: readonly Made[] = [];
		const turn = this.hand.then(async () => {
			made = work();
			await Promise.all(made.map((each) => each.counted));
		});
		this.hand = turn.catch(() => {});
		return turn.then(async () => {
			await Promise.all(made.map((each) => each.kept));
		});
	}

	private make(body: FactBody): readonly Made[] {
		const keys = this.running?.identity.keys;
		if (!this.running || !keys) return this.unsigned(body.type ?? body.act);
		// If no hub has answered by then, the terminal says so and sounds.
		if (body.act === "placed") setTimeout(() => this.schedule(), UNDELIVERED_MS);
		return [this.running.maker.make(body, keys.privateKey)];
	}

	private unsigned(type: string): readonly Made[] {
		this.presses.unsigned(type, this.stamp().at);
		this.schedule();
		return [];
	}

	private foldNow(): Board {
		const { running, held } = this;
		if (!running || !held) return EMPTY_BOARD;
		held.read();
		if (held.directory !== this.directoryRead) {
			this.directoryRead = held.directory;
			const people = JSON.stringify(held.directory.staff);
			if (people !== this.people) this.staff.lookSoon();
			this.people = people;
		}
		const board = fold(running.facts.facts(), held.directory, this.presence(), running.clock.now());
		const links = this.links?.troubles() ?? [];
		return links.length === 0 ? board : { ...board, troubles: [...board.troubles, ...links] };
	}

	private presence(): Presence | null {
		const { running, self } = this;
		if (!running || !self || self.kind === "bedside") return null;
		if (!running.provider.connected) return this.links?.presence.read() ?? null;
		const awareness = running.provider.awareness(names.presence(self.ward));
		return this.presenceView.read(awareness, running.clock.now());
	}

	/** A terminal may act on what it placed even before its directory has come. */
	private directoryWithSelf(self: SelfInfo): Directory {
		const directory = this.held?.directory ?? EMPTY_DIRECTORY;
		const { terminal: id, kind, profile, room, bed } = self;
		if (directory.terminals[id]) return directory;
		if (this.completed?.from === directory) return this.completed.to;
		const place = { ...(room !== null && { room }), ...(bed !== null && { bed }) };
		const own = { id, kind, profile, state: "active" as const, supervised: false, ...place };
		const to = { ...directory, terminals: { ...directory.terminals, [id]: own } };
		// The same value for the same directory: who compares sees no change where there is none.
		this.completed = { from: directory, to };
		return to;
	}

	/** At once when the last frame is past, else at the next one; a timer that a background page slows is helped by the tick. */
	private schedule(): void {
		if (this.scheduled) return;
		this.scheduled = true;
		const refresh = () => {
			if (!this.scheduled) return;
			this.scheduled = false;
			this.refresh();
		};
		const wait = this.refreshedAt + FRAME_MS - this.parts.monotonic();
		if (wait > 0) setTimeout(refresh, wait);
		else queueMicrotask(refresh);
	}

	private refresh(): void {
		this.refreshedAt = this.parts.monotonic();
		const board = this.foldNow();
		const now = this.running?.clock.now() ?? this.parts.wall();
		this.running?.facts.settle(board, now);
		this.state = this.snapshot(board, this.presence(), now);
		this.links?.look();
		this.sound(board, now);
		this.receive(board);
		this.announce();
		this.runs.emit(this.state);
	}

	private sound(board: Board, now: number): void {
		const { self, held, muted } = this;
		const alone =
			this.parts.kind === "bedside" && this.state.ownPresses.some(({ undelivered }) => undelivered);
		const place = self && held ? { self, directory: held.directory } : null;
		this.alarms.sound(board, place, { alone, muted, now });
	}

	private receive(board: Board): void {
		const { running, held, self } = this;
		if (!running || !held || self?.kind !== "station") return;
		const { facts, provider } = running;
		// The station reports, not the person at it.
		const stamp = { ...this.stamp(), staff: null };
		const due = this.alarms.receipts(board, self, held.directory, facts, provider.connected);
		for (const { row, calls } of due) {
			this.make(actBody(self, "received", row, calls, {}, stamp));
		}
	}

	private announce(): void {
		const { self, running } = this;
		const awareness = self && running?.provider.awareness(names.presence(self.ward));
		if (!self || !running || !awareness) return;
		const { terminal, kind, profile } = self;
		const { version } = this.parts;
		const link = this.links?.linkInput() ?? null;
		const inputs = link === null ? this.inputs : { ...this.inputs, link };
		// What is told over the hub is told with the hub.
		const presence = {
			terminal,
			kind,
			profile,
			layer: 1,
			version,
			sound: this.soundState(),
			inputs,
			...(this.links !== null && { session: this.links.session }),
		};
		this.links?.presence.tell({ ...presence, layer: this.layer() });
		const told = JSON.stringify(presence);
		if (told === this.announced) return;
		this.announced = told;
		awareness.setLocalState(presence);
	}

	private layer(): Layer {
		const { links, running, self } = this;
		if (links !== null) return links.layer();
		return running && self && isWithHub(running.provider, self) ? 1 : 4;
	}

	private soundState(): TerminalState["sound"] {
		if (this.parts.sounder.state() === "blocked") return "blocked";
		return this.muted || this.device?.silent ? "muted" : "ok";
	}

	private snapshot(board: Board, presence: Presence | null, now: number): TerminalState {
		const { running, held, links } = this;
		const edits = running?.provider.replicas().reduce((sum, each) => sum + each.unsent, 0) ?? 0;
		const connected = running?.provider.connected === true;
		const recordings = links?.talks.unsentRecordings ?? 0;
		const full = running?.provider.hubFull || running?.outbox.hubFull;
		return {
			phase: this.override ?? running?.identity.phase ?? "starting",
			problem: this.problem ?? this.staff.problem ?? running?.identity.problem ?? null,
			self: this.self,
			layer: this.layer(),
			neighbours: links?.mesh.alive() ?? [],
			lastHeardAt: running?.provider.lastHeardAt ?? null,
			now,
			clock: running?.clock.kind() ?? "own",
			board,
			directory: held?.directory ?? emptyDirectory(),
			presence,
			ownPresses: this.presses.read(
				board,
				(id) => running?.facts.get(id) ?? null,
				(id) => running?.maker.diskOf(id) ?? "kept",
				now,
				connected && !full,
				(id) => links?.gossip.heldBy(id) ?? [],
			),
			unsent: (running?.outbox.unsent ?? 0) + edits + recordings,
			refused: running?.refused.items ?? [],
			sound: this.soundState(),
			session: this.staff.signedIn?.session ?? null,
			storage: this.storage,
			hubStorage: full ? "full" : "ok",
			language: this.language,
			night: isNight(held?.night ?? null, now),
			version: this.parts.version,
			talk: links?.talks.state ?? NO_TALK,
		};
	}

	private become(phase: Phase | null): void {
		this.override = phase;
		this.schedule();
	}

	private failed(error: unknown): void {
		console.error("storage:", error);
		this.storage = "failing";
		this.schedule();
	}
}
