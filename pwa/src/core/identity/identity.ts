/**
 * Who this terminal is: enrolment by a one-time code, the token for the hub, renewed before it ends, and the nurse who
 * is signed in. Calls wait for none of it.
 */
import { Listeners } from "../links/link";
import type { Marks } from "../store/persistence";
import type { Store } from "../store/store";
import type { SelfInfo } from "../terminal_types";
import { type Api, ApiError } from "./api";
import { loadKeys, makeKeys, publicPoint, signText } from "./keys";

/** Tokens last 10 min; renewed this long before they end. */
const RENEW_MS = 3 * 60_000;
/** A document that is denied with a token this young is denied for another reason. */
const FRESH_MS = 30_000;
const RETRY_MIN_MS = 1_000;
/** A hub answers within a fraction of this. */
const HANGS_MS = 1_000;
const RETRY_MAX_MS = 10_000;
/** The hub does not know this key: asked again seldom, for it may be set right there. */
const UNKNOWN_RETRY_MS = 30_000;

export type IdentityPhase = "starting" | "unenrolled" | "enrolling" | "revoked" | "ready";

export interface IdentityOptions {
	api: Api;
	store: Store;
	marks: Marks;
	slot: string;
	/** ms, must not jump */
	monotonic: () => number;
}

export class Identity {
	readonly changes = new Listeners<[]>();
	phase: IdentityPhase = "starting";
	problem: string | null = null;
	self: SelfInfo | null = null;
	keys: CryptoKeyPair | null = null;
	/** For the socket and HTTP; null while none is valid. */
	token: string | null = null;
	/** The site's STUN and TURN, as last told: kept for a start without the hub. */
	iceServers: RTCIceServer[] = [];
	private readonly options: IdentityOptions;
	private asking: Promise<void> | null = null;
	private code: string | null = null;
	private renewAt = 0;
	private fetchedAt = 0;
	private askedAt = 0;
	private retryMs = RETRY_MIN_MS;

	constructor(options: IdentityOptions) {
		this.options = options;
	}

	/** Reads the disk. `code`: the enrolment code of the address, if it brought one. */
	async load(code: string | null): Promise<void> {
		const { store, marks } = this.options;
		this.keys = await loadKeys(store);
		this.self = await store.meta<SelfInfo>("self");
		this.iceServers = (await store.meta<RTCIceServer[]>("ice_servers")) ?? [];
		if (code !== null) await store.putMeta("enrolment_code", code);
		this.code = code ?? (await store.meta<string>("enrolment_code"));
		if (this.self !== null && this.keys !== null) this.become("ready", null);
		else if (this.code !== null) this.become("enrolling", null);
		else {
			const lost = marks.get("enrolled") !== null;
			this.become("unenrolled", lost ? "storage_lost" : null);
		}
	}

	/** The hub is being asked. */
	get busy(): boolean {
		return this.asking !== null;
	}

	/** Once a second: does what is due. */
	tick(): void {
		if (this.busy || this.options.monotonic() < this.renewAt) return;
		if (this.phase === "unenrolled" || this.phase === "starting") return;
		void this.ask();
	}

	/** The token; asked for now where there is none, because a hand waits for it. Null when the hub gives none. */
	async tokenNow(): Promise<string | null> {
		if (this.token === null && this.phase === "ready") await this.ask();
		return this.token;
	}

	/** The hub was heard, or refused the token: a new one is due, unless this one is fresh and the refusal meant something else. */
	due(): void {
		if (this.token !== null && this.options.monotonic() - this.fetchedAt < FRESH_MS) return;
		// A question that hangs since before the hub came back is not waited for.
		if (this.options.monotonic() - this.askedAt >= HANGS_MS) this.asking = null;
		this.renewAt = Math.min(this.renewAt, this.options.monotonic() + RETRY_MIN_MS);
	}

	/** The hub asked this terminal to come anew (close code 4205): it may hang elsewhere now, which a new token tells. */
	changed(): void {
		this.fetchedAt = Number.NEGATIVE_INFINITY;
		this.due();
	}

	/** The hub cut this terminal off (close code 4403): revoked, or given another place. A new token tells which. */
	revoked(): void {
		this.token = null;
		this.renewAt = this.options.monotonic() + RETRY_MIN_MS;
		this.become("revoked", null);
	}

	/** One asking at a time. */
	private ask(): Promise<void> {
		if (this.asking !== null) return this.asking;
		this.askedAt = this.options.monotonic();
		const asking = this.renew().finally(() => {
			if (this.asking === asking) this.asking = null;
		});
		this.asking = asking;
		return asking;
	}

	private async renew(): Promise<void> {
		try {
			if (this.phase === "enrolling") await this.enrol();
			else await this.fetchToken();
			this.retryMs = RETRY_MIN_MS;
		} catch (error) {
			this.renewAt = this.options.monotonic() + this.retryMs;
			this.retryMs = Math.min(RETRY_MAX_MS, this.retryMs * 2);
			if (!(error instanceof ApiError)) {
				// A terminal that is enrolled can wait; that the hub is away its layer says.
				this.become(this.phase, this.phase === "enrolling" ? "unreachable" : null);
				return;
			}
			await this.refused(error);
		}
	}

	private async enrol(): Promise<void> {
		const { api, store, marks, slot } = this.options;
		// The same key at each try: the hub gives the same answer again when the first was lost on the way.
		this.keys ??= await makeKeys(store);
		const self = await api.enrol(this.code ?? "", await publicPoint(this.keys));
		if (self.terminal !== slot) {
			throw new ApiError(400, "other_terminal", `the code is for ${self.terminal}`);
		}
		await store.putMeta("self", self);
		await this.spendCode();
		marks.set("enrolled", "1");
		this.self = self;
		this.renewAt = 0;
		this.become("ready", null);
	}

	private async fetchToken(): Promise<void> {
		const { api, store, slot, monotonic } = this.options;
		if (this.keys === null) return;
		const challenge = await api.challenge(slot);
		const signature = await signText(this.keys, `wardline-token:${challenge}`);
		const answer = await api.token(slot, challenge, signature);
		this.token = answer.token;
		this.fetchedAt = monotonic();
		this.renewAt = monotonic() + Math.max(RETRY_MIN_MS, answer.expires_at - answer.now - RENEW_MS);
		if (JSON.stringify(answer.terminal) !== JSON.stringify(this.self)) {
			this.self = answer.terminal;
			await store.putMeta("self", answer.terminal);
		}
		const iceServers = answer.ice_servers ?? [];
		if (JSON.stringify(iceServers) !== JSON.stringify(this.iceServers)) {
			this.iceServers = iceServers;
			// Relaxed: the credentials of a while ago are good for an hour.
			await store.putMeta("ice_servers", iceServers, false);
		}
		// The key is good: a code that came along with it is of no use.
		if (this.code !== null) await this.spendCode();
		this.become("ready", null);
	}

	private async refused(error: ApiError): Promise<void> {
		if (error.code === "too_many_tries") {
			this.become(this.phase, error.code);
			return;
		}
		if (this.phase === "enrolling") {
			await this.spendCode();
			this.become(this.self === null ? "unenrolled" : "revoked", error.code);
			this.renewAt = this.options.monotonic() + UNKNOWN_RETRY_MS;
			return;
		}
		const unknown = error.code === "terminal_unknown" || error.code === "signature_invalid";
		if (unknown && this.code !== null) {
			this.renewAt = 0;
			this.become("enrolling", null);
		} else if (unknown) {
			this.token = null;
			this.renewAt = this.options.monotonic() + UNKNOWN_RETRY_MS;
			this.become("revoked", error.code);
		} else this.become(this.phase, error.code);
	}

	private async spendCode(): Promise<void> {
		this.code = null;
		await this.options.store.dropMeta("enrolment_code");
	}

	private become(phase: IdentityPhase, problem: string | null): void {
		this.phase = phase;
		this.problem = problem;
		this.changes.emit();
	}
}

/** Takes the code out of `#enrol=…`, and out of the address bar at once: it must not be read off the screen. */
export function takeCode(place: Location, history: History): string | null {
	const code = /^#enrol=(.+)$/.exec(place.hash)?.[1];
	if (code === undefined) return null;
	history.replaceState(history.state, "", place.pathname + place.search);
	return decodeURIComponent(code);
}
