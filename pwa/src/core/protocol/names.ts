/** The names of shared documents, built in one place; the hub parses them in ward_hub/documents/names.py. */

export const hospitalSettings = (): string => "hospital/settings";
export const wardSettings = (ward: string): string => `ward/${ward}/settings`;
export const directory = (ward: string): string => `ward/${ward}/directory`;
export const bedDirectory = (ward: string, bed: string): string =>
	`ward/${ward}/bed/${bed}/directory`;
export const presence = (ward: string): string => `ward/${ward}/presence`;
/** The calls document of a room, or of the ward for calls without a room. */
export const calls = (ward: string, room: string | null): string =>
	room === null ? `ward/${ward}/calls` : `ward/${ward}/room/${room}/calls`;
export const beds = (ward: string): string => `ward/${ward}/beds`;
export const door = (ward: string, room: string): string => `ward/${ward}/room/${room}/door`;
export const board = (ward: string): string => `ward/${ward}/board`;
/** `month`: YYYY-MM of UTC (core/documents/memo_months.ts). */
export const memos = (ward: string, month: string): string => `ward/${ward}/memos/${month}`;
/** What the back office wishes of one terminal; commands and reports are stateless frames at its address. */
export const device = (ward: string, terminal: string): string =>
	`ward/${ward}/terminal/${terminal}/device`;
/** PDAs that no longer answer the hub's probes (A14). */
export const reach = (ward: string): string => `ward/${ward}/reach`;
export const card = (stay: string): string => `stay/${stay}/card`;

/** Documents about patients: on a PDA these lie encrypted on disk. */
export function isPatientDocument(name: string): boolean {
	return name.startsWith("stay/") || /^ward\/[^/]+\/(beds|handover\/.*)$/.test(name);
}

/** Documents that name or describe who lies here now. */
export function tellsOfPatients(name: string): boolean {
	return isPatientDocument(name) || /^ward\/[^/]+\/(board|room\/[^/]+\/door)$/.test(name);
}

/** Stay id of a document that hangs on a stay, else null. */
export function stayOf(name: string): string | null {
	return /^stay\/([^/]+)\//.exec(name)?.[1] ?? null;
}

export function isMemos(name: string): boolean {
	return /^ward\/[^/]+\/memos\/[^/]+$/.test(name);
}

export function isCallsDocument(name: string): boolean {
	return /^ward\/[^/]+\/(room\/[^/]+\/)?calls$/.test(name);
}
