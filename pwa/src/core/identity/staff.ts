/** The nurse at this terminal: her session with the hub, and on a PDA the key to the patient documents on its disk. */

import type { Store } from "../store/store";
import { Vault } from "../store/vault";
import type { StaffSession } from "../terminal_types";
import { type Api, type SignInAnswer, Unreachable } from "./api";

/** A session opened without the hub reads what is on this disk; it ends with the longest shift. */
const OFFLINE_MS = 12 * 3_600_000;

export interface SignedIn {
	session: StaffSession;
	number: string;
	/** For socket and HTTP; null when the hub could not be asked, or says that the session is over. */
	token: string | null;
	vault: Vault | null;
	/** the password is past its time */
	passwordDue: boolean;
}

/** What signing in needs of the terminal. `sealed`: whether it keeps patient documents under her key (a PDA). */
export interface SignInPlace {
	api: Api;
	store: Store;
	/** null: the hub cannot be asked */
	terminalToken: string | null;
	sealed: boolean;
	now: number;
	/** her vault when it is open already */
	open: Vault | null;
}

/** The hub let her in, but this PDA does not open by PIN: the password opens it. */
export class PasswordFirst extends Error {
	override name = "PasswordFirst";
}

/**
 * Signs in by password at the hub; without it, a PDA that knows the nurse opens its disk to her. Throws ApiError,
 * Unreachable, WrongPassword, PinFirst, StorageError.
 */
export async function signIn(
	place: SignInPlace,
	number: string,
	password: string,
): Promise<SignedIn> {
	const { api, store, sealed } = place;
	try {
		if (place.terminalToken === null) throw new Unreachable("no token yet");
		const answer = await api.signIn(place.terminalToken, number, password);
		try {
			const vault = sealed ? await openVault(place, number, password, answer.staff) : null;
			return await keep(store, signedIn(answer, number, vault));
		} catch (error) {
			// The hub let her in, this device does not: nobody is signed in.
			await api.signOut(answer.token).catch(() => {});
			throw error;
		}
	} catch (error) {
		if (!(error instanceof Unreachable) || !sealed) throw error;
		const vault = await Vault.unlock(store, number, password);
		if (vault === null) throw error;
		return withoutHub(place, number, vault);
	}
}

/**
 * Signs in by PIN at the hub; a PDA without it by the PIN's wrap on its disk. Typed on a PDA that is open, the PIN opens
 * it from then on. Throws ApiError, Unreachable, PasswordFirst, WrongPin, StorageError.
 */
export async function signInByPin(
	place: SignInPlace,
	number: string,
	pin: string,
): Promise<SignedIn> {
	const { api, store, sealed } = place;
	let answer: SignInAnswer;
	try {
		if (place.terminalToken === null) throw new Unreachable("no token yet");
		answer = await api.signInByPin(place.terminalToken, number, pin);
	} catch (error) {
		if (!(error instanceof Unreachable) || !sealed) throw error;
		return unlock(place, number, pin);
	}
	if (!sealed) return signedIn(answer, number, null);
	if (place.open !== null) {
		await place.open.setPin(store, pin);
		return keep(store, signedIn(answer, number, place.open));
	}
	// Another PIN than the hub's, or none yet: what is sealed here stays so, and she knows her password.
	const vault = await Vault.unlockByPin(store, number, pin).catch(() => null);
	if (vault === null) {
		await api.signOut(answer.token).catch(() => {});
		throw new PasswordFirst("this device does not open by PIN");
	}
	return keep(store, signedIn(answer, number, vault));
}

/** Signs in by badge: at shared screens only, for no badge opens what is sealed. Throws ApiError, Unreachable. */
export async function signInByBadge(place: SignInPlace, badge: string): Promise<SignedIn> {
	if (place.sealed) throw new PasswordFirst("a badge opens no sealed documents");
	if (place.terminalToken === null) throw new Unreachable("no token yet");
	const answer = await place.api.signInByBadge(place.terminalToken, badge);
	// Two minutes need no number: nothing is kept under it.
	return signedIn(answer, "", null);
}

/** Opens a PDA's vault by PIN, without asking the hub. Throws PasswordFirst, WrongPin, StorageError. */
export async function unlock(place: SignInPlace, number: string, pin: string): Promise<SignedIn> {
	const vault = await Vault.unlockByPin(place.store, number, pin);
	if (vault === null) throw new PasswordFirst("this device does not open by PIN");
	return withoutHub(place, number, vault);
}

/** What is kept of her session for the next start goes with her. */
export function forgetToken(store: Store, number: string): Promise<void> {
	return store.dropMeta(tokenName(number));
}

/** The session she had with the hub goes on where it lasts still: its token lies sealed beside her documents. */
async function withoutHub(place: SignInPlace, number: string, vault: Vault): Promise<SignedIn> {
	const { id, name, role } = vault.staff;
	const kept = await keptToken(place.store, number, vault);
	const token = kept !== null && kept.expiresAt > place.now ? kept.token : null;
	const expiresAt = token === null || kept === null ? place.now + OFFLINE_MS : kept.expiresAt;
	const session = { staff: id, name, role, expiresAt };
	return { session, number, token, vault, passwordDue: false };
}

function signedIn(answer: SignInAnswer, number: string, vault: Vault | null): SignedIn {
	const { staff, token, expires_at: expiresAt, password_due } = answer;
	const session = { staff: staff.id, name: staff.name, role: staff.role, expiresAt };
	return { session, number, token, vault, passwordDue: password_due === true };
}

async function keep(store: Store, signedIn: SignedIn): Promise<SignedIn> {
	const { vault, token, number, session } = signedIn;
	if (vault !== null && token !== null) {
		const text = JSON.stringify({ token, expiresAt: session.expiresAt });
		await store.putMeta(tokenName(number), await vault.seal(new TextEncoder().encode(text)));
	}
	return signedIn;
}

async function keptToken(
	store: Store,
	number: string,
	vault: Vault,
): Promise<{ token: string; expiresAt: number } | null> {
	const sealed = await store.meta<Uint8Array>(tokenName(number));
	if (sealed === null) return null;
	try {
		const kept = JSON.parse(new TextDecoder().decode(await vault.open(sealed)));
		return { token: String(kept.token), expiresAt: Number(kept.expiresAt) };
	} catch {
		return null;
	}
}

const tokenName = (number: string): string => `staff_token:${number}`;

/** A vault that this password no longer opens was sealed under an older one: the hub has judged the password, so it is made anew. */
async function openVault(
	{ store, open }: SignInPlace,
	number: string,
	password: string,
	staff: { id: string; name: string; role: string },
): Promise<Vault> {
	const vault = await Vault.unlock(store, number, password).catch(() => null);
	if (vault !== null) return open ?? vault;
	if (open !== null) {
		// She is in by her PIN: what is sealed is taken over to the new password.
		await open.setPassword(store, password);
		return open;
	}
	const prefix = `sealed/${number}/`;
	const unreadable = (await store.documents()).filter((name) => name.startsWith(prefix));
	const unsent = (await store.documentsWithOwn()).some((name) => name.startsWith(prefix));
	if (unsent && (await Vault.pinTriesLeft(store, number)) > 0) {
		throw new PinFirst("edits that have not gone out are sealed under an older password");
	}
	await store.deleteDocuments(unreadable);
	return Vault.create(store, number, password, staff);
}

/** Her password is new, and edits under the old one wait on this disk: her PIN still opens them. */
export class PinFirst extends Error {
	override name = "PinFirst";
}
