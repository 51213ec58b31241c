/** Puts a terminal together out of what the browser has. Only this file knows which parts are used. */

import { pageUpdate } from "./app_update";
import type { TerminalKind } from "./calls/types";
import { nonce } from "./facts/signing";
import { pageFleet } from "./fleet/open_device";
import { Api } from "./identity/api";
import { takeCode } from "./identity/identity";
import { holdSlot } from "./identity/slot_lock";
import { openHeartbeat } from "./links/heartbeat";
import { HubAddresses } from "./links/hub_addresses";
import { SocketLink } from "./links/socket";
import { makeCertificate } from "./mesh/certificate";
import { PushApi } from "./push/api";
import { PagePush } from "./push/browser_push";
import type { DeviceShell } from "./shell/device_shell";
import { openShell } from "./shell/shell";
import { createSounder, type Sounder } from "./sound/sounder";
import { askToPersist, slotMarks } from "./store/persistence";
import { Store } from "./store/store";
import { PageMedia } from "./talk/media";
import { WardTerminal } from "./terminal";

export interface OpenedTerminal {
	terminal: WardTerminal;
	sounder: Sounder;
	shell: DeviceShell;
}

/** The terminal of this page's slot. Call it once a page. */
export function openTerminal(kind: TerminalKind, slot: string): OpenedTerminal {
	const sounder = createSounder();
	const shell = openShell(kind, window, sounder);
	const ticker = openHeartbeat();
	const monotonic = () => performance.now();
	const hubs = new HubAddresses(location.origin);
	const terminal = new WardTerminal({
		kind,
		slot,
		version: __VERSION__,
		code: takeCode(location, history),
		openStore: () => Store.open(slot),
		openLink: () =>
			new SocketLink({
				addresses: () => hubs.sockets(),
				reached: (address) => hubs.reached(address),
				open: (address) => new WebSocket(address),
				ticker,
				now: monotonic,
				random: Math.random,
			}),
		ticker,
		hubs,
		api: new Api(() => hubs.current),
		marks: slotMarks(slot),
		sounder,
		shell,
		fleet: pageFleet(kind, slot, shell),
		wall: () => Date.now(),
		monotonic,
		hold: (waiting) => holdSlot(slot, waiting),
		persist: askToPersist,
		connections:
			typeof RTCPeerConnection === "undefined" ? null : (config) => new RTCPeerConnection(config),
		certificate: makeCertificate,
		media: new PageMedia(),
		...(kind === "pda" && {
			push: { browser: new PagePush(), hub: new PushApi(() => hubs.current) },
		}),
		random: Math.random,
		newId: nonce,
	});
	ticker.watch({
		slot,
		subscribe: (run) => void terminal.subscribe(run),
		alive: () => {
			shell.alive();
			pageUpdate().alive();
		},
	});
	// Who talks with this terminal learns at once that its page has gone.
	addEventListener("pagehide", () => terminal.close());
	return { terminal, sounder, shell };
}
