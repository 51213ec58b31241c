/**
 * A look at this terminal's screen from the back office (DEV-05): announced here before anything is recorded, ended by
 * whoever stands here, by the viewer, with the page, or when the hub is away. Never in the way of a call.
 */
import type { LiveViews } from "./device";
import { Chunks } from "./live_chunks";
import type { RecordedEvent } from "./live_mask";
import type { Recording } from "./live_record";
import type { DeviceMessage } from "./types";

/** Five frames a second at most. */
const FRAME_MS = 200;
/** Without the hub for so long nobody looks any more, ms. */
const AWAY_MS = 10_000;
/** A look that nobody ended, ms. */
const LONGEST_MS = 30 * 60_000;

export type Reason = Extract<DeviceMessage, { t: "live_end" }>["reason"];

export interface LivePort {
	send(message: DeviceMessage): boolean;
	/** Shows who looks, with a way to end it; returns the way to take it off. */
	announce(who: string, end: () => void): () => void;
	/** The recorder; rejects where it cannot be fetched. */
	load(): Promise<{
		startRecording(clinical: boolean, emit: (event: RecordedEvent) => void): Recording;
	}>;
	/** monotonic, ms */
	now(): number;
	/** Calls at each interval; returns the way to stop. */
	every(ms: number, run: () => void): () => void;
	/** The page is no longer seen, or goes. */
	onLeave(listener: () => void): () => void;
}

interface Session {
	id: string;
	seq: number;
	chunks: Chunks;
	recording: Recording | null;
	startedAt: number;
	/** last frame the link took */
	sentAt: number;
	stops: (() => void)[];
}

export class LiveView implements LiveViews {
	private readonly port: LivePort;
	private session: Session | null = null;

	constructor(port: LivePort) {
		this.port = port;
	}

	get active(): boolean {
		return this.session !== null;
	}

	start(id: string, who: string, clinical: boolean): void {
		if (this.session?.id === id) return;
		this.end("stopped");
		const now = this.port.now();
		const session: Session = {
			id,
			seq: 0,
			chunks: new Chunks(),
			recording: null,
			startedAt: now,
			sentAt: now,
			stops: [],
		};
		this.session = session;
		session.stops.push(
			this.port.announce(who, () => this.end("stopped")),
			this.port.onLeave(() => this.end("left")),
			this.port.every(FRAME_MS, () => this.flush(session)),
		);
		this.port.load().then(
			({ startRecording }) => {
				if (this.session !== session) return;
				try {
					session.recording = startRecording(clinical, (event) => this.take(session, event));
				} catch (error) {
					this.notAble(session, error);
				}
			},
			(error: unknown) => this.notAble(session, error),
		);
	}

	stop(id: string): void {
		if (this.session?.id === id) this.end("stopped");
	}

	close(): void {
		this.end("left");
	}

	private notAble(session: Session, error: unknown): void {
		console.warn("this screen cannot be looked at:", error);
		if (this.session === session) this.end("not_able");
	}

	private take(session: Session, event: RecordedEvent): void {
		if (this.session !== session) return;
		if (!session.chunks.add(event)) session.recording?.whole();
	}

	private flush(session: Session): void {
		const now = this.port.now();
		const away = now - session.sentAt > AWAY_MS;
		if (away || now - session.startedAt > LONGEST_MS) {
			this.end(away ? "left" : "stopped");
			return;
		}
		if (session.chunks.empty) session.sentAt = now;
		session.chunks.next((events) => {
			const { id, seq } = session;
			if (!this.port.send({ t: "live", id, seq, events })) return false;
			session.seq += 1;
			session.sentAt = now;
			return true;
		});
	}

	private end(reason: Reason): void {
		const { session } = this;
		if (session === null) return;
		this.session = null;
		try {
			session.recording?.stop();
		} finally {
			for (const stop of session.stops) stop();
			this.port.send({ t: "live_end", id: session.id, reason });
		}
	}
}
