/** What on the system page needs somebody: the certificate, clocks that differ. */

/** Warned of so long ahead, days; as the hub does. */
export const WARN_DAYS = 30;
/** Clocks may differ so far, ms. A request on its way takes some of it. */
export const CLOCK_MS = 2_000;

export type CertificateState = "good" | "due" | "last_day" | "expired";

export function certificateState(daysLeft: number): CertificateState {
	if (daysLeft < 0) return "expired";
	if (daysLeft === 0) return "last_day";
	return daysLeft < WARN_DAYS ? "due" : "good";
}

/** A length of time in its largest fitting unit. */
export function lengthOf(ms: number): { unit: "minutes" | "hours" | "days"; count: number } {
	const minutes = Math.max(0, Math.floor(ms / 60_000));
	if (minutes < 120) return { unit: "minutes", count: minutes };
	const hours = Math.floor(minutes / 60);
	return hours < 48
		? { unit: "hours", count: hours }
		: { unit: "days", count: Math.floor(hours / 24) };
}
