/** Words of the page 权限. */
import { words } from "../../../../text/words";

export const permissionWords = words(
	{
		title: "权限",
		lead: "每个角色在管理后台能做什么。灰色的格子由三员分离固定，不能修改。",
		permission: "权限",
		always: "固定拥有",
		security: "只属于安全管理员",
		audit: "只属于审计管理员",
		apart: "系统、安全、审计三类管理员的权限必须分离",
		reset: "恢复默认",
		changed: "已修改",
		note: (roles: string) => `修改权限：${roles}`,
		ward: "病区配置",
		people: "人员与权限",
		devices: "终端",
		feed: "接口",
		records: "记录",
	},
	{
		title: "Permissions",
		lead: "What each role may do in the back office. Grey cells are fixed: the three administrators stay apart.",
		permission: "Permission",
		always: "always theirs",
		security: "the security administrator's only",
		audit: "the audit administrator's only",
		apart: "system, security and audit administration stay apart",
		reset: "Reset",
		changed: "changed",
		note: (roles: string) => `Permissions changed: ${roles}`,
		ward: "Ward",
		people: "People and rights",
		devices: "Terminals",
		feed: "Feed",
		records: "Records",
	},
);
