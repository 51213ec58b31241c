/** Where in the back office one is: `#/page/part`. The ward is chosen in the frame and stays through pages. */

export interface Route {
	/** "" before one is chosen */
	page: string;
	/** tab or thing within the page, "" for none */
	part: string;
}

const PART = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Reads a location's hash; what is not ours is the first page. */
export function routeOf(hash: string): Route {
	const [, page = "", part = ""] = hash.replace(/^#/, "").split("/");
	return { page: PART.test(page) ? page : "", part: PART.test(part) ? part : "" };
}

export function hashOf({ page, part }: Route): string {
	return part === "" ? `#/${page}` : `#/${page}/${part}`;
}
