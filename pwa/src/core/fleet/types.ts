/** What passes between the back office and a terminal's device: wishes in its device document, messages at its address. */

export type DeviceAbility = "restart" | "volume" | "brightness" | "screen" | "lamp" | "night-light";

export interface DeviceWish {
	/** 0 to 100; null leaves it as it is */
	volume: number | null;
	brightness: number | null;
	screen: "on" | "off" | null;
	/** build of the app this terminal is to run; null: whatever the hub serves */
	release: string | null;
}

/** Carried out by the terminal's own clock (hub time, the hospital's time zone), also without the hub. */
export interface DeviceSchedule {
	/** HH:MM */
	at: string;
	/** 1 Monday to 7 Sunday */
	weekdays: number[];
	do: "volume" | "brightness" | "screen_on" | "screen_off" | "restart";
	value: number | null;
}

/** Root maps of `ward/{w}/terminal/{t}/device`: `wish` as DeviceWish, `schedules` id → DeviceSchedule, `zone.name` IANA time zone. */
export interface DeviceDocument {
	wish: DeviceWish;
	schedules: Record<string, DeviceSchedule>;
	timeZone: string;
}

/** Stateless frames from the hub, at the device document. `id`: 16 hex. */
export type DeviceCommand =
	| { t: "do"; id: string; do: "restart" | "update" | "identify" }
	| { t: "live"; id: string; do: "start" | "stop"; who: string; clinical: boolean }
	| { t: "probe"; id: string };

export type Outcome = "done" | "not_able" | "in_call" | "failed";

/** Stateless frames to the hub. */
export type DeviceMessage =
	| { t: "did"; id: string; outcome: Outcome }
	| { t: "probed"; id: string }
	| { t: "live"; id: string; seq: number; events: unknown[] }
	| { t: "live_end"; id: string; reason: "left" | "stopped" | "not_able" }
	| DeviceReport;

export interface DeviceReport {
	t: "report";
	mac: string | null;
	serial: string | null;
	model: string | null;
	/** browser's name and version, "Chrome 156" */
	browser: string;
	version: string;
	build: string;
	can: DeviceAbility[];
	volume: number | null;
	brightness: number | null;
	screen: "on" | "off";
	/** wall clock of the device minus the hub's, ms */
	offset_ms: number | null;
	/** round trip to the hub, ms */
	rtt_ms: number | null;
	/** how often the page recovered from hanging since it was installed */
	hung: number;
	/** since when this page runs, hub ms */
	started_at: number;
}
