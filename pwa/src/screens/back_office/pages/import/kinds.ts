/** What can be imported, by whom, and what the columns take; the hub's side is office/import_rows.py. */
import type { Permission } from "../../types";

export type ImportKind = "beds" | "staff" | "terminals";

export const NEEDED: Readonly<Record<ImportKind, Permission>> = {
	beds: "ward.write",
	staff: "staff.write",
	terminals: "terminals.write",
};
export const IMPORT_KINDS = Object.keys(NEEDED) as ImportKind[];

export interface ImportColumn {
	name: string;
	required: boolean;
	zh: string;
	en: string;
}

const column = (name: string, zh: string, en: string, required = false): ImportColumn => ({
	name,
	required,
	zh,
	en,
});

export const COLUMNS: Readonly<Record<ImportKind, readonly ImportColumn[]>> = {
	beds: [
		column("病房", "没有的病房会新建", "a room that is not there is made", true),
		column("床号", "如 12、+3", "such as 12, +3", true),
		column("呼叫名", "空：床号加“床”", "empty: from the label"),
		column("顺序", "整数", "whole number"),
		column("编号", "空：按床号查找或自动编号", "empty: found by label, or made"),
	],
	staff: [
		column("工号", "已有的工号会被更新", "a number that is there is updated", true),
		column("姓名", "", "", true),
		column(
			"角色",
			"护士、护士长、医生、工程师、系统管理员、安全管理员、审计管理员",
			"nurse, head_nurse, doctor, engineer, system_admin, security_admin, audit_admin",
			true,
		),
		column("职务", "可空", "may be empty"),
		column("病区", "名称或编号", "name or id"),
		column("在职", "是、否；空为是", "yes, no; empty: yes"),
		column("顺序", "整数", "whole number"),
	],
	terminals: [
		column("名称", "", "", true),
		column(
			"类型",
			"床头屏、门口屏、走廊屏、护士站、白板屏、手持终端、呼叫点",
			"bedside, door, corridor, station, whiteboard, pda, call_point",
			true,
		),
		column("英文名称", "可空", "may be empty"),
		column("型号", "设备型号编号", "id of the device profile"),
		column("病房", "", ""),
		column("床号", "", ""),
		column("序列号", "可空", "may be empty"),
		column("MAC地址", "可空", "may be empty"),
		column("监测", "是、否", "yes, no"),
		column("顺序", "整数", "whole number"),
		column("编号", "空：自动编号", "empty: made"),
	],
};
