/** Lines of the audit trail in words: what was done to what, and the detail a field a line (OPS-04). */
import type { Language } from "../../../../text/words";
import { ENTITIES } from "../../entities";
import type { AuditLine, EntityName } from "../../types";
import { momentText } from "../../zone";

type Both = { zh: string; en: string };
type Words = Readonly<Record<string, Both>>;

export const ACTIONS: Words = {
	sign_in: { zh: "登录", en: "Sign-in" },
	sign_out: { zh: "退出登录", en: "Sign-out" },
	password: { zh: "设置密码 / PIN", en: "Password or PIN set" },
	session_end: { zh: "结束会话", en: "Session ended" },
	enrol: { zh: "终端登记", en: "Terminal enrolled" },
	enrol_code: { zh: "签发登记码", en: "Enrolment code" },
	revoke: { zh: "停用终端", en: "Terminal revoked" },
	change: { zh: "修改配置", en: "Change" },
	undo: { zh: "撤销变更", en: "Undo" },
	import: { zh: "批量导入", en: "Import" },
	export: { zh: "导出", en: "Export" },
	fleet_command: { zh: "远程控制", en: "Remote control" },
	release: { zh: "应用版本", en: "App version" },
	roll_out: { zh: "版本升级", en: "Roll-out" },
	live_view: { zh: "远程查看屏幕", en: "Live view" },
	recording: { zh: "播放录音", en: "Recording played" },
	feed_repair: { zh: "接口消息处理", en: "Feed message" },
	call_point_key: { zh: "呼叫点密钥", en: "Call point key" },
	call_point_refused: { zh: "呼叫点请求被拒", en: "Call point refused" },
};

const KEYS: Words = {
	place: { zh: "地点", en: "Place" },
	way: { zh: "方式", en: "Way" },
	code: { zh: "原因", en: "Reason" },
	why: { zh: "原因", en: "Reason" },
	reason: { zh: "原因", en: "Reason" },
	what: { zh: "内容", en: "What" },
	format: { zh: "格式", en: "Format" },
	from: { zh: "从", en: "From" },
	to: { zh: "至", en: "To" },
	bed: { zh: "床位", en: "Bed" },
	type: { zh: "类型", en: "Type" },
	lines: { zh: "条数", en: "Lines" },
	more: { zh: "还有更多", en: "More" },
	version: { zh: "版本", en: "Version" },
	before: { zh: "之前", en: "Before" },
	edits: { zh: "修改项数", en: "Edits" },
	of: { zh: "涉及", en: "Of" },
	undoes: { zh: "撤销的变更", en: "Takes back change" },
	do: { zh: "动作", en: "Action" },
	did: { zh: "动作", en: "Action" },
	value: { zh: "数值", en: "Value" },
	terminals: { zh: "终端数", en: "Terminals" },
	build: { zh: "构建", en: "Build" },
	bytes: { zh: "字节数", en: "Bytes" },
	stage: { zh: "阶段", en: "Stage" },
	replaces: { zh: "更换设备", en: "Replaces a device" },
	clinical: { zh: "临床人员", en: "Clinical" },
	command: { zh: "命令", en: "Command" },
	user: { zh: "系统用户", en: "System user" },
	too_long: { zh: "详情过长（字符数）", en: "Too long (characters)" },
	removed_to: { zh: "已清理至序号", en: "Removed up to line" },
	hash: { zh: "校验值", en: "Hash" },
};

const VALUES: Words = {
	office: { zh: "管理后台", en: "back office" },
	password: { zh: "密码", en: "password" },
	pin: { zh: "PIN", en: "PIN" },
	badge: { zh: "工牌", en: "badge" },
	oidc: { zh: "统一登录", en: "single sign-on" },
	"no pin": { zh: "清除 PIN", en: "PIN cleared" },
	"no badge": { zh: "清除工牌", en: "badge cleared" },
	unlock: { zh: "解除锁定", en: "unlocked" },
	sign_in_refused: { zh: "工号或密码不正确", en: "number or password wrong" },
	sign_in_locked: { zh: "已锁定", en: "locked" },
	sign_in_elsewhere: { zh: "无权在此登录", en: "may not sign in here" },
	pin_refused: { zh: "PIN 或工牌不正确", en: "PIN or badge wrong" },
	too_many_tries: { zh: "尝试过于频繁", en: "too many tries" },
	code_invalid: { zh: "登记码无效", en: "enrolment code invalid" },
	forbidden: { zh: "无权限", en: "not allowed" },
	device_refused: { zh: "设备校验未通过", en: "proof does not hold" },
	replayed: { zh: "重复请求", en: "sent before" },
	journal: { zh: "呼叫记录", en: "call records" },
	audit: { zh: "审计", en: "audit trail" },
	feed_mapping: { zh: "接口映射", en: "feed mapping" },
	read: { zh: "查看内容", en: "read" },
	replay: { zh: "重发", en: "sent again" },
	repair: { zh: "修改后重发", en: "mended and sent again" },
	discard: { zh: "丢弃", en: "discarded" },
	start: { zh: "开始", en: "start" },
	end: { zh: "结束", en: "end" },
	advance: { zh: "下一阶段", en: "next stage" },
	halt: { zh: "暂停", en: "halt" },
	resume: { zh: "继续", en: "resume" },
	rollback: { zh: "回退", en: "roll back" },
	add: { zh: "新增", en: "added" },
	delete: { zh: "删除", en: "deleted" },
	restart: { zh: "重启", en: "restart" },
	volume: { zh: "音量", en: "volume" },
	brightness: { zh: "亮度", en: "brightness" },
	screen_on: { zh: "亮屏", en: "screen on" },
	screen_off: { zh: "熄屏", en: "screen off" },
	identify: { zh: "定位提示", en: "identify" },
	terminal_failed: { zh: "有终端升级失败", en: "a terminal failed" },
	csv: { zh: "CSV", en: "CSV" },
	xlsx: { zh: "XLSX", en: "XLSX" },
};

const INSTANTS = new Set(["from", "to"]);

const own = (words: Words, key: string): Both | undefined =>
	Object.hasOwn(words, key) ? words[key] : undefined;

export function actionText(action: string, language: Language): string {
	return own(ACTIONS, action)?.[language] ?? action;
}

/** What it was done to. `staff` gives the name of a person's id as far as it is known. */
export function subjectText(
	line: AuditLine,
	staff: (id: string) => string,
	language: Language,
): string {
	const { action, subject } = line;
	if (subject === null) return "";
	const known = own(VALUES, subject);
	if (known !== undefined) return known[language];
	if (["change", "undo", "import"].includes(action) && /^\d+$/.test(subject))
		return language === "zh" ? `变更 ${subject}` : `change ${subject}`;
	if (action === "feed_repair") return language === "zh" ? `消息 ${subject}` : `message ${subject}`;
	if (action === "roll_out") return language === "zh" ? `升级 ${subject}` : `roll-out ${subject}`;
	return staff(subject);
}

/** The detail, field by field; what is empty is left out. */
export function detailLines(
	detail: Readonly<Record<string, unknown>>,
	zone: string,
	language: Language,
): { name: string; text: string }[] {
	return Object.entries(detail)
		.filter(([, value]) => value !== null && value !== false && value !== "")
		.map(([key, value]) => ({
			name: own(KEYS, key)?.[language] ?? key,
			text: valueText(key, value, zone, language),
		}));
}

function valueText(key: string, value: unknown, zone: string, language: Language): string {
	if (value === true) return language === "zh" ? "是" : "yes";
	if (typeof value === "number") return INSTANTS.has(key) ? momentText(value, zone, 0) : `${value}`;
	if (typeof value === "string")
		return own(VALUES, value)?.[language] ?? thingText(value, language);
	if (Array.isArray(value)) {
		const parts = value.map((one) => valueText(key, one, zone, language));
		return parts.join(language === "zh" ? "、" : ", ");
	}
	return JSON.stringify(value);
}

/** "bed:b12" as 床位 b12. */
function thingText(text: string, language: Language): string {
	const [entity = "", id] = text.split(/:(.*)/s);
	const known = Object.hasOwn(ENTITIES, entity) ? ENTITIES[entity as EntityName] : undefined;
	return known === undefined || id === undefined ? text : `${known[language]} ${id}`;
}
