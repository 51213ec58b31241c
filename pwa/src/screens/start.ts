/** Starts one screen: which slot it is stands in its address, everything else in its terminal. */
import { type Component, mount } from "svelte";
import { keepOffline } from "../core/app_update";
import { openTerminal } from "../core/open_terminal";
import type { Terminal } from "../core/terminal_types";
import { showOnBody } from "./wall/in_frame";

export type ScreenKind = "bedside" | "door" | "corridor" | "station" | "whiteboard" | "pda";

const ADDRESS = /^\/t\/([a-z_]+)\/([a-z0-9][a-z0-9._-]{0,47})(?:\/|$)/;

/** Mounts `component` with the prop `terminal` for the slot of `/t/{kind}/{terminal}/`. Throws when the address names another kind. */
export function startScreen(kind: ScreenKind, component: Component<{ terminal: Terminal }>): void {
	const [, inAddress, slot] = ADDRESS.exec(location.pathname) ?? [];
	if (inAddress !== kind || slot === undefined) {
		throw new Error(`expected the address /t/${kind}/{terminal}/, found ${location.pathname}`);
	}
	const target = document.getElementById("app");
	if (target === null) throw new Error("the page has no #app");
	const { terminal, sounder, shell } = openTerminal(kind, slot);
	mount(component, { target, props: { terminal } });
	showOnBody({ kind, slot, panel: shell.panel }, terminal, sounder);
	keepOffline(terminal).catch((problem: unknown) => {
		console.warn("this page is not kept for offline use:", problem);
	});
}
