/** An HL7 v2 message for reading: its segments and filled fields, each with its place in the text. Nothing is judged here. */

export interface Hl7Field {
	/** 3 in PV1-3 */
	number: number;
	text: string;
	/** in the whole text */
	start: number;
	end: number;
}
export interface Hl7Segment {
	name: string;
	/** the how-many-th of its name, from 1 */
	turn: number;
	fields: Hl7Field[];
}

type Both = { zh: string; en: string };
const both = (zh: string, en: string): Both => ({ zh, en });

export const SEGMENTS: Readonly<Record<string, Both>> = {
	MSH: both("消息头", "Header"),
	EVN: both("事件", "Event"),
	PID: both("患者", "Patient"),
	PD1: both("患者补充", "Patient, more"),
	NK1: both("联系人", "Next of kin"),
	PV1: both("就诊", "Visit"),
	PV2: both("就诊补充", "Visit, more"),
	OBR: both("申请", "Request"),
	OBX: both("观察", "Observation"),
	AL1: both("过敏", "Allergy"),
	DG1: both("诊断", "Diagnosis"),
	PR1: both("操作", "Procedure"),
	MRG: both("合并", "Merge"),
	IN1: both("保险", "Insurance"),
	NTE: both("备注", "Note"),
	PRT: both("参与者", "Participant"),
};

export const FIELDS: Readonly<Record<string, Both>> = {
	"MSH-3": both("发送系统", "From"),
	"MSH-4": both("发送机构", "From house"),
	"MSH-5": both("接收系统", "To"),
	"MSH-7": both("消息时间", "Time"),
	"MSH-9": both("消息类型", "Type"),
	"MSH-10": both("消息编号", "Control id"),
	"MSH-12": both("版本", "Version"),
	"MSH-18": both("字符集", "Character set"),
	"EVN-1": both("事件", "Event"),
	"EVN-2": both("记录时间", "Recorded"),
	"EVN-6": both("发生时间", "Happened"),
	"PID-2": both("患者编号", "Patient id"),
	"PID-3": both("患者编号", "Patient ids"),
	"PID-5": both("姓名", "Name"),
	"PID-7": both("出生日期", "Born"),
	"PID-8": both("性别", "Sex"),
	"PID-18": both("住院号", "Account"),
	"PV1-2": both("就诊类别", "Class"),
	"PV1-3": both("病区^病房^床位", "Ward^room^bed"),
	"PV1-6": both("原床位", "Former bed"),
	"PV1-7": both("主管医生", "Doctor"),
	"PV1-10": both("科室", "Department"),
	"PV1-19": both("就诊号", "Visit"),
	"PV1-44": both("入院时间", "Admitted"),
	"PV1-45": both("出院时间", "Discharged"),
	"OBX-3": both("项目", "What"),
	"OBX-5": both("结果", "Value"),
	"AL1-3": both("过敏原", "Allergen"),
	"AL1-4": both("程度", "Severity"),
	"DG1-3": both("诊断编码", "Code"),
	"DG1-4": both("诊断", "Text"),
	"MRG-1": both("原患者编号", "Prior ids"),
};

export function segmentsOf(text: string): Hl7Segment[] {
	const separator = text.startsWith("MSH") ? (text[3] ?? "|") : "|";
	const turns = new Map<string, number>();
	const segments: Hl7Segment[] = [];
	let start = 0;
	for (const line of text.split("\n")) {
		const parts = line.split(separator);
		const name = (parts[0] ?? "").trim();
		let at = start + (parts[0] ?? "").length + 1;
		start += line.length + 1;
		if (line.trim() === "") continue;
		const turn = (turns.get(name) ?? 0) + 1;
		turns.set(name, turn);
		// the separator itself is MSH-1
		const first = name === "MSH" ? 2 : 1;
		const fields: Hl7Field[] = [];
		for (const [index, value] of parts.slice(1).entries()) {
			if (value !== "")
				fields.push({ number: index + first, text: value, start: at, end: at + value.length });
			at += value.length + 1;
		}
		segments.push({ name, turn, fields });
	}
	return segments;
}

/** Where something is wrong: "PV1-3", "OBX", "PID-3.1". Null for what is no such place. */
export function placeOf(where: string | null): { name: string; field: number | null } | null {
	const found = where?.match(/^([A-Z][A-Z0-9]{2})(?:-(\d+))?/);
	if (!found?.[1]) return null;
	return { name: found[1], field: found[2] === undefined ? null : Number(found[2]) };
}

/**
 * Whether the field, or with null the segment itself, is the place. Of several observations the one that the reason
 * names ("OBX-5 of CARE_LEVEL: …"); each of them where it names none.
 */
export function isPlace(
	{ where, reason }: { where: string | null; reason: string },
	segment: Hl7Segment,
	field: number | null,
): boolean {
	const place = placeOf(where);
	if (place?.name !== segment.name || place.field !== field) return false;
	const told = segment.name === "OBX" ? reason.match(/^OBX-\d+ of ([^:]+):/)?.[1] : undefined;
	const what = segment.fields.find((one) => one.number === 3)?.text;
	return told === undefined || what === undefined || what.split("^").includes(told);
}
