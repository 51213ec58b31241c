/** The demo's supervisor on the next port: it starts and kills the hub, and hands out one-time enrolment codes. */
import { readSlots, type Slot } from "./slots";

export type HubState = "running" | "starting" | "killed" | "unknown";

export interface Control {
	/** The hub as its supervisor sees it; unknown when the supervisor does not answer. */
	hub(): Promise<HubState>;
	kill(): Promise<HubState>;
	start(): Promise<HubState>;
	/** The wall's slots and a fresh one-time code for each. Rejects when the supervisor does not answer. */
	wall(): Promise<{ slots: Slot[]; codes: Map<string, string> }>;
}

/** Origin of the control that belongs to a page at `location`: same host, next port. */
export function controlOrigin(location: {
	protocol: string;
	hostname: string;
	port: string;
}): string {
	const port =
		location.port === "" ? (location.protocol === "https:" ? 443 : 80) : Number(location.port);
	return `${location.protocol}//${location.hostname}:${port + 1}`;
}

/** How long a state may take; a start waits for the hub's first answer. */
const ASK_MS = 3_000;
const ACT_MS = 30_000;

export function openControl(origin: string, ask: typeof fetch = fetch): Control {
	async function json(path: string, method: "GET" | "POST", timeout: number): Promise<unknown> {
		const answer = await ask(`${origin}${path}`, { method, signal: AbortSignal.timeout(timeout) });
		if (!answer.ok) throw new Error(`${path}: expected 200, got ${answer.status}`);
		return answer.json();
	}

	async function state(path: string, method: "GET" | "POST", timeout: number): Promise<HubState> {
		try {
			return readHubState(await json(path, method, timeout));
		} catch {
			return "unknown";
		}
	}

	return {
		hub: () => state("/hub", "GET", ASK_MS),
		kill: () => state("/hub/kill", "POST", ACT_MS),
		start: () => state("/hub/start", "POST", ACT_MS),
		async wall() {
			const answer = (await json("/wall", "GET", ASK_MS)) as { slots?: unknown };
			const codes = new Map<string, string>();
			for (const entry of Array.isArray(answer.slots) ? (answer.slots as unknown[]) : []) {
				const { terminal, code } = entry as Record<string, unknown>;
				if (typeof terminal === "string" && typeof code === "string") codes.set(terminal, code);
			}
			return { slots: readSlots(answer.slots), codes };
		},
	};
}

function readHubState(answer: unknown): HubState {
	const hub = (answer as { hub?: unknown } | null)?.hub;
	return hub === "running" || hub === "starting" || hub === "killed" ? hub : "unknown";
}
