/** The device side of the office API in memory, beside a FakeOffice: how terminals are, commands, releases, call points. */

import type {
	CallPointLine,
	DeviceScheduleValue,
	Edit,
	FleetCommand,
	Held,
	Release,
	RollOut,
	Targets,
	TerminalLine,
	TerminalValue,
} from "../../../src/screens/back_office/types";
import { type FakeOffice, Refusal, type Request } from "./fake_office";
import { BASE, mergedLine, NOW, sampleLines, samplePoints, sampleReleases } from "./sample_fleet";

export class FakeFleet {
	readonly office: FakeOffice;
	lines: TerminalLine[];
	readonly commands: FleetCommand[] = [];
	schedules: Held<DeviceScheduleValue>[] = [];
	releases: Release[] = sampleReleases();
	rollouts: RollOut[] = [];
	points: CallPointLine[] = samplePoints();
	live: { terminal: string; reason: string; open: boolean }[] = [];
	/** what the hub answers to a command, by terminal; else done, or not_connected where it is away */
	outcomes = new Map<string, FleetCommand["results"][number]["outcome"]>();

	constructor(office: FakeOffice) {
		this.office = office;
		this.lines = office.configs.flatMap(sampleLines);
		office.answers.push((request) => this.answer(request));
	}

	line(id: string): TerminalLine {
		const found = this.lines.find((one) => one.id === id);
		if (found === undefined) throw new Refusal("not_found", 404);
		return found;
	}

	private answer(request: Request): unknown {
		const { method, path, query, body } = request;
		if (!this.office.signedIn) return undefined;
		const [first = "", second = "", third = ""] = path.split("/");
		const ward = query.get("ward");
		if (path === "terminals")
			return this.listed().filter((one) => ward === null || one.ward === ward);
		if (first === "terminals" && third === "enrol") return this.enrol(second);
		if (first === "terminals" && third === "revoke") return this.revoke(second);
		if (path === "fleet/commands") return this.command(body as FleetCommand & { targets: Targets });
		if (first === "fleet") return this.commands.find((one) => one.id === third);
		if (path === "device-schedules") return this.schedules;
		if (path === "changes" && method === "POST") return this.scheduleChange(body);
		if (first === "releases") return this.release(request, second);
		if (first === "rollouts") return this.rollout(request, second, third);
		if (path === "call-points")
			return this.points.filter((one) => ward === null || one.ward === ward);
		if (first === "call-points") return this.key(second);
		if (first === "live") return this.look(method, second, body);
		return undefined;
	}

	/** Slots as the configuration has them now, with what their devices say. */
	private listed(): TerminalLine[] {
		this.lines = this.office.configs.flatMap((config) =>
			config.terminals.map((slot) => {
				const line = this.lines.find((one) => one.id === slot.id);
				return mergedLine({ ...slot, state: slot.state ?? "planned" }, line ?? null);
			}),
		);
		return this.lines;
	}

	private slot(id: string): TerminalValue & { id: string; state: TerminalLine["state"] } {
		const found = this.office.configs.flatMap((one) => one.terminals).find((one) => one.id === id);
		if (found === undefined) throw new Refusal("not_found", 404);
		return found;
	}

	private enrol(id: string) {
		const { kind } = this.slot(id);
		const code = "7F3K-92QD";
		return {
			code,
			url: `https://ward.example:8443/t/${kind}/${id}/#enrol=${code}`,
			expires_at: NOW + 10 * 60_000,
		};
	}

	private revoke(id: string) {
		this.slot(id).state = "revoked";
		Object.assign(this.line(id), { state: "revoked", seen: "offline" });
		return {};
	}

	private command({ targets, do: what, value }: FleetCommand & { targets: Targets }): FleetCommand {
		const meant = this.lines.filter(
			(one) =>
				(targets.ward === null || one.ward === targets.ward) &&
				(targets.kind === null || one.kind === targets.kind) &&
				(targets.terminals === null || targets.terminals.includes(one.id)),
		);
		const made: FleetCommand = {
			id: `c${this.commands.length}`.padEnd(16, "0"),
			at: NOW,
			staff: this.office.me.staff.id,
			do: what,
			value,
			results: meant.map((one) => ({
				terminal: one.id,
				outcome: one.seen === "offline" ? "not_connected" : "waiting",
			})),
		};
		this.commands.push(made);
		return made;
	}

	/** The terminals have answered. */
	settleCommands(): void {
		for (const command of this.commands)
			for (const result of command.results)
				if (result.outcome === "waiting")
					result.outcome = this.outcomes.get(result.terminal) ?? "done";
	}

	/** Schedules are not in the ward's configuration, so the fake office does not know them. */
	private scheduleChange(body: unknown): unknown {
		const { edits } = body as { edits: Edit<DeviceScheduleValue>[] };
		if (edits.some((edit) => edit.entity !== "device_schedule")) return undefined;
		for (const { id, after } of edits) {
			const at = after?.at ?? "00:00";
			if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(at)) {
				const problem = {
					index: 0,
					field: "at",
					message: "expected HH:MM",
					message_zh: "应为 HH:MM",
				};
				throw new Refusal("invalid", 422, [problem]);
			}
			this.schedules = this.schedules.filter((one) => one.id !== id);
			if (after !== null) this.schedules.push({ ...after, id });
		}
		return { id: 900 + this.schedules.length, revision: 8 };
	}

	private release({ method, query, body }: Request, build: string): unknown {
		if (method === "POST") {
			if (!(body instanceof Blob) || body.size < 4) throw new Refusal("release_unfit", 422);
			const added: Release = {
				build: "feedbeef00000003",
				version: "0.3.0",
				added_at: NOW,
				added_by: this.office.me.staff.name,
				bytes: body.size,
				note: query.get("note") ?? "",
				running: 0,
				base: false,
			};
			this.releases.splice(1, 0, added);
			return added;
		}
		if (method === "DELETE") {
			if (this.rollouts.some((one) => one.build === build)) throw new Refusal("still_used", 409);
			this.releases = this.releases.filter((one) => one.build !== build);
			return {};
		}
		return this.releases;
	}

	private rollout({ method, body }: Request, id: string, event: string): unknown {
		if (method === "GET") return this.rollouts.toReversed();
		if (id === "") {
			const { build, stages, advance_after_s } = body as {
				build: string;
				stages: { name: string; terminals: string[] }[];
				advance_after_s: number | null;
			};
			if (this.rollouts.some((one) => one.state === "running" || one.state === "halted"))
				throw new Refusal("changed_meanwhile", 409);
			const made: RollOut = {
				id: this.rollouts.length + 1,
				build,
				from_build: BASE,
				state: "running",
				reason: null,
				stage: 0,
				stages: stages.map(({ name, terminals }) => ({
					name,
					terminals,
					updated: 0,
					failed: [],
					waiting: [...terminals],
				})),
				advance_after_s,
				started_at: NOW,
				staff: this.office.me.staff.id,
			};
			this.rollouts.push(made);
			return made;
		}
		const found = this.rollouts.find((one) => one.id === Number(id));
		if (found === undefined) throw new Refusal("not_found", 404);
		if (event === "advance") found.stage += 1;
		else if (event === "halt") found.state = "halted";
		else if (event === "resume") Object.assign(found, { state: "running", reason: null });
		else found.state = "rolled_back";
		return found;
	}

	private key(id: string) {
		const point = this.points.find((one) => one.id === id);
		if (point === undefined) throw new Refusal("not_found", 404);
		point.has_key = true;
		return { key: "q2Vt0bE3hTnYJm1c8sQeW5rXzUa7pLkD9fGiHoN4Bvc" };
	}

	private look(method: string, id: string, body: unknown): unknown {
		if (method === "DELETE") {
			const session = this.live[Number(id)];
			if (session !== undefined) session.open = false;
			return {};
		}
		if (this.line(id).seen === "offline") throw new Refusal("not_connected", 409);
		this.live.push({ terminal: id, reason: (body as { reason: string }).reason, open: true });
		return { session: String(this.live.length - 1) };
	}
}
