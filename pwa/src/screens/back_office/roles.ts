/** Roles and permissions in words (USR-01, USR-02). */
import type { Permission, RoleName } from "./types";

export const ROLES: Readonly<Record<RoleName, { zh: string; en: string }>> = {
	nurse: { zh: "护士", en: "Nurse" },
	head_nurse: { zh: "护士长", en: "Head nurse" },
	doctor: { zh: "医生", en: "Doctor" },
	engineer: { zh: "病区工程师", en: "Ward engineer" },
	system_admin: { zh: "系统管理员", en: "System administrator" },
	security_admin: { zh: "安全管理员", en: "Security administrator" },
	audit_admin: { zh: "审计管理员", en: "Audit administrator" },
};

export const ROLE_NAMES = Object.keys(ROLES) as RoleName[];

export const PERMISSIONS: Readonly<Record<Permission, { zh: string; en: string }>> = {
	"ward.read": { zh: "查看病区配置", en: "See ward configuration" },
	"ward.write": { zh: "修改病区配置", en: "Change ward configuration" },
	"hosting.write": { zh: "呼叫托管", en: "Hosting plan" },
	"duty.write": { zh: "排班", en: "Rota" },
	"staff.write": { zh: "人员管理", en: "Manage staff" },
	"permissions.write": { zh: "权限设置", en: "Set permissions" },
	"terminals.write": { zh: "终端管理", en: "Manage terminals" },
	"fleet.control": { zh: "远程控制", en: "Remote control" },
	"fleet.release": { zh: "版本升级", en: "App versions" },
	"fleet.view": { zh: "远程查看屏幕", en: "View screens" },
	"feed.read": { zh: "查看接口消息", en: "See feed messages" },
	"feed.repair": { zh: "修复接口消息", en: "Repair feed messages" },
	"journal.read": { zh: "查看呼叫记录", en: "See call records" },
	"journal.export": { zh: "导出呼叫记录", en: "Export call records" },
	"audit.read": { zh: "查看审计日志", en: "See audit trail" },
	"audit.export": { zh: "导出审计日志", en: "Export audit trail" },
};

export const PERMISSION_NAMES = Object.keys(PERMISSIONS) as Permission[];
