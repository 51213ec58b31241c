/**
 * The state of the back office: who is signed in, where they are, the chosen ward's configuration, and how a change
 * is saved, told and taken back. Pages show it and hand in edits; the hub decides.
 */
import type { Language } from "../../text/words";
import { type Api, type ApiParts, OfficeError, openApi } from "./api";
import { pagesFor } from "./pages";
import { hashOf, type Route, routeOf } from "./router";
import { type Conflict, type Made, type Saved, type Toast, undoOf } from "./saving";
import type { Change, Edit, HospitalValue, Me, Permission, WardConfig } from "./types";
import { DEFAULT_ZONE, knowsZone } from "./zone";

export interface OfficeParts {
	fetch: ApiParts["fetch"];
	/** wall clock, ms */
	now: () => number;
	/** language and ward chosen last; nothing of a person's is kept here */
	memory: Pick<Storage, "getItem" | "setItem">;
	random: () => string;
	/** the page's address */
	readHash: () => string;
	writeHash: (hash: string) => void;
}

export type Phase = "starting" | "unreachable" | "signed_out" | "password_due" | "ready";

/** Warned so long before the session ends by itself, ms. */
export const WARN_MS = 60_000;
const LANGUAGE_KEY = "wardline-office-language";
const WARD_KEY = "wardline-office-ward";

export class Office {
	readonly api: Api;
	phase: Phase = $state("starting");
	/** stays through a lapse of the session, so that what was typed waits behind the sign-in */
	me: Me | null = $state.raw(null);
	language: Language = $state("zh");
	ward: string | null = $state(null);
	route: Route = $state.raw({ page: "", part: "" });
	hospital: HospitalValue | null = $state.raw(null);
	/** configuration of the chosen ward; null until it is there */
	config: WardConfig | null = $state.raw(null);
	configError: OfficeError | null = $state.raw(null);
	toasts: Toast[] = $state.raw([]);
	conflict: Conflict | null = $state.raw(null);
	/** a page holds what is not saved: leaving asks first */
	unsaved = $state(false);
	/** where one wanted to go while something was not saved */
	leaving: (() => void) | null = $state.raw(null);
	/** time left before signing out by itself, ms, while that is a minute or less */
	timeLeft: number | null = $state(null);
	/** counts saves and undos: pages that load something of their own load it anew */
	saves = $state(0);

	private readonly parts: OfficeParts;
	private activeAt: number;
	private answeredAt: number;
	private asked = 0;
	private toastKey = 0;

	constructor(parts: OfficeParts) {
		this.parts = parts;
		this.activeAt = parts.now();
		this.answeredAt = parts.now();
		this.api = openApi({
			fetch: parts.fetch,
			signedOut: () => this.lapse(),
			answered: () => {
				this.answeredAt = parts.now();
			},
		});
		this.language = parts.memory.getItem(LANGUAGE_KEY) === "en" ? "en" : "zh";
		this.route = routeOf(parts.readHash());
	}

	now(): number {
		return this.parts.now();
	}

	/** Finds out whether a session is still there. */
	async start(): Promise<void> {
		try {
			await this.enter(await this.api.get<Me>("me"));
		} catch (error) {
			if (this.phase !== "starting") return;
			const code = error instanceof OfficeError ? error.code : "";
			if (code === "password_due") this.phase = "password_due";
			else this.phase = code === "signed_out" ? "signed_out" : "unreachable";
		}
	}

	/** Raises OfficeError when the hub refuses. */
	async signIn(number: string, password: string): Promise<void> {
		await this.enter(await this.api.post<Me>("sign-in", { number, password }));
	}

	/** Raises OfficeError when the hub refuses. */
	async changePassword(old: string, fresh: string): Promise<void> {
		await this.api.post("password", { old, new: fresh });
		await this.enter(await this.api.get<Me>("me"));
	}

	/** Signs out, unless something is not saved and the person would rather stay. */
	askToSignOut(): void {
		this.leave(() => void this.signOut());
	}

	async signOut(): Promise<void> {
		try {
			await this.api.post("sign-out");
		} catch {
			// the cookie may be gone already; whoever leaves wants to be gone either way
		}
		this.forget();
	}

	private async enter(me: Me): Promise<void> {
		// another person finds nothing of the one before
		if (this.me !== null && this.me.staff.id !== me.staff.id) this.forget();
		this.me = me;
		this.activeAt = this.parts.now();
		this.timeLeft = null;
		if (me.password_due) {
			this.phase = "password_due";
			return;
		}
		const wanted = this.ward ?? this.parts.memory.getItem(WARD_KEY);
		const ward = me.wards.find((one) => one.id === wanted) ?? me.wards[0] ?? null;
		this.ward = ward?.id ?? null;
		this.phase = "ready";
		const pages = pagesFor(me.permissions);
		if (!pages.some((page) => page.id === this.route.page)) this.show(pages[0]?.id ?? "");
		await this.reload();
	}

	private forget(): void {
		this.me = null;
		this.config = null;
		this.configError = null;
		this.hospital = null;
		this.toasts = [];
		this.conflict = null;
		this.unsaved = false;
		this.leaving = null;
		this.timeLeft = null;
		this.phase = "signed_out";
	}

	/** The session is over, the person perhaps not: what they typed stays behind the sign-in. */
	private lapse(): void {
		this.timeLeft = null;
		this.phase = "signed_out";
	}

	may(permission: Permission): boolean {
		return this.me?.permissions.includes(permission) ?? false;
	}

	get zone(): string {
		const zone = this.hospital?.settings.timezone;
		return typeof zone === "string" && knowsZone(zone) ? zone : DEFAULT_ZONE;
	}

	newId(prefix: string): string {
		return `${prefix}-${this.parts.random()}`;
	}

	setLanguage(language: Language): void {
		this.language = language;
		this.parts.memory.setItem(LANGUAGE_KEY, language);
	}

	/** Raises nothing: a ward that cannot be read stands in `configError`. */
	setWard(ward: string): void {
		this.leave(() => {
			this.ward = ward;
			this.config = null;
			this.parts.memory.setItem(WARD_KEY, ward);
			void this.reload();
		});
	}

	/** Opens a page, unless something there is not saved and the person would rather stay. */
	go(page: string, part = ""): void {
		this.leave(() => this.show(page, part));
	}

	/** The address was changed by hand or by the browser's keys. */
	hashChanged(): void {
		const next = routeOf(this.parts.readHash());
		if (next.page === this.route.page && next.part === this.route.part) return;
		if (this.unsaved) this.parts.writeHash(hashOf(this.route));
		this.leave(() => this.show(next.page, next.part));
	}

	private show(page: string, part = ""): void {
		this.unsaved = false;
		this.route = { page, part };
		this.parts.writeHash(hashOf(this.route));
	}

	private leave(then: () => void): void {
		if (!this.unsaved) {
			then();
			return;
		}
		this.leaving = () => {
			this.unsaved = false;
			this.leaving = null;
			then();
		};
	}

	/** Reads the hospital and the chosen ward anew. An answer to an older question never covers a newer one. */
	async reload(): Promise<void> {
		this.asked += 1;
		const mine = this.asked;
		const { ward } = this;
		const [hospital, config] = await Promise.allSettled([
			this.may("ward.read") ? this.api.get<HospitalValue>("hospital") : Promise.resolve(null),
			// the audit administrator sees records, not wards
			ward === null || !this.may("ward.read")
				? Promise.resolve(null)
				: this.api.get<WardConfig>(`wards/${encodeURIComponent(ward)}`),
		]);
		if (mine !== this.asked || ward !== this.ward) return;
		if (hospital.status === "fulfilled") this.hospital = hospital.value;
		if (config.status === "fulfilled") {
			this.config = config.value;
			this.configError = null;
		} else if (config.reason instanceof OfficeError && config.reason.code !== "signed_out") {
			this.configError = config.reason;
		}
	}

	/** Wards were made, renamed or taken away: reads anew who may see which. */
	async reloadMe(): Promise<void> {
		try {
			this.me = await this.api.get<Me>("me");
		} catch {
			// the list stays as it was; a session that is over shows by itself
			return;
		}
		if (this.me.wards.some((ward) => ward.id === this.ward)) return;
		this.ward = this.me.wards[0]?.id ?? null;
		this.config = null;
		await this.reload();
	}

	/**
	 * Makes one change of all the edits, tells it with 撤销, and reads the ward anew. `note` says in the person's
	 * words what was done; it stands in the list of changes. Raises nothing.
	 */
	async save(note: string, edits: readonly Edit[]): Promise<Saved> {
		if (edits.length === 0) return { ok: true, change: 0 };
		return this.send("changes", { note, edits }, note, edits);
	}

	/** As `save`, by a route of its own that makes one change, such as `hosting/now`. Raises nothing. */
	act(note: string, path: string, body: unknown): Promise<Saved> {
		return this.send(path, body, note, []);
	}

	private async send(
		path: string,
		body: unknown,
		note: string,
		edits: readonly Edit[],
	): Promise<Saved> {
		try {
			const { id } = await this.api.post<Made>(path, body);
			await this.done({ text: note, tone: "good", undo: undoOf(id, false) });
			return { ok: true, change: id ?? 0 };
		} catch (error) {
			return this.refused(error, edits);
		}
	}

	async undo(change: number, again: boolean): Promise<void> {
		this.toasts = this.toasts.filter((toast) => toast.undo?.change !== change);
		try {
			const { id } = await this.api.post<Made>(`changes/${change}/undo`);
			const text =
				this.language === "zh" ? (again ? "已恢复" : "已撤销") : again ? "Redone" : "Undone";
			await this.done({ text, tone: "good", undo: undoOf(id, !again) });
		} catch (error) {
			this.fail(error);
		}
	}

	private async done(toast: Omit<Toast, "key">): Promise<void> {
		this.tell(toast);
		this.saves += 1;
		await this.reload();
	}

	private async refused(error: unknown, edits: readonly Edit[]): Promise<Saved> {
		if (!(error instanceof OfficeError)) throw error;
		if (error.code === "changed_meanwhile") {
			const changes = await this.changesOf(edits);
			await this.reload();
			this.conflict = { edits, changes };
		} else if (error.problems.length === 0 && error.code !== "signed_out") this.fail(error);
		const text = error.text(this.language);
		return { ok: false, code: error.code, text, problems: error.problems };
	}

	private async changesOf(edits: readonly Edit[]): Promise<Change[]> {
		const query = this.ward === null ? "" : `ward=${encodeURIComponent(this.ward)}&`;
		try {
			const { changes } = await this.api.get<{ changes: Change[]; more: boolean }>(
				`changes?${query}limit=50`,
			);
			const same = (a: Edit, b: Edit): boolean =>
				a.entity === b.entity && a.ward === b.ward && a.id === b.id;
			return changes.filter((one) => one.edits.some((a) => edits.some((b) => same(a, b))));
		} catch {
			return [];
		}
	}

	/** Tells what went wrong, in the hub's words. */
	fail(error: unknown): void {
		if (!(error instanceof OfficeError)) throw error;
		if (error.code === "signed_out") return;
		this.tell({ text: error.text(this.language), tone: "bad", undo: null });
	}

	tell(toast: Omit<Toast, "key">): void {
		this.toastKey += 1;
		this.toasts = [...this.toasts.slice(-1), { ...toast, key: this.toastKey }];
	}

	dismiss(key: number): void {
		this.toasts = this.toasts.filter((toast) => toast.key !== key);
	}

	/** A hand on key or pointer: the person is there, and so the session is kept, also while they only type. */
	active(): void {
		const { me, parts } = this;
		this.activeAt = parts.now();
		if (this.timeLeft !== null) this.timeLeft = null;
		if (me === null || this.phase !== "ready") return;
		if (parts.now() - this.answeredAt < me.idle_ms / 3) return;
		this.answeredAt = parts.now();
		void this.reloadMe();
	}

	/** Each second: warns a minute before the session ends, then ends it. What a page asks by itself does not keep it. */
	tick(): void {
		const { me } = this;
		if (me === null || (this.phase !== "ready" && this.phase !== "password_due")) return;
		const now = this.parts.now();
		const left = Math.min(this.activeAt + me.idle_ms, me.expires_at) - now;
		if (left > WARN_MS) {
			this.timeLeft = null;
			return;
		}
		this.timeLeft = Math.max(0, left);
		if (left > 0) return;
		this.lapse();
		this.api.post("sign-out").catch(() => {});
	}
}
