/** Answers of the record pages: journal, audit, imports, feed, mapping, system, sessions. */
import type { JournalCall } from "../../../src/screens/back_office/pages/journal/record";
import type {
	AuditLine,
	FeedMessageLine,
	ImportAnswer,
	SystemInfo,
} from "../../../src/screens/back_office/types";
import { type Answer, type FakeOffice, Refusal, type Request } from "./fake_office";
import { HOUR, NOW } from "./sample_office";

export function sampleCall(more: Partial<JournalCall> = {}): JournalCall {
	return {
		id: "c1",
		ward: "thoracic",
		room: "r01",
		bed: "b01",
		source: "bed:b01",
		type: "patient",
		purpose: null,
		at: NOW - HOUR,
		approx: false,
		heard_at: NOW - HOUR,
		received_at: NOW - HOUR,
		acknowledged_at: NOW - HOUR + 30_000,
		acknowledged_by: "n01",
		taken_by: "n01",
		attended_at: null,
		attended_by: null,
		talk_ms: null,
		closed_at: NOW - HOUR + 90_000,
		closed_by: "n01",
		closed_how: "cleared",
		way: "bed",
		waited_ms: 30_000,
		missed: false,
		recordings: [],
		staff_unverified: [],
		...more,
	};
}

export function sampleLine(seq: number, more: Partial<AuditLine> = {}): AuditLine {
	return {
		seq,
		at: NOW - 1000 * (1000 - seq),
		action: "sign_in",
		result: "ok",
		staff: "n01",
		staff_name: "刘静怡",
		terminal: null,
		ward: "thoracic",
		subject: null,
		address: "10.0.0.7",
		detail: { place: "office", way: "password" },
		...more,
	};
}

export const MESSAGE =
	"MSH|^~\\&|HIS|HEAN|WARD|HEAN|20261120100000||ADT^A01|C1|P|2.5\nPID|1||P1^^^HIS||测试^甲\nPV1|1|I|NOWARD^712^1\n";

export function sampleMessage(id: number, more: Partial<FeedMessageLine> = {}): FeedMessageLine {
	return {
		id,
		received_at: NOW - 60_000 * id,
		control_id: `C${id}`,
		type: "ADT^A01",
		reason: "PV1-3: expected a known ward",
		where: "PV1-3",
		state: "refused",
		repaired_by: null,
		repaired_at: null,
		...more,
	};
}

export const SYSTEM: SystemInfo = {
	version: "0.1.0",
	now: NOW,
	started_at: NOW - 3 * HOUR,
	certificate: { subject: "hub.hean.test", issuer: "He'an CA", not_after: NOW, days_left: 200 },
	sessions: 6,
	feed: { connected: 1, last_message_at: NOW - 60_000, refused: 2 },
	push: { others: false, subscribed: 5, connected: 3 },
};

/** Puts one answer before those that are there. */
export function answer(fake: FakeOffice, path: string, give: (request: Request) => unknown): void {
	const one: Answer = (request) =>
		`${request.method} ${request.path}` === path ? give(request) : undefined;
	fake.answers.unshift(one);
}

/** What was asked of a path, newest last. */
export function asked(fake: FakeOffice, path: string): Request[] {
	return fake.requests.filter((one) => `${one.method} ${one.path}` === path);
}

/** The trail with paging by `before` and the filters of the hub that pages use. */
export function withAudit(fake: FakeOffice, lines: AuditLine[]): void {
	answer(fake, "GET audit", ({ query }) => {
		if (query.get("format")) return new Blob(["audit"]);
		const before = Number(query.get("before") ?? Number.POSITIVE_INFINITY);
		const fits = (name: "staff" | "action" | "ward") => (line: AuditLine) =>
			!query.get(name) || line[name] === query.get(name);
		const found = lines
			.filter((line) => line.seq < before)
			.filter(fits("staff"))
			.filter(fits("action"))
			.filter(fits("ward"))
			.sort((a, b) => b.seq - a.seq);
		const limit = Number(query.get("limit"));
		return { lines: found.slice(0, limit), more: found.length > limit };
	});
}

/** Messages, read, replayed (a known ward is taken) and discarded. */
export function withFeed(fake: FakeOffice, messages: FeedMessageLine[]): void {
	answer(fake, "GET feed/messages", ({ query }) => {
		const state = query.get("state");
		return { messages: messages.filter((one) => !state || one.state === state), more: false };
	});
	for (const message of messages) {
		answer(fake, `GET feed/messages/${message.id}`, () => ({ ...message, text: MESSAGE }));
		answer(fake, `POST feed/messages/${message.id}/replay`, ({ body }) => {
			const { text } = body as { text: string | null };
			if (message.state === "replayed") throw new Refusal("changed_meanwhile", 409);
			if (!text?.includes("THORACIC"))
				return { state: "refused", reason: "PV1-3: expected a known ward, got NOWARD" };
			message.state = "replayed";
			return { state: "replayed", reason: null };
		});
		answer(fake, `POST feed/messages/${message.id}/discard`, () => {
			message.state = "discarded";
			return { state: "discarded" };
		});
	}
}

export function importAnswer(more: Partial<ImportAnswer> = {}): ImportAnswer {
	return { rows: 1, errors: [], edits: [], change: null, ...more };
}
