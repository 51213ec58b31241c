/** Who is signed in at this terminal, and what of the documents that opens: patient documents of a PDA only to her. */
import { ApiError, Unreachable } from "./identity/api";
import { type SignedIn, signIn } from "./identity/staff";
import * as names from "./protocol/names";
import { memoryShelf, type Shelf, vaultShelf } from "./replica/shelf";
import type { Running } from "./running";
import type { Store } from "./store/store";
import { WrongPassword } from "./store/vault";
import type { TerminalParts } from "./terminal_parts";

export interface StaffPort {
	parts: TerminalParts;
	/** null until the disk is open */
	running(): Running | null;
	/** Someone came or went: rights and held documents follow. */
	changed(): void;
}

export class StaffAtTerminal {
	signedIn: SignedIn | null = null;
	/** why the last sign-in failed, text key */
	problem: string | null = null;
	private readonly port: StaffPort;

	constructor(port: StaffPort) {
		this.port = port;
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
	async signIn(number: string, password: string): Promise<boolean> {
		const running = this.port.running();
		if (!running) return false;
		const { parts } = this.port;
		const { identity, store, clock } = running;
		const now = clock.now();
		try {
			// Just after the hub came back there is none yet: a session without one delivers nothing.
			const token = await identity.tokenNow();
			const sealed = parts.kind === "pda";
			this.signedIn = await signIn(parts.api, store, token, sealed, number, password, now);
			this.problem = null;
		} catch (error) {
			this.problem = problemOf(error);
			return false;
		}
		this.port.changed();
		return true;
	}

	async signOut(): Promise<void> {
		const { signedIn } = this;
		if (signedIn === null) return;
		this.signedIn = null;
		this.port.changed();
		// The hub's own end of the session is not waited for: this terminal has let go of it already.
		if (signedIn.token !== null) await this.port.parts.api.signOut(signedIn.token).catch(() => {});
	}

	/** Whether `now` (ms, hub time) is past the end of the session. */
	isOver(now: number): boolean {
		return now >= (this.signedIn?.session.expiresAt ?? Number.POSITIVE_INFINITY);
	}

	/** Patient documents of a PDA: on its disk under her key, or not at all. */
	isSealed(name: string): boolean {
		return this.port.parts.kind === "pda" && names.isPatientDocument(name);
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
}

/** The text key of why signing in failed. */
function problemOf(error: unknown): string {
	if (error instanceof ApiError) return error.code;
	if (error instanceof WrongPassword) return "sign_in_refused";
	return error instanceof Unreachable ? "unreachable" : "storage";
}
