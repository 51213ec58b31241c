/** The pages in the order of the navigation: who sees them, how they are called, and the code that is loaded when they open. */
import type { Component } from "svelte";
import type { Office } from "./office_state.svelte";
import { PERMISSION_NAMES } from "./roles";
import type { Permission } from "./types";

export interface PageProps {
	office: Office;
}

export interface Page {
	/** in the address and in the test id `nav-<id>` */
	id: string;
	/** heading it stands under */
	part: "ward" | "people" | "devices" | "records";
	zh: string;
	en: string;
	/** one of these is enough to see it; what may be done there the page asks itself */
	permissions: readonly Permission[];
	/** "ward": shows the chosen ward; "all": nothing of it hangs on a ward */
	scope: "ward" | "all";
	load: () => Promise<{ default: Component<PageProps> }>;
}

export const PARTS = [
	{ id: "ward", zh: "病区", en: "Ward" },
	{ id: "people", zh: "人员", en: "People" },
	{ id: "devices", zh: "终端与设备", en: "Devices" },
	{ id: "records", zh: "记录与系统", en: "Records and system" },
] as const;

export const PAGES: readonly Page[] = [
	{
		id: "wards",
		part: "ward",
		zh: "病区与床位",
		en: "Wards and beds",
		permissions: ["ward.read"],
		// also where there is no ward yet: the first one is made here
		scope: "all",
		load: () => import("./pages/wards/Wards.svelte"),
	},
	{
		id: "groups",
		part: "ward",
		zh: "呼叫分组",
		en: "Call groups",
		permissions: ["ward.read"],
		scope: "ward",
		load: () => import("./pages/groups/Groups.svelte"),
	},
	{
		id: "calls",
		part: "ward",
		zh: "呼叫类型与策略",
		en: "Call types",
		permissions: ["ward.read"],
		scope: "ward",
		load: () => import("./pages/calls/Calls.svelte"),
	},
	{
		id: "hosting",
		part: "ward",
		zh: "呼叫托管",
		en: "Hosting",
		permissions: ["ward.read"],
		scope: "ward",
		load: () => import("./pages/hosting/Hosting.svelte"),
	},
	{
		id: "rota",
		part: "people",
		zh: "排班",
		en: "Rota",
		permissions: ["ward.read"],
		scope: "ward",
		load: () => import("./pages/rota/Rota.svelte"),
	},
	{
		id: "staff",
		part: "people",
		zh: "人员",
		en: "Staff",
		permissions: ["staff.write"],
		scope: "all",
		load: () => import("./pages/staff/Staff.svelte"),
	},
	{
		id: "permissions",
		part: "people",
		zh: "权限",
		en: "Permissions",
		permissions: ["permissions.write"],
		scope: "all",
		load: () => import("./pages/permissions/Permissions.svelte"),
	},
	{
		id: "terminals",
		part: "devices",
		zh: "终端管理",
		en: "Terminals",
		permissions: ["terminals.write", "fleet.control", "fleet.view"],
		scope: "ward",
		load: () => import("./pages/terminals/Terminals.svelte"),
	},
	{
		id: "fleet",
		part: "devices",
		zh: "集中控制",
		en: "Fleet control",
		permissions: ["fleet.control"],
		scope: "ward",
		load: () => import("./pages/fleet/Fleet.svelte"),
	},
	{
		id: "releases",
		part: "devices",
		zh: "版本与升级",
		en: "App versions",
		permissions: ["fleet.release"],
		scope: "all",
		load: () => import("./pages/releases/Releases.svelte"),
	},
	{
		id: "call-points",
		part: "devices",
		zh: "呼叫点",
		en: "Call points",
		permissions: ["terminals.write"],
		scope: "ward",
		load: () => import("./pages/call_points/CallPoints.svelte"),
	},
	{
		id: "journal",
		part: "records",
		zh: "呼叫记录",
		en: "Call records",
		permissions: ["journal.read"],
		scope: "all",
		load: () => import("./pages/journal/Journal.svelte"),
	},
	{
		id: "audit",
		part: "records",
		zh: "审计",
		en: "Audit trail",
		permissions: ["audit.read"],
		scope: "all",
		load: () => import("./pages/audit/Audit.svelte"),
	},
	{
		id: "changes",
		part: "records",
		zh: "变更记录",
		en: "Changes",
		permissions: ["ward.read"],
		scope: "all",
		load: () => import("./pages/changes/Changes.svelte"),
	},
	{
		id: "import",
		part: "records",
		zh: "批量导入",
		en: "Import",
		permissions: ["ward.write", "staff.write", "terminals.write"],
		scope: "all",
		load: () => import("./pages/import/Import.svelte"),
	},
	{
		id: "feed",
		part: "records",
		zh: "接口消息",
		en: "Feed messages",
		permissions: ["feed.read"],
		scope: "all",
		load: () => import("./pages/feed/Feed.svelte"),
	},
	{
		id: "system",
		part: "records",
		zh: "系统",
		en: "System",
		permissions: PERMISSION_NAMES,
		scope: "all",
		load: () => import("./pages/system/System.svelte"),
	},
];

/** The pages a person may see. */
export function pagesFor(permissions: readonly Permission[]): Page[] {
	return PAGES.filter((page) => page.permissions.some((one) => permissions.includes(one)));
}
