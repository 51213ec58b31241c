/**
 * The office API over fetch: the session is a cookie, so every request that changes something carries a header
 * that no foreign page can set. A refusal is an OfficeError with the hub's code and its problems by edit and field.
 */
import type { Language } from "../../text/words";
import type { OfficeErrorBody, OfficeProblem } from "./types";

const BASE = "/api/office/";

/** `code` as in the hub's list of codes; `offline` when the hub could not be reached at all. */
export class OfficeError extends Error {
	readonly code: string;
	readonly zh: string;
	readonly status: number;
	readonly problems: readonly OfficeProblem[];

	constructor(
		code: string,
		status: number,
		en: string,
		zh: string,
		problems: OfficeProblem[] = [],
	) {
		super(en);
		this.code = code;
		this.status = status;
		this.zh = zh;
		this.problems = problems;
	}

	text(language: Language): string {
		return language === "zh" ? this.zh : this.message;
	}
}

/** Paths are relative to /api/office/, query included. Every method raises OfficeError, never anything else. */
export interface Api {
	get<T>(path: string): Promise<T>;
	/** As `get`, asked by a page of itself every few seconds: it does not keep a session from being idle. */
	poll<T>(path: string): Promise<T>;
	post<T>(path: string, body?: unknown): Promise<T>;
	remove<T>(path: string): Promise<T>;
	/** A file as the body, whole. */
	upload<T>(path: string, file: Blob): Promise<T>;
	/** An export, to be saved by the person who asked. */
	file(path: string): Promise<Blob>;
	/** Where an EventSource or a link goes; the cookie goes with it. */
	url(path: string): string;
}

export interface ApiParts {
	fetch: (url: string, init: RequestInit) => Promise<Response>;
	/** the session is over: someone has to sign in again */
	signedOut: () => void;
	/** a request was answered: the session lives on */
	answered: () => void;
}

export function openApi({ fetch, signedOut, answered }: ApiParts): Api {
	async function ask(
		method: string,
		path: string,
		body?: BodyInit,
		type?: string,
		more: Record<string, string> = {},
	): Promise<Response> {
		const headers: Record<string, string> = { "X-Wardline-Office": "1", ...more };
		const polled = "X-Wardline-Poll" in more;
		if (type !== undefined) headers["Content-Type"] = type;
		let answer: Response;
		try {
			answer = await fetch(BASE + path, {
				method,
				headers,
				credentials: "same-origin",
				cache: "no-store",
				...(body === undefined ? {} : { body }),
			});
		} catch {
			throw new OfficeError(
				"offline",
				0,
				"The hub cannot be reached.",
				"无法连接服务器，请检查网络。",
			);
		}
		if (answer.ok) {
			if (!polled) answered();
			return answer;
		}
		const refusal = await refusalOf(answer);
		if (refusal.code === "signed_out") signedOut();
		else if (!polled) answered();
		throw refusal;
	}
	async function json<T>(
		method: string,
		path: string,
		body?: BodyInit,
		type?: string,
		more?: Record<string, string>,
	): Promise<T> {
		const answer = await ask(method, path, body, type, more);
		if (answer.status === 204) return null as T;
		try {
			return (await answer.json()) as T;
		} catch {
			throw unreadable(answer.status);
		}
	}
	return {
		get: (path) => json("GET", path),
		poll: (path) => json("GET", path, undefined, undefined, { "X-Wardline-Poll": "1" }),
		post: (path, body = {}) => json("POST", path, JSON.stringify(body), "application/json"),
		remove: (path) => json("DELETE", path),
		upload: (path, file) => json("POST", path, file, file.type || "application/octet-stream"),
		file: async (path) => (await ask("GET", path)).blob(),
		url: (path) => BASE + path,
	};
}

function unreadable(status: number): OfficeError {
	return new OfficeError(
		"unreadable",
		status,
		"The hub's answer could not be read.",
		"服务器的答复无法识别。",
	);
}

async function refusalOf(answer: Response): Promise<OfficeError> {
	try {
		const { error } = (await answer.json()) as OfficeErrorBody;
		const { code, message, message_zh, problems } = error;
		return new OfficeError(code, answer.status, message, message_zh, problems);
	} catch {
		// a proxy's page or nothing at all; a 401 is still the end of the session
		if (answer.status !== 401) return unreadable(answer.status);
		return new OfficeError("signed_out", 401, "Nobody is signed in.", "尚未登录或登录已过期。");
	}
}

/** Path with a query; what is null or empty is left out. */
export function withQuery(
	path: string,
	query: Record<string, string | number | boolean | null>,
): string {
	const parts = Object.entries(query).filter(([, value]) => value !== null && value !== "");
	if (parts.length === 0) return path;
	return `${path}?${new URLSearchParams(parts.map(([key, value]) => [key, String(value)]))}`;
}
