/** The hardware around the page: handle keys, answer key and handset, the alarm input of a door's bathroom. */
import { ownCalls } from "./board_rules";
import type { CallRow, TerminalKind } from "./calls/types";
import { hasHook, hasPlugs } from "./shell/device_shell";
import type { TalkLeg, TalkState } from "./talk/types";
import { NO_TALK } from "./talk/types";
import type { Terminal } from "./terminal_types";

export interface ShellPort {
	terminal: Terminal;
	kind: TerminalKind;
	slot: string;
	/** rows of the board as it is now */
	rows(): CallRow[];
	/** a change of an input's line */
	inputChanged(input: string, state: "ok" | "open"): void;
	failed(error: unknown): void;
}

/** Kinds whose answer key takes a call when nobody rings. */
const ANSWERING: readonly TerminalKind[] = ["station", "pda", "door"];
/** What a handset put back ends: a leg on hold waits for its own hang-up. */
const IN_THE_EAR: readonly TalkLeg["state"][] = ["inviting", "connecting", "open"];

export function listenToShell(port: ShellPort): void {
	const { terminal, kind, slot, rows, failed } = port;
	const own = (type?: string) =>
		rows().filter(
			(row) => (type === undefined || row.type === type) && ownCalls(row, slot).length > 0,
		);
	const press = (type: string) => void terminal.press(type).catch(failed);
	const cancel = (open: CallRow[]) => {
		for (const row of open) void terminal.act("cancelled", row).catch(failed);
	};
	if (kind === "bedside") {
		let light = false;
		terminal.shell.onKey((key) => {
			if (key === "call") press("patient");
			else if (key === "dressing") press("dressing");
			else if (key === "cancel") cancel(own());
			else if (key === "light") {
				light = !light;
				terminal.shell.setNightLight(light);
			}
		});
	}
	const line = listenToPlugs(port);
	if (kind === "door") {
		terminal.shell.onInput((input, state) => {
			line(input, "line", state !== "fault");
			// Latching: a closed input is one call until it opens. A fault of the line cancels nothing.
			if (state === "closed" && own("bathroom").length === 0) press("bathroom");
			if (state === "open") cancel(own("bathroom"));
		});
	}
	listenForAnswer(port);
}

/**
 * Plugs and power (A15): what is pulled is a trouble of this terminal until it is back. An input has two ways to be
 * open, its line and its plug: it is well when both are. Returns how to tell of a line.
 */
function listenToPlugs({ terminal, inputChanged }: ShellPort) {
	const broken = new Map<string, Set<string>>();
	const tell = (input: string, cause: string, well: boolean): void => {
		const causes = broken.get(input) ?? new Set();
		broken.set(input, causes);
		if (well) causes.delete(cause);
		else causes.add(cause);
		inputChanged(input, causes.size === 0 ? "ok" : "open");
	};
	if (hasPlugs(terminal.shell)) {
		terminal.shell.onUnplug((part, plugged) =>
			tell(part === "input" ? "bathroom" : part, "plug", plugged),
		);
		terminal.shell.onPower((source) => tell("power", "mains", source === "mains"));
	}
	return tell;
}

/** The answer key and the handset: someone who rings first, else the first row that can be answered here. */
function listenForAnswer({ terminal, kind, rows, failed }: ShellPort): void {
	const answer = () => {
		const { legs } = talkNow(terminal);
		const ringing = legs.find((leg) => leg.state === "ringing");
		if (ringing !== undefined) {
			void terminal.talk.accept(ringing.talk).catch(failed);
			return;
		}
		// One press, one talk: while one runs, the next call is taken by its own key on the screen.
		if (!ANSWERING.includes(kind) || legs.some(speaks)) return;
		const row = rows().find((each) => terminal.talk.canAnswer(each));
		if (row !== undefined) void terminal.talk.answer(row).catch(failed);
	};
	terminal.shell.onKey((key) => {
		if (key === "answer") answer();
	});
	if (!hasHook(terminal.shell)) return;
	terminal.shell.onHook((lifted) => {
		// The device first: the talk that begins is then heard in the ear, not in the room.
		const chosen = terminal.talk.setDevice(lifted ? "handset" : "hands_free").catch(failed);
		if (lifted) void chosen.then(answer);
		else
			for (const leg of talkNow(terminal).legs.filter(speaks))
				void terminal.talk.hangUp(leg.talk).catch(failed);
	});
}

function speaks(leg: TalkLeg): boolean {
	return leg.purpose === "talk" && IN_THE_EAR.includes(leg.state);
}

function talkNow(terminal: Terminal): TalkState {
	let talk = NO_TALK;
	terminal.subscribe((state) => {
		talk = state.talk;
	})();
	return talk;
}
