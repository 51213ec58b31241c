/** Which permissions of a role can be set at all, and why not (USR-02, GB/T 22239 level 3); the hub holds to the same. */
import type { Permission, RoleName } from "../../types";

export type Why = "always" | "security" | "audit" | "apart";

const OF_SECURITY: readonly Permission[] = ["staff.write", "permissions.write"];
const OF_AUDIT: readonly Permission[] = ["audit.read", "audit.export"];
/** What even the security and the audit administrator may be given: reading. */
const READING: readonly Permission[] = ["ward.read", "journal.read", "journal.export"];

/** Null: may be set. `always`: theirs whatever is set; the others: never theirs, and for which reason. */
export function fixedWhy(role: RoleName, permission: Permission): Why | null {
	if (OF_SECURITY.includes(permission)) return role === "security_admin" ? "always" : "security";
	if (OF_AUDIT.includes(permission)) return role === "audit_admin" ? "always" : "audit";
	if (role !== "security_admin" && role !== "audit_admin") return null;
	return READING.includes(permission) ? null : "apart";
}
