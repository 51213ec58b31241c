/** The hardware around the page: handle keys of a bedside, the alarm input of a door's bathroom. */
import { ownCalls } from "./board_rules";
import type { CallRow, TerminalKind } from "./calls/types";
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

export function listenToShell({
	terminal,
	kind,
	slot,
	rows,
	inputChanged,
	failed,
}: ShellPort): void {
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
	if (kind === "door") {
		terminal.shell.onInput((input, state) => {
			inputChanged(input, state === "fault" ? "open" : "ok");
			// Latching: a closed input is one call until it opens. A fault of the line cancels nothing.
			if (state === "closed" && own("bathroom").length === 0) press("bathroom");
			if (state === "open") cancel(own("bathroom"));
		});
	}
}
