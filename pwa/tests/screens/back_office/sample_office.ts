/** A sample ward as the back office reads it: the fixture's 46 beds, with some hosting, a rota and two empty beds. */
import { NOW, sampleDirectory } from "../../../src/fixture/ward";
import type {
	CallTypeValue,
	HospitalValue,
	Me,
	Permission,
	RoleName,
	StaffValue,
	WardConfig,
} from "../../../src/screens/back_office/types";
import { addDays, instantOf, mondayOf, wallTime } from "../../../src/screens/back_office/zone";

export const ZONE = "Asia/Shanghai";
export const HOUR = 3_600_000;
export { NOW };

/** What each role is given unless someone changes it. */
export const SHIPPED: Record<RoleName, Permission[]> = {
	nurse: [],
	doctor: [],
	head_nurse: ["ward.read", "hosting.write", "duty.write", "journal.read", "journal.export"],
	engineer: [
		"ward.read",
		"ward.write",
		"terminals.write",
		"fleet.control",
		"fleet.view",
		"feed.read",
		"feed.repair",
		"journal.read",
	],
	system_admin: [
		"ward.read",
		"ward.write",
		"hosting.write",
		"duty.write",
		"terminals.write",
		"fleet.control",
		"fleet.release",
		"fleet.view",
		"feed.read",
		"feed.repair",
		"journal.read",
	],
	security_admin: ["ward.read", "staff.write", "permissions.write"],
	audit_admin: ["audit.read", "audit.export", "journal.read", "journal.export"],
};

export function sampleHospital(): HospitalValue {
	return { name: "和安医院", name_en: "He'an Hospital", settings: { timezone: ZONE }, marks: {} };
}

const STATIONS = ["station-main", "station-vice"];

export function sampleConfig(id = "thoracic"): WardConfig {
	const directory = sampleDirectory();
	const { ward } = directory;
	const monday = mondayOf(wallTime(NOW, ZONE).date);
	const at = (day: number, time: string): number => instantOf(addDays(monday, day), time, ZONE);
	const rooms = Object.values(directory.rooms).map(({ id, name, order }) => ({ id, name, order }));
	const beds = Object.values(directory.beds).map(({ id, label, call_name, room, order }) => ({
		id,
		label,
		call_name,
		room,
		order,
	}));
	const terminals = Object.values(directory.terminals).map((one, index) => ({
		id: one.id,
		ward: id,
		kind: one.kind,
		profile: one.profile,
		name: one.name ?? "",
		name_en: one.name_en ?? "",
		room: one.room ?? null,
		bed: one.bed ?? null,
		serial: null,
		mac: null,
		supervised: one.supervised,
		order: index,
		state: one.state,
	}));
	const staff = Object.values(directory.staff).map(({ id: person, name, role }, index) => ({
		id: person,
		ward: id,
		number: String(1001 + index),
		name,
		role,
		title: person === "d01" ? "director" : null,
		active: true,
		order: index,
	}));
	return {
		revision: 7,
		id,
		ward: {
			name: ward.name,
			name_en: ward.name_en,
			settings: { talk: { limit_ms: 120_000, video: false, recording: false } },
			marks: {},
			escalation_ms: ward.escalation_ms,
			reminder_ms: ward.reminder_ms,
			all_tender: false,
			night_from: "21:00",
			night_to: "06:00",
		},
		rooms,
		beds,
		groups: [
			{
				id: "g1",
				name: "责任一组",
				order: 1,
				stations: [...STATIONS],
				beds: beds.slice(0, 23).map((bed) => bed.id),
				rooms: rooms.slice(0, 12).map((room) => room.id),
				staff: ["n01", "n02", "n03"],
				escalate_to: [],
			},
			{
				id: "g2",
				name: "责任二组",
				order: 2,
				stations: ["station-vice"],
				beds: beds.slice(23, 44).map((bed) => bed.id),
				rooms: rooms.slice(12, 24).map((room) => room.id),
				staff: ["n04", "n05", "n06"],
				escalate_to: ["station-main"],
			},
		],
		terminals,
		staff,
		duty: ["n01", "n02", "n03", "n04", "n05"].flatMap((person, index) =>
			[0, 1, 2, 3, 4].map((day) => ({
				id: `duty-${person}-${day}`,
				staff: person,
				beds: beds.slice(index * 9, index * 9 + 9).map((bed) => bed.id),
				since: at(day, index === 4 ? "20:00" : "08:00"),
				until: index === 4 ? at(day + 1, "08:00") : at(day, "20:00"),
				pda: `pda-0${index + 1}`,
			})),
		),
		hosting: [
			{
				id: "h-today",
				from_group: "g2",
				to: ["station-main"],
				from_ms: at(4, "09:00"),
				until_ms: at(4, "12:00"),
			},
			{
				id: "h-week",
				from_group: "g1",
				to: ["station-vice"],
				from_ms: at(2, "14:00"),
				until_ms: at(2, "17:30"),
			},
		],
		hosting_rules: [
			{
				id: "r-night",
				from_group: "g1",
				to: ["station-vice"],
				weekdays: [1, 2, 3, 4, 5],
				from: "22:00",
				until: "06:00",
				first: "2026-11-01",
				last: null,
			},
		],
		call_types: Object.values(directory.call_types).map(({ id: type, ...value }) => ({
			...structuredClone(value as CallTypeValue),
			id: type,
			shipped: structuredClone(value as CallTypeValue),
		})),
		occupied: beds.slice(0, 45).map((bed) => bed.id),
		profiles: {
			bedside: [{ id: "bedside-7", name: "床头屏 7 寸" }],
			door: [{ id: "door-15", name: "门口屏 15 寸" }],
			corridor: [{ id: "corridor-29", name: "走廊屏" }],
			station: [
				{ id: "station-main-10", name: "护士站主机" },
				{ id: "station-vice-10", name: "护士站副机" },
			],
			whiteboard: [{ id: "whiteboard-65", name: "白板屏 65 寸" }],
			pda: [{ id: "pda-phone", name: "手持终端" }],
			call_point: [{ id: "bathroom-caller", name: "卫生间呼叫器" }],
		},
	};
}

const NAMES: Record<RoleName, string> = {
	nurse: "刘静怡",
	head_nurse: "何淑贤",
	doctor: "杜启航",
	engineer: "康志远",
	system_admin: "方明哲",
	security_admin: "安若素",
	audit_admin: "申正平",
};

export function sampleMe(role: RoleName, configs: readonly WardConfig[]): Me {
	const whole = role.endsWith("_admin");
	const wards = configs.map(({ id, ward }) => ({ id, name: ward.name, name_en: ward.name_en }));
	return {
		staff: {
			id: `me-${role}`,
			number: `9${role.length}`,
			name: NAMES[role],
			role,
			ward: whole ? null : (configs[0]?.id ?? null),
		},
		permissions: [...SHIPPED[role]],
		wards: whole ? wards : wards.slice(0, 1),
		expires_at: NOW + 12 * HOUR,
		idle_ms: 15 * 60_000,
		password_due: false,
		version: "0.1.0",
	};
}

/** The administrators, who belong to no ward. */
export const ADMINISTRATORS: (StaffValue & { id: string })[] = (
	["system_admin", "security_admin", "audit_admin"] as const
).map((role, index) => ({
	id: `me-${role}`,
	ward: null,
	number: `900${index + 1}`,
	name: NAMES[role],
	role,
	title: null,
	active: true,
	order: index,
}));
