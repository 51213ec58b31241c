/** The hub's side of push over HTTP (edge/push_api.py). */
import { ApiError, Unreachable } from "../identity/api";

const TIMEOUT_MS = 10_000;

/** A browser's subscription as the hub takes it; keys in base64url. */
export interface Subscribed {
	endpoint: string;
	p256dh: string;
	auth: string;
}

export interface PushHub {
	/** The key to subscribe with, base64url. Throws ApiError, Unreachable. */
	key(token: string): Promise<string>;
	put(token: string, subscribed: Subscribed, language: "zh" | "en"): Promise<void>;
	remove(token: string): Promise<void>;
}

export class PushApi implements PushHub {
	private readonly base: () => string;
	private readonly fetch: typeof fetch;

	constructor(
		base: string | (() => string),
		fetching: typeof fetch = (...given) => fetch(...given),
	) {
		this.base = typeof base === "string" ? () => base : base;
		this.fetch = fetching;
	}

	async key(token: string): Promise<string> {
		const answer = await this.request("GET", "/api/push/key", token);
		const { key } = (await answer.json()) as { key?: unknown };
		if (typeof key !== "string") throw new Unreachable("the hub's answer names no key");
		return key;
	}

	async put(token: string, subscribed: Subscribed, language: "zh" | "en"): Promise<void> {
		const { endpoint, p256dh, auth } = subscribed;
		await this.request("PUT", "/api/push/subscription", token, {
			endpoint,
			p256dh,
			auth,
			language,
		});
	}

	async remove(token: string): Promise<void> {
		await this.request("DELETE", "/api/push/subscription", token);
	}

	private async request(
		method: string,
		path: string,
		token: string,
		body?: object,
	): Promise<Response> {
		let answer: Response;
		try {
			answer = await this.fetch(this.base() + path, {
				method,
				headers: {
					authorization: `Bearer ${token}`,
					...(body && { "content-type": "application/json" }),
				},
				...(body && { body: JSON.stringify(body) }),
				cache: "no-store",
				signal: AbortSignal.timeout(TIMEOUT_MS),
			});
		} catch (error) {
			throw new Unreachable(String(error));
		}
		if (answer.ok) return answer;
		const value = (await answer.json().catch(() => null)) as {
			error?: { code?: unknown; message?: unknown };
		} | null;
		const code = value?.error?.code;
		if (typeof code !== "string") throw new Unreachable(`status ${answer.status}`);
		throw new ApiError(answer.status, code, String(value?.error?.message ?? code));
	}
}
