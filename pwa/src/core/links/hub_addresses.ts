/**
 * The hubs of the installation as this terminal may reach them: the origin its page was opened at first, then those the
 * hospital's settings name. A page never leaves its origin (its store and key live there); only sockets and requests go
 * elsewhere. Rule MH11 of sync/SPEC.md.
 */

/** More than any installation has; what is beyond is not tried. */
const MOST = 16;

export class HubAddresses {
	/** Called with the list to be kept on the disk when it has changed. */
	keep: ((told: string[]) => void) | null = null;
	/** Where requests go: the hub whose socket spoke last, the own origin until one has. */
	current: string;
	private readonly own: string;
	private told: string[] = [];

	/** `own`: origin of the page. */
	constructor(own: string) {
		this.own = own;
		this.current = own;
	}

	/** Origins, in the order they are tried. */
	all(): string[] {
		return [this.own, ...this.told];
	}

	/** Addresses of the sockets, in the same order. */
	sockets(): string[] {
		return this.all().map(socketOf);
	}

	/** What the disk or the hospital's settings say. What is no origin of the page's own kind is passed over. */
	use(value: unknown): void {
		const told = (Array.isArray(value) ? value : [])
			.map((each) => originOf(each, this.own))
			.filter((each): each is string => each !== null && each !== this.own);
		const unique = [...new Set(told)].slice(0, MOST);
		if (unique.join(" ") === this.told.join(" ")) return;
		this.told = unique;
		this.keep?.(unique);
	}

	/** A socket at this address has spoken. */
	reached(socket: string): void {
		this.current = this.all().find((origin) => socketOf(origin) === socket) ?? this.current;
	}
}

function socketOf(origin: string): string {
	return `${origin.replace(/^http/, "ws")}/sync`;
}

function originOf(value: unknown, own: string): string | null {
	if (typeof value !== "string" || !URL.canParse(value)) return null;
	const { origin, protocol } = new URL(value);
	// A page of https may not speak in the clear, and would only try in vain.
	return protocol === new URL(own).protocol ? origin : null;
}
