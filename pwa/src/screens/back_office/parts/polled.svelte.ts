/** Something the hub is asked for every few seconds while a page shows it, without keeping the session alive. */
import { OfficeError } from "../api";
import type { Office } from "../office_state.svelte";

/** As often as a list of devices is read anew, ms (DEV-03). */
export const POLL_MS = 2_000;

export class Polled<T> {
	/** null until the first answer */
	value: T | null = $state.raw(null);
	/** why the last question was not answered; what was known before stays */
	failed: OfficeError | null = $state.raw(null);

	private readonly office: Office;
	private readonly path: () => string | null;
	private asked = 0;
	private waiting = false;

	/** `path` null: nothing to ask for now. */
	constructor(office: Office, path: () => string | null) {
		this.office = office;
		this.path = path;
	}

	/** For a page's $effect: asks now and every `ms`; returns the way to stop. */
	start(ms: number = POLL_MS): () => void {
		void this.ask();
		const timer = setInterval(() => void this.turn(), ms);
		return () => {
			clearInterval(timer);
			this.asked += 1;
			this.waiting = false;
		};
	}

	/** Asks at once, after something was done. An answer to an older question is not taken. */
	async ask(): Promise<void> {
		const path = this.path();
		if (path === null) return;
		this.asked += 1;
		const mine = this.asked;
		this.waiting = true;
		try {
			const value = await this.office.api.poll<T>(path);
			if (mine !== this.asked) return;
			this.value = value;
			this.failed = null;
		} catch (error) {
			if (!(error instanceof OfficeError)) throw error;
			if (mine === this.asked) this.failed = error;
		} finally {
			if (mine === this.asked) this.waiting = false;
		}
	}

	private async turn(): Promise<void> {
		// a slow hub is not asked twice at once, nor for a page nobody sees or behind the sign-in
		if (this.waiting || document.hidden || this.office.phase !== "ready") return;
		await this.ask();
	}
}
