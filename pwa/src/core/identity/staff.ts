/** The nurse at this terminal: her session with the hub, and on a PDA the key to the patient documents on its disk. */

import type { Store } from "../store/store";
import { Vault } from "../store/vault";
import type { StaffSession } from "../terminal_types";
import { type Api, Unreachable } from "./api";

/** A session opened without the hub reads what is on this disk; it ends with the longest shift. */
const OFFLINE_MS = 12 * 3_600_000;

export interface SignedIn {
	session: StaffSession;
	number: string;
	/** For socket and HTTP; null when the hub could not be asked. */
	token: string | null;
	vault: Vault | null;
}

/**
 * Signs in at the hub; without it, a PDA that knows the nurse opens its disk to her. `sealed`: whether this terminal
 * keeps patient documents under her key. Throws ApiError, Unreachable, WrongPassword, StorageError.
 */
export async function signIn(
	api: Api,
	store: Store,
	terminalToken: string | null,
	sealed: boolean,
	number: string,
	password: string,
	now: number,
): Promise<SignedIn> {
	try {
		if (terminalToken === null) throw new Unreachable("no token yet");
		const answer = await api.signIn(terminalToken, number, password);
		const { staff, token } = answer;
		const session = {
			staff: staff.id,
			name: staff.name,
			role: staff.role,
			expiresAt: answer.expires_at,
		};
		const vault = sealed ? await openVault(store, number, password, staff) : null;
		return { session, number, token, vault };
	} catch (error) {
		if (!(error instanceof Unreachable) || !sealed) throw error;
		const vault = await Vault.unlock(store, number, password);
		if (vault === null) throw error;
		const { id, name, role } = vault.staff;
		const session = { staff: id, name, role, expiresAt: now + OFFLINE_MS };
		return { session, number, token: null, vault };
	}
}

/** A vault that this password no longer opens was sealed under an older one: the hub has judged the password, so it is made anew. */
async function openVault(
	store: Store,
	number: string,
	password: string,
	staff: { id: string; name: string; role: string },
): Promise<Vault> {
	const vault = await Vault.unlock(store, number, password).catch(() => null);
	if (vault !== null) return vault;
	const prefix = `sealed/${number}/`;
	const unreadable = (await store.documents()).filter((name) => name.startsWith(prefix));
	await store.deleteDocuments(unreadable);
	return Vault.create(store, number, password, staff);
}
