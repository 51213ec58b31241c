/**
 * The office API as far as the pages need it, in memory: changes that check `before`, undo, conflicts, problems.
 * What it does not know is answered 404, unless a test gives `answers`.
 */
import type {
	Change,
	Edit,
	EntityName,
	HospitalValue,
	Me,
	OfficeProblem,
	Permission,
	RoleName,
	StaffValue,
	WardConfig,
} from "../../../src/screens/back_office/types";
import {
	ADMINISTRATORS,
	NOW,
	SHIPPED,
	sampleConfig,
	sampleHospital,
	sampleMe,
} from "./sample_office";

export interface Request {
	method: string;
	/** below /api/office/, without the query */
	path: string;
	query: URLSearchParams;
	body: unknown;
	/** asked by the page of itself */
	polled: boolean;
}

/** Answers a request, or undefined to let the next one try. A thrown Refusal becomes its answer. */
export type Answer = (request: Request) => unknown;

export class Refusal extends Error {
	readonly code: string;
	readonly status: number;
	readonly problems: OfficeProblem[];

	constructor(code: string, status: number, problems: OfficeProblem[] = []) {
		super(code);
		this.code = code;
		this.status = status;
		this.problems = problems;
	}
}

type Flags = {
	has_password: boolean;
	has_pin: boolean;
	has_badge: boolean;
	locked_until: number | null;
	password_at: number | null;
};
type Lists = "rooms" | "beds" | "groups" | "duty" | "hosting" | "hosting_rules" | "call_types";
const LISTS: Partial<Record<EntityName, Lists>> = {
	room: "rooms",
	bed: "beds",
	group: "groups",
	duty: "duty",
	hosting: "hosting",
	hosting_rule: "hosting_rules",
	call_type: "call_types",
};
type Item = { id: string } & Record<string, unknown>;

/** Equal whatever the order of keys. */
function same(a: unknown, b: unknown): boolean {
	const sorted = (value: unknown): unknown => {
		if (Array.isArray(value)) return value.map(sorted);
		if (typeof value !== "object" || value === null) return value;
		return Object.fromEntries(
			Object.entries(value)
				.sort(([x], [y]) => (x < y ? -1 : 1))
				.map(([key, one]) => [key, sorted(one)]),
		);
	};
	return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

export class FakeOffice {
	readonly configs: WardConfig[];
	hospital: HospitalValue = sampleHospital();
	readonly requests: Request[] = [];
	readonly changes: Change[] = [];
	readonly answers: Answer[] = [];
	readonly administrators = structuredClone(ADMINISTRATORS);
	readonly flags = new Map<string, Flags>();
	roles: Record<RoleName, Permission[]> = structuredClone(SHIPPED);
	me: Me;
	signedIn = true;
	/** the password every number has */
	password = "Right-password-1";
	oidc: string | null = null;
	/** further rules of the hub, asked of every edit */
	problems: ((edit: Edit, index: number) => OfficeProblem[])[] = [];
	revision = 7;

	constructor(role: RoleName = "system_admin", configs: WardConfig[] = [sampleConfig()]) {
		this.configs = configs;
		this.me = sampleMe(role, configs);
	}

	readonly fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
		const address = new URL(url, "http://hub");
		const request: Request = {
			method: init.method ?? "GET",
			path: address.pathname.replace("/api/office/", ""),
			query: address.searchParams,
			body: typeof init.body === "string" ? JSON.parse(init.body) : init.body,
			polled: new Headers(init.headers).has("X-Wardline-Poll"),
		};
		this.requests.push(request);
		try {
			const body = this.route(request);
			if (body instanceof Blob) return new Response(body);
			return new Response(JSON.stringify(structuredClone(body)), {
				headers: { "Content-Type": "application/json" },
			});
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			const { code, status, problems } = error;
			const told = { code, message: `refused: ${code}`, message_zh: `被拒绝：${code}`, problems };
			return new Response(JSON.stringify({ error: told }), { status });
		}
	};

	/** The bodies of POST changes, newest last. */
	get saved(): { note: string; edits: Edit[] }[] {
		return this.requests
			.filter((one) => one.method === "POST" && one.path === "changes")
			.map((one) => one.body as { note: string; edits: Edit[] });
	}

	config(ward: string): WardConfig {
		const found = this.configs.find((one) => one.id === ward);
		if (found === undefined) throw new Refusal("not_found", 404);
		return found;
	}

	staff(): (StaffValue & { id: string } & Flags)[] {
		const all = [...this.administrators, ...this.configs.flatMap((one) => one.staff)];
		return all.map((person) => ({ ...person, ...this.flagsOf(person.id) }));
	}

	flagsOf(id: string): Flags {
		const flags = this.flags.get(id) ?? {
			has_password: true,
			has_pin: false,
			has_badge: false,
			locked_until: null,
			password_at: NOW - 86_400_000,
		};
		this.flags.set(id, flags);
		return flags;
	}

	private route(request: Request): unknown {
		for (const answer of this.answers) {
			const body = answer(request);
			if (body !== undefined) return body;
		}
		const { method, path, body } = request;
		const [first = "", second = "", third = ""] = path.split("/");
		const key = `${method} ${first}`;
		if (path === "sign-in-ways") return { password: true, oidc: this.oidc };
		if (path === "sign-in") {
			if ((body as { password: string }).password !== this.password)
				throw new Refusal("sign_in_refused", 403);
			this.signedIn = true;
			return this.me;
		}
		if (!this.signedIn) throw new Refusal("signed_out", 401);
		if (path === "sign-out") {
			this.signedIn = false;
			return {};
		}
		if (path === "me") return this.me;
		if (path === "password") {
			this.me = { ...this.me, password_due: false };
			return {};
		}
		if (path === "hospital") return this.hospital;
		if (path === "wards") return this.me.wards;
		if (key === "GET wards") return this.config(second);
		if (key === "GET staff") return this.staff();
		if (key === "POST staff") return this.credential(second, third, body);
		if (key === "GET permissions") return this.permissions();
		if (key === "GET changes") {
			const ward = request.query.get("ward");
			const seen = this.changes.filter(
				(one) => ward === null || one.ward === ward || one.ward === null,
			);
			return { changes: seen.toReversed(), more: false };
		}
		if (key === "POST changes" && third === "undo") return this.undo(Number(second));
		if (path === "changes") {
			const { note, edits } = body as { note: string; edits: Edit[] };
			return this.change(edits, note, this.me.staff.name);
		}
		if (path === "hosting/now") return this.hostNow(body as Record<string, unknown>);
		throw new Refusal("not_found", 404);
	}

	/** Applies a change whole, or refuses it with all its problems. `who` may be another person. */
	change(edits: Edit[], note = "", who = "康志远"): { id: number; revision: number } {
		const problems = edits.flatMap((edit, index) => [
			...unfit(edit, index),
			...this.problems.flatMap((rule) => rule(edit, index)),
		]);
		if (edits.some((edit) => !same(this.read(edit), edit.before)))
			throw new Refusal("changed_meanwhile", 409);
		if (problems.length > 0) throw new Refusal("invalid", 422, problems);
		const used = edits.flatMap((edit, index) => this.stillUsed(edit, index, edits));
		if (used.length > 0) throw new Refusal("still_used", 409, used);
		return this.record(edits, note, who, null);
	}

	private record(edits: Edit[], note: string, who: string, undoes: number | null) {
		for (const edit of edits) this.write(edit);
		this.revision += 1;
		for (const config of this.configs) config.revision = this.revision;
		const id = this.changes.length + 1;
		this.changes.push({
			id,
			at: NOW,
			staff: "me",
			staff_name: who,
			ward: edits[0]?.ward ?? null,
			note,
			undoes,
			undone_by: null,
			edits: structuredClone(edits),
		});
		return { id, revision: this.revision };
	}

	private undo(id: number) {
		const change = this.changes.find((one) => one.id === id);
		if (change === undefined) throw new Refusal("not_found", 404);
		const edits = change.edits
			.map((edit) => ({ ...edit, before: edit.after, after: edit.before }))
			.toReversed();
		if (edits.some((edit) => !same(this.read(edit), edit.before)))
			throw new Refusal("not_undoable", 409);
		const made = this.record(edits, `undo ${id}`, this.me.staff.name, id);
		change.undone_by = made.id;
		return made;
	}

	/** The value as it is, without what the listing adds to it. */
	read(edit: Pick<Edit, "entity" | "ward" | "id">): unknown {
		const { entity, ward, id } = edit;
		if (entity === "hospital") return this.hospital;
		if (entity === "permissions") return { permissions: this.roles[id as RoleName] };
		if (entity === "ward") return this.configs.find((one) => one.id === id)?.ward ?? null;
		if (entity === "staff" || entity === "terminal") {
			const lists = this.configs.map((one) => (entity === "staff" ? one.staff : one.terminals));
			const all: Item[] = [...(entity === "staff" ? this.administrators : []), ...lists.flat()].map(
				(one) => ({ ...one }),
			);
			return bare(all.find((one) => one.id === id));
		}
		const list = LISTS[entity];
		if (list === undefined || ward === null) throw new Refusal("invalid", 422);
		const items: Item[] = this.config(ward)[list].map((one) => ({ ...one }));
		return bare(items.find((one) => one.id === id));
	}

	private write({ entity, ward, id, after }: Edit): void {
		const value = structuredClone(after) as Record<string, unknown> | null;
		if (entity === "hospital") this.hospital = value as unknown as HospitalValue;
		else if (entity === "permissions")
			this.roles = { ...this.roles, [id]: (value as { permissions: Permission[] }).permissions };
		else if (entity === "ward") this.writeWard(id, value);
		else if (entity === "staff") {
			const home = (value ?? (this.read({ entity, ward, id }) as StaffValue)).ward as string | null;
			put(home === null ? this.administrators : this.config(home).staff, id, value);
		} else if (entity === "terminal") this.writeTerminal(id, value);
		else {
			const list = LISTS[entity];
			if (list === undefined || ward === null) throw new Refusal("invalid", 422);
			const items = this.config(ward)[list];
			const shipped = entity === "call_type" ? shippedOf(items, id) : null;
			if (entity === "call_type" && value === null && shipped !== null)
				put(items, id, { ...shipped, shipped });
			else put(items, id, value === null || entity !== "call_type" ? value : { ...value, shipped });
		}
	}

	private writeTerminal(id: string, value: Record<string, unknown> | null): void {
		const old = this.configs.flatMap((one) => one.terminals).find((one) => one.id === id);
		for (const config of this.configs) {
			if (value?.ward === config.id) put(config.terminals, id, { state: "planned", ...value });
			else put(config.terminals, id, null);
			const found = config.terminals.find((one) => one.id === id);
			if (found !== undefined && old !== undefined) found.state = old.state;
		}
	}

	private writeWard(id: string, value: Record<string, unknown> | null): void {
		const found = this.configs.find((one) => one.id === id);
		if (found !== undefined) found.ward = value as unknown as WardConfig["ward"];
		else if (value !== null) {
			const empty = sampleConfig(id);
			const ward = value as unknown as WardConfig["ward"];
			Object.assign(empty, {
				ward,
				rooms: [],
				beds: [],
				groups: [],
				terminals: [],
				staff: [],
				duty: [],
				hosting: [],
				hosting_rules: [],
				occupied: [],
			});
			this.configs.push(empty);
			this.me.wards.push({ id, name: ward.name, name_en: ward.name_en });
		}
	}

	private stillUsed(edit: Edit, index: number, edits: Edit[]): OfficeProblem[] {
		if (edit.after !== null || edit.ward === null) return [];
		const config = this.config(edit.ward);
		const gone = new Set(edits.filter((one) => one.after === null).map((one) => one.id));
		const used =
			(edit.entity === "bed" && config.occupied.includes(edit.id)) ||
			(edit.entity === "room" &&
				config.beds.some((bed) => bed.room === edit.id && !gone.has(bed.id))) ||
			(edit.entity === "group" &&
				config.hosting.some((one) => one.from_group === edit.id && !gone.has(one.id)));
		if (!used) return [];
		return [
			{ index, field: null, message: `${edit.id} is in use`, message_zh: `${edit.id} 仍在使用` },
		];
	}

	private permissions() {
		const roles = Object.fromEntries(
			Object.entries(this.roles).map(([role, permissions]) => [
				role,
				{ permissions, shipped: SHIPPED[role as RoleName] },
			]),
		);
		const fixed = ["staff.write", "permissions.write", "audit.read", "audit.export"];
		return { roles, fixed };
	}

	private credential(id: string, what: string, body: unknown): unknown {
		const flags = this.flagsOf(id);
		const { pin, badge } = body as { pin?: string | null; badge?: string | null };
		if (what === "password") flags.has_password = true;
		else if (what === "pin") {
			if (pin !== undefined) flags.has_pin = pin !== null;
			if (badge !== undefined) flags.has_badge = badge !== null;
		} else if (what === "unlock") flags.locked_until = null;
		else throw new Refusal("not_found", 404);
		return {};
	}

	private hostNow({ ward, from_group, to, until_ms }: Record<string, unknown>) {
		const after = { from_group, to, from_ms: NOW, until_ms };
		const id = `now-${this.changes.length}`;
		return this.change([{ entity: "hosting", ward: String(ward), id, before: null, after }], "now");
	}
}

function bare(item: Item | undefined): unknown {
	if (item === undefined) return null;
	const { id: _id, shipped: _shipped, state: _state, ...value } = item;
	return value;
}

function put(list: { id: string }[], id: string, value: Record<string, unknown> | null): void {
	const at = list.findIndex((one) => one.id === id);
	if (value === null) {
		if (at >= 0) list.splice(at, 1);
	} else if (at >= 0) {
		const state = (list[at] as Item | undefined)?.state;
		list[at] = { ...value, id, ...(state === undefined ? {} : { state }) };
	} else list.push({ ...value, id });
}

function shippedOf(items: readonly { id: string }[], id: string): Record<string, unknown> | null {
	const found = items.find((one) => one.id === id) as
		| { shipped?: Record<string, unknown> }
		| undefined;
	return found?.shipped ?? null;
}

/** Names and labels are not empty. */
function unfit(edit: Edit, index: number): OfficeProblem[] {
	const value = edit.after as Record<string, unknown> | null;
	return ["name", "label", "zh", "number"]
		.filter((field) => value !== null && field in value && value[field] === "")
		.map((field) => ({
			index,
			field,
			message: `${field}: expected 1 to 64 characters`,
			message_zh: "不能为空，最多 64 个字",
		}));
}
