/** The messages of Hocuspocus version 4 framing, as values. Addresses are document names, or `hub` for the hub itself. */

export type Message =
	| { type: "ping" }
	| { type: "pong" }
	| { type: "sync_step1"; address: string; stateVector: Uint8Array }
	| { type: "sync_step2"; address: string; update: Uint8Array }
	| { type: "update"; address: string; update: Uint8Array }
	| { type: "awareness"; address: string; payload: Uint8Array }
	| { type: "token"; address: string; token: string; version: string | null }
	| { type: "token_request"; address: string }
	| { type: "denied"; address: string; reason: string }
	| { type: "authenticated"; address: string; scope: "read-write" | "readonly" }
	| { type: "query_awareness"; address: string }
	| { type: "stateless"; address: string; payload: string }
	| { type: "close"; address: string; reason: string | null }
	/** stored: after the hub's durable commit; false: refused, nothing was applied. */
	| { type: "sync_status"; address: string; stored: boolean };

/** Numbers of notes on the wire: the message types, and the sub-types of Sync and Auth. */
export const TYPE = {
	sync: 0,
	awareness: 1,
	auth: 2,
	queryAwareness: 3,
	stateless: 5,
	close: 7,
	syncStatus: 8,
} as const;
export const PING = 9;
export const PONG = 10;
export const SYNC = { step1: 0, step2: 1, update: 2 } as const;
export const AUTH = { token: 0, denied: 1, authenticated: 2 } as const;

/** The hub's own address: hello and time frames. */
export const HUB = "hub";
