/** What an edit is about in words, and who may make it. */
import type { EntityName, Permission } from "./types";

export const ENTITIES: Readonly<Record<EntityName, { zh: string; en: string }>> = {
	hospital: { zh: "医院", en: "Hospital" },
	ward: { zh: "病区", en: "Ward" },
	room: { zh: "病房", en: "Room" },
	bed: { zh: "床位", en: "Bed" },
	group: { zh: "呼叫分组", en: "Call group" },
	terminal: { zh: "终端", en: "Terminal" },
	staff: { zh: "人员", en: "Person" },
	duty: { zh: "排班", en: "Turn" },
	hosting: { zh: "呼叫托管", en: "Hosting" },
	hosting_rule: { zh: "每周托管", en: "Weekly hosting" },
	call_type: { zh: "呼叫类型", en: "Call type" },
	permissions: { zh: "角色权限", en: "Role's permissions" },
	device_schedule: { zh: "定时任务", en: "Device schedule" },
};

export const ENTITY_NAMES = Object.keys(ENTITIES) as EntityName[];

/** What a person needs to change it. */
export const NEEDED: Readonly<Record<EntityName, Permission>> = {
	hospital: "ward.write",
	ward: "ward.write",
	room: "ward.write",
	bed: "ward.write",
	group: "ward.write",
	call_type: "ward.write",
	hosting: "hosting.write",
	hosting_rule: "hosting.write",
	duty: "duty.write",
	staff: "staff.write",
	permissions: "permissions.write",
	terminal: "terminals.write",
	device_schedule: "fleet.control",
};
