/** Finds out which shell the page runs in. */
import type { TerminalKind } from "../calls/types";
import { browserShell, type Loudness } from "./browser";
import type { DeviceShell } from "./device_shell";
import { type Fully, fullyShell } from "./fully";
import { simulatorShell } from "./simulator";

/**
 * The shell of this page: the simulator when the address asks for it (`?shell=simulator`), Fully Kiosk
 * Browser when its interface is there, else a plain browser. `kind` is the terminal's, or read from
 * `/t/{kind}/…`; `loudness` is set where the device's own volume cannot be. Call it once a page: it starts listening.
 */
export function openShell(
	kind?: TerminalKind,
	page: Window = window,
	loudness: Loudness | null = null,
): DeviceShell {
	if (new URLSearchParams(page.location.search).get("shell") === "simulator") {
		return simulatorShell(page, kind ?? kindInAddress(page.location.pathname), loudness);
	}
	const fully = (page as Window & { fully?: Fully }).fully;
	return fully === undefined ? browserShell(page, loudness) : fullyShell(page, fully);
}

function kindInAddress(path: string): TerminalKind {
	return (/^\/t\/([a-z_]+)\//.exec(path)?.[1] ?? "bedside") as TerminalKind;
}
