/**
 * Who is signed in at this terminal, and what of the documents that opens: patient documents of a PDA only to her. A PDA
 * laid aside locks itself, a shared screen signs her out; calls ring and are answered either way.
 */
import { valuesOf } from "./documents/values";
import { type Api, ApiError, Unreachable } from "./identity/api";
import {
	forgetToken,
	PasswordFirst,
	PinFirst,
	type SignedIn,
	type SignInPlace,
	signIn,
	signInByBadge,
	signInByPin,
	unlock,
} from "./identity/staff";
import type { SignInProblem, StaffDoor, StaffState } from "./identity/staff_door";
import { isPersonal } from "./joining";
import * as names from "./protocol/names";
import { memoryShelf, type Shelf, vaultShelf } from "./replica/shelf";
import type { Running } from "./running";
import type { Store } from "./store/store";
import { Vault, WrongPassword, WrongPin } from "./store/vault";
import type { TerminalParts } from "./terminal_parts";
import type { Readable } from "./terminal_types";

/** Idle times in minutes, and what the ward's settings may make of them (`staff_idle_min`, `pda_idle_min`). */
const PDA_IDLE_MIN = { usual: 12, least: 2, most: 15 };
const SHARED_IDLE_MIN = { usual: 15, least: 2, most: 30 };
const MINUTE_MS = 60_000;
/** A short session's end moves with each edit and act the hub takes; others are looked at now and then. */
const LOOK_SHORT_MS = 4_000;
const LOOK_MS = 60_000;
/** A short session lasts no longer in all: what is longer is none. */
const SHORT_WHOLE_MS = 10 * MINUTE_MS;

type StaffParts = Pick<TerminalParts, "kind"> & { api: Api };

export interface StaffPort {
	parts: StaffParts;
	/** null until the disk is open */
	running(): Pick<Running, "identity" | "store" | "clock" | "provider"> | null;
	/** Someone came or went: rights and held documents follow. */
	changed(): void;
}

/** A PDA laid aside: what she comes back to. */
interface Locked extends Omit<SignedIn, "vault"> {
	/** the hub says that her session is over: the PIN of this disk alone does not do while it can be asked */
	over: boolean;
}

export class StaffAtTerminal implements StaffDoor {
	signedIn: SignedIn | null = null;
	/** why the last sign-in failed, text key */
	get problem(): string | null {
		return this.refusal?.code ?? null;
	}
	readonly staffState: Readable<StaffState> = {
		subscribe: (run) => {
			this.runs.add(run);
			run(this.state);
			return () => this.runs.delete(run);
		},
	};
	private readonly port: StaffPort;
	private readonly runs = new Set<(state: StaffState) => void>();
	private locked: Locked | null = null;
	private refusal: SignInProblem | null = null;
	private busy = false;
	private short = false;
	private pin = false;
	private connected = false;
	private touchedAt = Number.NEGATIVE_INFINITY;
	private lookedAt = Number.NEGATIVE_INFINITY;
	private state: StaffState;

	constructor(port: StaffPort) {
		this.port = port;
		this.state = this.snapshot();
	}

	/** Whether her key opens the sealed documents of this disk. */
	get unlocked(): boolean {
		return this.signedIn?.vault != null;
	}

	/** A nurse's token says all that the terminal's says, and who she is. */
	get token(): string | null {
		return this.signedIn?.token ?? this.port.running()?.identity.token ?? null;
	}

	/** True when someone is signed in now; else `problem` says why not. */
	signIn(number: string, password: string): Promise<boolean> {
		return this.enter((place) => signIn(place, number, password), number);
	}

	async signInByPin(number: string, pin: string): Promise<void> {
		const { locked } = this;
		const who = number || (this.signedIn?.number ?? locked?.number ?? "");
		const own = locked !== null && who === locked.number;
		// The disk judges the PIN of its own nurse, with and without the hub; the hub, once it ended her session.
		await this.enter(async (place) => {
			if (!own || (locked.over && place.terminalToken !== null))
				return signInByPin(place, who, pin);
			return { ...(await unlock(place, who, pin)), token: locked.token, session: locked.session };
		}, who);
	}

	async signInByBadge(code: string): Promise<void> {
		await this.enter((place) => signInByBadge(place, code), null);
	}

	async signOut(): Promise<void> {
		const gone = this.signedIn ?? this.locked;
		if (gone === null) return;
		this.leave();
		const running = this.port.running();
		if (running && gone.number !== "")
			await forgetToken(running.store, gone.number).catch(() => {});
		// The hub's own end of the session is not waited for: this terminal has let go of it already.
		if (gone.token !== null) await this.port.parts.api.signOut(gone.token).catch(() => {});
	}

	lock(): void {
		const { signedIn } = this;
		if (signedIn === null) return;
		if (signedIn.vault === null) {
			void this.signOut();
			return;
		}
		this.layAside(signedIn, false);
	}

	touched(): void {
		this.touchedAt = this.now();
	}

	async changePassword(old: string, fresh: string): Promise<void> {
		const { signedIn } = this;
		const running = this.port.running();
		if (signedIn === null || signedIn.token === null || !running) {
			throw new Unreachable("nobody is signed in at the hub");
		}
		await this.port.parts.api.changePassword(signedIn.token, old, fresh);
		await signedIn.vault?.setPassword(running.store, fresh);
		this.signedIn = { ...signedIn, passwordDue: false };
		this.tell();
	}

	/** Whether `now` (ms, hub time) is past the end of the session. */
	isOver(now: number): boolean {
		return now >= ((this.signedIn ?? this.locked)?.session.expiresAt ?? Number.POSITIVE_INFINITY);
	}

	/** Once a second: ends what is over or idle, and looks whether the hub still has the session. */
	tick(): void {
		const running = this.port.running();
		if (!running) return;
		const now = this.now();
		const back = running.provider.connected && !this.connected;
		this.connected = running.provider.connected;
		if (this.isOver(now)) void this.signOut();
		else if (this.signedIn && now - this.touchedAt >= this.idleMs(running)) this.lock();
		const token = (this.signedIn ?? this.locked)?.token ?? null;
		const look = this.short ? LOOK_SHORT_MS : LOOK_MS;
		if (this.connected && token !== null && (back || now - this.lookedAt >= look)) {
			this.lookedAt = now;
			void this.look(token);
		}
		this.tell();
	}

	/** People or their rights may have changed: the hub is asked with the next beat. */
	lookSoon(): void {
		this.lookedAt = Number.NEGATIVE_INFINITY;
	}

	/** What a PDA keeps for its nurse alone: on its disk under her key, or not at all. */
	isSealed(name: string): boolean {
		return isPersonal(this.port.parts.kind, name);
	}

	sealedShelf(store: Store, name: string): Shelf {
		const { signedIn } = this;
		if (signedIn?.vault == null) return memoryShelf();
		return vaultShelf(store, signedIn.vault, signedIn.number, name);
	}

	/** Names of documents with own edits on this disk that may be delivered now. */
	async unsentDocuments(store: Store): Promise<string[]> {
		const sealed = `sealed/${this.signedIn?.number ?? "-"}/`;
		return (await store.documentsWithOwn())
			.map((name) => (name.startsWith(sealed) ? name.slice(sealed.length) : name))
			.filter((name) => !name.startsWith("sealed/"));
	}

	/** One at a time: of two hands the second finds the first at work. `ask`: the hub is waited for. */
	private async enter(
		way: (place: SignInPlace) => Promise<SignedIn>,
		number: string | null,
		ask = true,
	): Promise<boolean> {
		const running = this.port.running();
		if (!running || this.busy) return false;
		const { parts } = this.port;
		const { identity, store } = running;
		this.busy = true;
		this.tell();
		try {
			// Just after the hub came back there is none yet: a session without one delivers nothing.
			const terminalToken = ask ? await identity.tokenNow() : identity.token;
			const sealed = parts.kind === "pda";
			const same = this.signedIn !== null && this.signedIn.number === number;
			const open = same ? (this.signedIn?.vault ?? null) : null;
			const now = this.now();
			const entered = await way({ api: parts.api, store, terminalToken, sealed, now, open });
			// What was open under another's key is closed before hers opens anything: nothing goes out as hers.
			if (this.signedIn !== null && this.signedIn.number !== entered.number) this.leave();
			this.signedIn = entered;
			[this.locked, this.refusal] = [null, null];
			this.short = !sealed && entered.session.expiresAt - now <= SHORT_WHOLE_MS;
			this.touchedAt = this.lookedAt = now;
			this.pin = sealed && (await Vault.pinTriesLeft(store, entered.number)) > 0;
		} catch (error) {
			this.refusal = this.refusalOf(error);
			if (this.locked) this.pin = (await Vault.pinTriesLeft(store, this.locked.number)) > 0;
			return false;
		} finally {
			this.busy = false;
			this.tell();
		}
		this.port.changed();
		return true;
	}

	private leave(): void {
		[this.signedIn, this.locked] = [null, null];
		[this.short, this.pin] = [false, false];
		this.port.changed();
		this.tell();
	}

	private layAside({ vault: _, ...left }: SignedIn, over: boolean): void {
		this.locked = { ...left, over };
		this.signedIn = null;
		this.refusal = null;
		this.port.changed();
		this.tell();
	}

	private async look(token: string): Promise<void> {
		const { api } = this.port.parts;
		try {
			const expiresAt = await api.sessionEnd(token);
			const at = this.signedIn ?? this.locked;
			if (at?.token !== token || at.session.expiresAt === expiresAt) return;
			at.session = { ...at.session, expiresAt };
			this.tell();
		} catch (error) {
			if (error instanceof ApiError && error.status === 401) this.ended(token);
		}
	}

	/** The hub says that the session is over: somebody ended it, or the hub came back without it. */
	private ended(token: string): void {
		const { signedIn, locked } = this;
		if (locked?.token === token) this.locked = { ...locked, token: null, over: true };
		else if (signedIn?.token !== token) return;
		else if (signedIn.vault === null) this.leave();
		else this.layAside({ ...signedIn, token: null }, true);
		const running = this.port.running();
		const number = (signedIn ?? locked)?.number ?? "";
		if (running && number !== "") void forgetToken(running.store, number).catch(() => {});
		this.tell();
	}

	private idleMs({ identity, provider }: Pick<Running, "identity" | "provider">): number {
		const pda = this.port.parts.kind === "pda";
		const { usual, least, most } = pda ? PDA_IDLE_MIN : SHARED_IDLE_MIN;
		const ward = identity.self?.ward;
		const settings = ward === undefined ? null : provider.replica(names.wardSettings(ward));
		const set =
			settings && valuesOf(settings.doc, "settings")[pda ? "pda_idle_min" : "staff_idle_min"];
		const minutes = typeof set === "number" ? Math.min(most, Math.max(least, set)) : usual;
		return minutes * MINUTE_MS;
	}

	private now(): number {
		return this.port.running()?.clock.now() ?? 0;
	}

	private refusalOf(error: unknown): SignInProblem {
		const [until, left] = [null, null];
		if (error instanceof ApiError) {
			const wait = error.retryAfterS;
			return { code: error.code, until: wait === null ? null : this.now() + wait * 1000, left };
		}
		if (error instanceof WrongPin) {
			return { code: error.left === 0 ? "pin_gone" : "pin_wrong", until, left: error.left };
		}
		if (error instanceof WrongPassword) return { code: "sign_in_refused", until, left };
		if (error instanceof PasswordFirst) return { code: "password_first", until, left };
		if (error instanceof PinFirst) return { code: "pin_first", until, left };
		return { code: error instanceof Unreachable ? "unreachable" : "storage", until, left };
	}

	private snapshot(): StaffState {
		const { signedIn, locked } = this;
		const at = signedIn ?? locked;
		const reachable = this.connected && this.port.running()?.identity.token != null;
		return {
			phase: signedIn !== null ? "in" : locked !== null ? "locked" : "out",
			name: at?.session.name ?? null,
			number: at?.number ?? null,
			expiresAt: signedIn?.session.expiresAt ?? null,
			short: signedIn !== null && this.short,
			proof: signedIn !== null && signedIn.token === null && reachable,
			pin: this.pin,
			passwordDue: signedIn?.passwordDue ?? false,
			busy: this.busy,
			problem: this.refusal,
		};
	}

	/** Tells those who look, when there is something new. */
	private tell(): void {
		const state = this.snapshot();
		if (JSON.stringify(state) === JSON.stringify(this.state)) return;
		this.state = state;
		for (const run of [...this.runs]) run(state);
	}
}
