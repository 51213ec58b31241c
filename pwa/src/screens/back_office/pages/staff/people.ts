/** People as GET /api/office/staff lists them: the value, and which credentials there are, never what they are. */
import type { Held, RoleName, StaffValue } from "../../types";

export interface Credentials {
	has_password: boolean;
	has_pin: boolean;
	has_badge: boolean;
	locked_until: number | null;
	password_at: number | null;
}

export type Person = Held<StaffValue> & Credentials;

/** The value as an edit carries it. */
export function staffValue({
	ward,
	number,
	name,
	role,
	title,
	active,
	order,
}: StaffValue): StaffValue {
	return { ward, number, name, role, title, active, order };
}

export function isAdministrator(role: RoleName): boolean {
	return role === "system_admin" || role === "security_admin" || role === "audit_admin";
}

const SMALL = "abcdefghjkmnpqrstuvwxyz";
const DIGITS = "23456789";

/** A password that can be read aloud and typed: no letters that look alike. `random` gives 0 ≤ x < 1. */
export function madePassword(random: () => number): string {
	const pick = (from: string) => from[Math.floor(random() * from.length)] ?? "x";
	const part = (count: number, from: string) =>
		Array.from({ length: count }, () => pick(from)).join("");
	return `${pick(SMALL).toUpperCase()}${part(4, SMALL)}-${part(4, DIGITS)}`;
}
