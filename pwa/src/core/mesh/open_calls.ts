/** Which calls are open here, by document; folded anew only when asked after something changed. */
import { lives } from "../calls/call_life";
import type { Directory, FactBody } from "../calls/types";
import type { FactStore } from "../facts/fact_store";
import * as names from "../protocol/names";

const NONE: ReadonlySet<string> = new Set();

export class OpenCalls {
	private readonly facts: FactStore;
	private readonly directory: () => Directory;
	private readonly now: () => number;
	private found: Map<string, Set<string>> | null = null;
	private readonly roomsFound = new Set<string>();

	constructor(facts: FactStore, directory: () => Directory, now: () => number) {
		this.facts = facts;
		this.directory = directory;
		this.now = now;
	}

	/** Facts, directory or time have changed. */
	stale(): void {
		this.found = null;
	}

	of(document: string): ReadonlySet<string> {
		return this.read().get(document) ?? NONE;
	}

	has(call: string): boolean {
		const fact = this.facts.get(call);
		return fact !== null && this.of(documentOf(fact.body)).has(call);
	}

	/** Rooms that have an open call, also such as the directory does not know. */
	rooms(): ReadonlySet<string> {
		this.read();
		return this.roomsFound;
	}

	private read(): Map<string, Set<string>> {
		if (this.found !== null) return this.found;
		const found = new Map<string, Set<string>>();
		this.roomsFound.clear();
		for (const { call, closing } of lives(this.facts.facts(), this.directory(), this.now())) {
			if (closing !== null) continue;
			const document = documentOf(call.body);
			const calls = found.get(document);
			if (calls) calls.add(call.id);
			else found.set(document, new Set([call.id]));
			if (call.body.room !== undefined) this.roomsFound.add(call.body.room);
		}
		this.found = found;
		return found;
	}
}

/** The calls document a fact belongs to. */
export function documentOf(body: FactBody): string {
	return names.calls(body.ward, body.room ?? null);
}
