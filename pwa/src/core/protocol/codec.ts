/** Frames to messages and back. One WebSocket message or data channel message is one frame. */
import * as encoding from "lib0/encoding";
import { AUTH, type Message, PING, PONG, SYNC, TYPE } from "./messages";
import { encodeWith, Reader, RemoteProtocolError } from "./varint";

/** The largest frame either side reads; ward_sync/codec.py has the same. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;
/** Document names and the session ids of other providers. */
export const MAX_ADDRESS_BYTES = 1024;

/** Reads one frame whole. Throws RemoteProtocolError when it is cut, has bytes left over, or is of no known kind. */
export function decode(frame: Uint8Array): Message {
	if (frame.length === 0) throw new RemoteProtocolError("truncated", "empty frame");
	if (frame.length > MAX_FRAME_BYTES) {
		throw new RemoteProtocolError(
			"too_large",
			`frame of ${frame.length} bytes, at most ${MAX_FRAME_BYTES}`,
		);
	}
	if (frame.length === 1 && frame[0] === PING) return { type: "ping" };
	if (frame.length === 1 && frame[0] === PONG) return { type: "pong" };
	const reader = new Reader(frame);
	const before = reader.left;
	const address = reader.varString();
	if (before - reader.left > MAX_ADDRESS_BYTES + 2 || !/^[^\0]/.test(address) || !address.trim()) {
		throw new RemoteProtocolError("address", `address of ${address.length} characters`);
	}
	const type = reader.varUint();
	try {
		const message = decodeBody(address, type, reader);
		reader.end();
		return message;
	} catch (error) {
		if (error instanceof RemoteProtocolError && error.code !== "unknown_type")
			error.address = address;
		throw error;
	}
}

function decodeBody(address: string, type: number, reader: Reader): Message {
	switch (type) {
		case TYPE.sync:
			return decodeSync(address, reader);
		case TYPE.awareness:
			return { type: "awareness", address, payload: reader.varBytes() };
		case TYPE.auth:
			return decodeAuth(address, reader);
		case TYPE.queryAwareness:
			return { type: "query_awareness", address };
		case TYPE.stateless:
			return { type: "stateless", address, payload: reader.varString() };
		case TYPE.close:
			return { type: "close", address, reason: reader.left > 0 ? reader.varString() : null };
		case TYPE.syncStatus: {
			const status = reader.varUint();
			if (status > 1) throw new RemoteProtocolError("number", `sync status ${status}`);
			return { type: "sync_status", address, stored: status === 1 };
		}
		// Between servers only: SyncReply and BroadcastStateless.
		case 4:
		case 6:
			throw new RemoteProtocolError("unexpected", `message type ${type}`);
		default:
			throw new RemoteProtocolError("unknown_type", `message type ${type}`);
	}
}

function decodeSync(address: string, reader: Reader): Message {
	const step = reader.varUint();
	switch (step) {
		case SYNC.step1:
			return { type: "sync_step1", address, stateVector: reader.varBytes() };
		case SYNC.step2:
			return { type: "sync_step2", address, update: reader.varBytes() };
		case SYNC.update:
			return { type: "update", address, update: reader.varBytes() };
		default:
			throw new RemoteProtocolError("unexpected", `sync step ${step}`);
	}
}

function decodeAuth(address: string, reader: Reader): Message {
	const step = reader.varUint();
	switch (step) {
		case AUTH.token: {
			if (reader.left === 0) return { type: "token_request", address };
			const token = reader.varString();
			const version = reader.left > 0 ? reader.varString() : null;
			return { type: "token", address, token, version };
		}
		case AUTH.denied:
			return { type: "denied", address, reason: reader.varString() };
		case AUTH.authenticated: {
			const scope = reader.varString();
			if (scope !== "read-write" && scope !== "readonly") {
				throw new RemoteProtocolError("unexpected", "scope is neither read-write nor readonly");
			}
			return { type: "authenticated", address, scope };
		}
		default:
			throw new RemoteProtocolError("unexpected", `auth step ${step}`);
	}
}

/** Bytes of one message. */
export function encode(message: Message): Uint8Array {
	if (message.type === "ping") return Uint8Array.of(PING);
	if (message.type === "pong") return Uint8Array.of(PONG);
	return encodeWith((encoder) => {
		encoding.writeVarString(encoder, message.address);
		encodeBody(encoder, message);
	});
}

type Addressed = Exclude<Message, { type: "ping" } | { type: "pong" }>;

function encodeBody(encoder: encoding.Encoder, message: Addressed): void {
	const numbers = (...values: number[]) => {
		for (const value of values) encoding.writeVarUint(encoder, value);
	};
	switch (message.type) {
		case "sync_step1":
			numbers(TYPE.sync, SYNC.step1);
			encoding.writeVarUint8Array(encoder, message.stateVector);
			break;
		case "sync_step2":
			numbers(TYPE.sync, SYNC.step2);
			encoding.writeVarUint8Array(encoder, message.update);
			break;
		case "update":
			numbers(TYPE.sync, SYNC.update);
			encoding.writeVarUint8Array(encoder, message.update);
			break;
		case "awareness":
			numbers(TYPE.awareness);
			encoding.writeVarUint8Array(encoder, message.payload);
			break;
		case "token":
			numbers(TYPE.auth, AUTH.token);
			encoding.writeVarString(encoder, message.token);
			if (message.version !== null) encoding.writeVarString(encoder, message.version);
			break;
		case "token_request":
			numbers(TYPE.auth, AUTH.token);
			break;
		case "denied":
			numbers(TYPE.auth, AUTH.denied);
			encoding.writeVarString(encoder, message.reason);
			break;
		case "authenticated":
			numbers(TYPE.auth, AUTH.authenticated);
			encoding.writeVarString(encoder, message.scope);
			break;
		case "query_awareness":
			numbers(TYPE.queryAwareness);
			break;
		case "stateless":
			numbers(TYPE.stateless);
			encoding.writeVarString(encoder, message.payload);
			break;
		case "close":
			numbers(TYPE.close);
			if (message.reason !== null) encoding.writeVarString(encoder, message.reason);
			break;
		case "sync_status":
			numbers(TYPE.syncStatus, message.stored ? 1 : 0);
			break;
	}
}
