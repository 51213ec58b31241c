/** Times for people: the ward's wall clock, 24 hours, and waiting times. Instants are ms since the epoch. */
import type { Language } from "./words";

const two = (value: number): string => String(value).padStart(2, "0");

/** "14:05" in the terminal's own zone. */
export function clockText(at: number): string {
	const date = new Date(at);
	return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

const WEEKDAYS_ZH = ["日", "一", "二", "三", "四", "五", "六"];
const WEEKDAYS_EN = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** "11月20日 星期五" or "Fri 2026-11-20". */
export function dateText(at: number, language: Language): string {
	const date = new Date(at);
	const day = date.getDay();
	if (language === "zh") {
		return `${date.getMonth() + 1}月${date.getDate()}日 星期${WEEKDAYS_ZH[day]}`;
	}
	return `${WEEKDAYS_EN[day]} ${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Waiting time counting up, "mm:ss"; minutes go on past 59. A time ahead of us reads 00:00. */
export function waitedText(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
}

export type WaitBand = "fresh" | "long" | "late";

/** Bands at 2 and 5 minutes (domain: UX conventions). */
export function waitBand(ms: number): WaitBand {
	if (ms >= 300_000) return "late";
	return ms >= 120_000 ? "long" : "fresh";
}

export type DataAge = "fresh" | "stale" | "old" | "never";

/** A20: more than 5 min without word from the hub is stale, more than 30 min old. */
export function dataAge(now: number, heardAt: number | null): DataAge {
	if (heardAt === null) return "never";
	const age = now - heardAt;
	if (age > 30 * 60_000) return "old";
	return age > 5 * 60_000 ? "stale" : "fresh";
}

/** Days in hospital: the day of admission is day 1, counted by calendar days. */
export function dayInHospital(admittedAt: number, now: number): number {
	const start = new Date(admittedAt);
	const today = new Date(now);
	const from = Date.UTC(start.getFullYear(), start.getMonth(), start.getDate());
	const to = Date.UTC(today.getFullYear(), today.getMonth(), today.getDate());
	return Math.max(1, Math.round((to - from) / 86_400_000) + 1);
}
