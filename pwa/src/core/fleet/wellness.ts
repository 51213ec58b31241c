/**
 * Whether a page is well, as far as it can tell itself: its state is told anew, and no second after second brings an error.
 * A page that is not well says nothing, and the heartbeat worker has it started anew.
 */

/** A state that has not been told for so long is a terminal that stands, ms. */
const STANDS_MS = 5_000;
/** Errors in so many beats one after the other are a screen that no longer draws. */
const ERROR_BEATS = 5;

export interface WellnessParts {
	/** monotonic, ms */
	now: () => number;
}

export class Wellness {
	private readonly now: () => number;
	private toldAt: number;
	private inService = false;
	private erring = 0;
	private erred = false;

	constructor({ now }: WellnessParts) {
		this.now = now;
		this.toldAt = now();
	}

	/** The terminal told its state; one that is not in service need not do so each second. */
	told(inService: boolean): void {
		this.toldAt = this.now();
		this.inService = inService;
	}

	/** Something was thrown that nobody caught. */
	threw(): void {
		this.erred = true;
	}

	/** Once a beat. */
	beat(): boolean {
		this.erring = this.erred ? this.erring + 1 : 0;
		this.erred = false;
		if (this.erring >= ERROR_BEATS) return false;
		return !this.inService || this.now() - this.toldAt < STANDS_MS;
	}
}
