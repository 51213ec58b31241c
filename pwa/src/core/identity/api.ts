/** The hub's HTTP interface as this app uses it: JSON in and out, errors with the hub's closed codes. */
import type { Recording } from "../talk/port";
import type { CallRecord, SelfInfo } from "../terminal_types";

const TIMEOUT_MS = 8_000;
/** A recording has at most 32 MiB; the ward's network carries it within this, there and back. */
const RECORDING_MS = 120_000;

/** The hub answered and said no; `code` as the hub names it. */
export class ApiError extends Error {
	override name = "ApiError";
	readonly code: string;
	readonly status: number;
	/** after how many seconds to ask again, where the hub says that waiting helps */
	readonly retryAfterS: number | null;

	constructor(status: number, code: string, message: string, retryAfterS: number | null = null) {
		super(message);
		this.status = status;
		this.code = code;
		this.retryAfterS = retryAfterS;
	}
}

/** No answer: the hub is away, or slow. */
export class Unreachable extends Error {
	override name = "Unreachable";
}

export interface TokenAnswer {
	token: string;
	expires_at: number;
	now: number;
	installation: string;
	generation: number;
	terminal: SelfInfo;
	/** own STUN and TURN of the site; absent without any */
	ice_servers?: RTCIceServer[];
}

export interface SignInAnswer {
	token: string;
	expires_at: number;
	staff: { id: string; name: string; role: string };
	/** the password is past its time: to be changed (`changePassword`) */
	password_due?: boolean;
}

export interface HistoryQuery {
	from: number;
	to: number;
	bed?: string;
	type?: string;
}

/** A recorded broadcast or talk that stands under no call of the journal. Times in ms, hub time. */
export interface RecordingLine {
	talk: string;
	purpose: "talk" | "broadcast";
	started_at: number;
	ended_at: number;
	/** who recorded it: terminal, and the person signed in there */
	terminal: string;
	staff: string | null;
	/** terminals at the other end */
	with: string[];
}

export class Api {
	private readonly base: () => string;
	private readonly fetch: typeof fetch;

	/** `base`: origin of the hub; of several, the one to be asked now. */
	constructor(base: string | (() => string), fetcher: typeof fetch = (...args) => fetch(...args)) {
		this.base = typeof base === "string" ? () => base : base;
		this.fetch = fetcher;
	}

	async enrol(code: string, public_key: string): Promise<SelfInfo> {
		return readSelf(await this.post("/api/enrol", { code, public_key }));
	}

	async challenge(terminal: string): Promise<string> {
		const answer = await this.post<{ challenge: string }>("/api/challenge", { terminal });
		return answer.challenge;
	}

	async token(terminal: string, challenge: string, signature: string): Promise<TokenAnswer> {
		const body = { terminal, challenge, signature };
		const answer = await this.post<TokenAnswer>("/api/token", body);
		return { ...answer, terminal: readSelf(answer.terminal) };
	}

	signIn(token: string, number: string, password: string): Promise<SignInAnswer> {
		return this.post("/api/staff/sign-in", { number, password }, token);
	}

	/** At a shared screen for two minutes. `token`: the terminal's, or that of whoever is signed in there. */
	signInByPin(token: string, number: string, pin: string): Promise<SignInAnswer> {
		return this.post("/api/staff/pin", { number, pin }, token);
	}

	signInByBadge(token: string, badge: string): Promise<SignInAnswer> {
		return this.post("/api/staff/pin", { badge }, token);
	}

	/** Until when the person's session lasts (ms, hub time). Throws ApiError with status 401 when it is over. */
	async sessionEnd(token: string): Promise<number> {
		const answer = await this.post<{ expires_at: number }>("/api/staff/session", {}, token);
		return answer.expires_at;
	}

	async changePassword(token: string, old: string, fresh: string): Promise<void> {
		await this.post("/api/staff/password", { old, new: fresh }, token);
	}

	async signOut(token: string): Promise<void> {
		await this.request("/api/staff/sign-out", { method: "POST" }, token);
	}

	async history(token: string, ward: string, query: HistoryQuery): Promise<CallRecord[]> {
		const answer = await this.request(historyPath(ward, query, "json"), {}, token);
		const value: unknown = await answer.json();
		const calls = Array.isArray(value) ? value : (value as { calls?: unknown }).calls;
		return Array.isArray(calls) ? (calls as CallRecord[]) : [];
	}

	async historyExport(token: string, ward: string, query: HistoryQuery): Promise<Blob> {
		return (await this.request(historyPath(ward, query, "csv"), {}, token)).blob();
	}

	/** Has calls of a group also go to other stations, from now until `until` (ms); only for groups of this station (CALL-07). */
	async host(
		token: string,
		ward: string,
		group: string,
		to: readonly string[],
		until: number,
	): Promise<void> {
		const body = { from_group: group, to: [...to], until_ms: Math.round(until) };
		await this.post(`/api/wards/${ward}/hosting`, body, token);
	}

	async endHosting(token: string, ward: string, id: string): Promise<void> {
		const path = `/api/wards/${ward}/hosting/${encodeURIComponent(id)}`;
		await this.request(path, { method: "DELETE" }, token);
	}

	/** Sends a recorded talk to the journal. The hub answers the same way when it has it already. */
	async putRecording(token: string, ward: string, recording: Recording): Promise<void> {
		const { talk, calls, purpose, startedAt, endedAt, type, bytes } = recording;
		const search = new URLSearchParams({
			calls: calls.join(","),
			purpose,
			started_at: String(Math.round(startedAt)),
			ended_at: String(Math.round(endedAt)),
			with: recording.with.join(","),
		});
		const path = `/api/wards/${encodeURIComponent(ward)}/recordings/${talk}?${search}`;
		const headers = { "content-type": type };
		await this.request(path, { method: "PUT", headers, body: bytes }, token, RECORDING_MS);
	}

	/** A recorded talk, for a person signed in (`token` is hers). Throws ApiError, Unreachable. */
	async recording(token: string, ward: string, talk: string): Promise<Blob> {
		const path = `/api/wards/${encodeURIComponent(ward)}/recordings/${encodeURIComponent(talk)}`;
		const answer = await this.request(path, {}, token, RECORDING_MS);
		try {
			return await answer.blob();
		} catch (error) {
			// The hub went away in the middle.
			throw new Unreachable(String(error));
		}
	}

	/** Recordings begun in [from, to) that stand under no call, newest first. Throws ApiError, Unreachable. */
	async recordings(
		token: string,
		ward: string,
		{ from, to }: { from: number; to: number },
	): Promise<RecordingLine[]> {
		const search = new URLSearchParams({ from: String(from), to: String(to) });
		const path = `/api/wards/${encodeURIComponent(ward)}/recordings?${search}`;
		const value: unknown = await (await this.request(path, {}, token)).json();
		return Array.isArray(value) ? (value as RecordingLine[]) : [];
	}

	private async post<T>(path: string, body: object, token?: string): Promise<T> {
		const headers = { "content-type": "application/json" };
		const init = { method: "POST", headers, body: JSON.stringify(body) };
		const answer = await this.request(path, init, token);
		return (await answer.json()) as T;
	}

	private async request(
		path: string,
		init: RequestInit,
		token?: string,
		timeoutMs = TIMEOUT_MS,
	): Promise<Response> {
		const headers = new Headers(init.headers);
		if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
		const signal = AbortSignal.timeout(timeoutMs);
		let answer: Response;
		try {
			answer = await this.fetch(this.base() + path, {
				...init,
				headers,
				signal,
				cache: "no-store",
			});
		} catch (error) {
			throw new Unreachable(String(error));
		}
		if (answer.ok) return answer;
		// A proxy in front of a dead hub answers too, but not in the hub's words.
		const value = (await answer.json().catch(() => null)) as {
			error?: { code?: unknown; message?: unknown };
		} | null;
		const code = value?.error?.code;
		if (typeof code !== "string") throw new Unreachable(`status ${answer.status}`);
		const wait = Number.parseInt(answer.headers.get("retry-after") ?? "", 10);
		const retryAfterS = Number.isNaN(wait) ? null : wait;
		throw new ApiError(answer.status, code, String(value?.error?.message ?? code), retryAfterS);
	}
}

function historyPath(ward: string, query: HistoryQuery, format: "json" | "csv"): string {
	const search = new URLSearchParams({ from: String(query.from), to: String(query.to), format });
	if (query.bed !== undefined) search.set("bed", query.bed);
	if (query.type !== undefined) search.set("type", query.type);
	return `/api/wards/${encodeURIComponent(ward)}/calls?${search}`;
}

/** The wire leaves out what a terminal has not: a station has no room. */
function readSelf(answer: Partial<SelfInfo>): SelfInfo {
	const { terminal, kind, ward } = answer;
	if (terminal === undefined || kind === undefined || ward === undefined) {
		throw new Unreachable("the hub's answer names no terminal");
	}
	return {
		terminal,
		kind,
		ward,
		profile: answer.profile ?? kind,
		name: answer.name ?? terminal,
		room: answer.room ?? null,
		bed: answer.bed ?? null,
	};
}
