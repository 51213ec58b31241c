/** Words of signing in: by password, PIN and badge; each reason why it failed in words of its own. */
import type { SignInProblem } from "../../core/identity/staff_door";
import { clockText } from "../../text/times";
import { type Language, say, words } from "../../text/words";

export const signInWords = words(
	{
		byPin: "PIN 登录",
		byPassword: "密码登录",
		pin: "PIN（6 位数字）",
		digits: (count: number) => `已输入 ${count} 位`,
		erase: "删除",
		badgeHint: "或刷工牌",
		until: (rest: string) => `还剩 ${rest}`,
		ends: (name: string, rest: string) => `${name} · ${rest} 后自动退出`,
		lockedOf: (name: string) => `${name} 的手持终端已锁定`,
		lockedHint: "呼叫照常响铃和接受；查看患者资料请解锁。锁定时接受的呼叫不记姓名。",
		lock: "锁定",
		other: "换人登录",
		proof: "连接已恢复，请验证身份以发送",
		proofMore: "断网期间写下的内容都在本机，验证后以您的名义送出。",
		usePin: "输入您的 PIN，以后本机可用 PIN 解锁",
		usePinMore: "PIN 由安全管理员设置。连错 5 次后本机只能用密码打开。",
		passwordDue: "密码已到期，请修改",
		oldPassword: "当前密码",
		newPassword: "新密码",
		repeat: "再输一次",
		change: "修改密码",
		changed: "密码已修改。",
		differ: "两次输入的新密码不一致",
		// why it failed
		sign_in_refused: "工号或密码不正确",
		pin_refused: "工号、PIN 或工牌不正确",
		pin_wrong: (left: number) => `PIN 不正确，还可以试 ${left} 次`,
		pin_gone: "PIN 已连错 5 次，本机只能用密码打开",
		pin_locked: "PIN 已锁定：请用密码登录，或请安全管理员解锁",
		locked_until: (time: string) => `尝试次数过多，该工号锁定至 ${time}`,
		too_many: (time: string) => `本终端尝试次数过多，请 ${time} 后再试`,
		sign_in_elsewhere: "您不能在本终端登录：不属于本病区，或该终端不支持登录",
		unreachable: "暂时连不上中枢，请稍后再试",
		starting: "中枢正在启动，请稍后再试",
		password_first: "本机尚未启用您的 PIN，请先用密码登录一次",
		pin_first: "密码已更改，而本机还有未送出的内容：请先用 PIN 登录，再用新密码登录",
		password_due: "密码已到期，请先修改密码",
		password_weak: "新密码需 8 至 128 位，且包含大写、小写、数字、符号中的三类",
		password_used: "不能使用最近用过的密码",
		storage: "本机存储出错，无法登录",
		unknown: (code: string) => `登录失败（${code}）`,
	},
	{
		byPin: "By PIN",
		byPassword: "By password",
		pin: "PIN (6 digits)",
		digits: (count: number) => `${count} digits entered`,
		erase: "Erase",
		badgeHint: "or scan your badge",
		until: (rest: string) => `${rest} left`,
		ends: (name: string, rest: string) => `${name} · signed out in ${rest}`,
		lockedOf: (name: string) => `${name}'s PDA is locked`,
		lockedHint:
			"Calls ring and are accepted as always; unlock to see patients. Calls accepted while locked carry no name.",
		lock: "Lock",
		other: "Someone else",
		proof: "Connected again: prove who you are to send",
		proofMore: "What you wrote meanwhile is on this device and goes out in your name.",
		usePin: "Enter your PIN to unlock this device with it from now on",
		usePinMore:
			"The security administrator sets your PIN. After five wrong ones only the password opens this device.",
		passwordDue: "Your password is due: change it",
		oldPassword: "Current password",
		newPassword: "New password",
		repeat: "Once more",
		change: "Change password",
		changed: "The password is changed.",
		differ: "The new passwords differ",
		sign_in_refused: "Number or password is wrong",
		pin_refused: "Number, PIN or badge is wrong",
		pin_wrong: (left: number) => `The PIN is wrong, ${left} tries left`,
		pin_gone: "Five wrong PINs: only the password opens this device",
		pin_locked: "The PIN is locked: use your password, or ask the security administrator",
		locked_until: (time: string) => `Too many tries: this number is locked until ${time}`,
		too_many: (time: string) => `Too many tries at this terminal: again after ${time}`,
		sign_in_elsewhere: "You cannot sign in here: another ward's, or a terminal for nobody",
		unreachable: "The hub cannot be reached now: try again",
		starting: "The hub is starting: try again",
		password_first: "This device does not open by your PIN yet: sign in by password once",
		pin_first:
			"Your password is new and this device holds unsent work: sign in by PIN, then by the new password",
		password_due: "Your password is due: change it first",
		password_weak: "8 to 128 characters of three of: small, capital, digit, other",
		password_used: "This password was used before",
		storage: "This device's storage fails: no sign-in",
		unknown: (code: string) => `Sign-in failed (${code})`,
	},
);

/** Why it failed, for people: what to do differently stands in it. */
export function problemText(problem: SignInProblem, language: Language): string {
	const t = say(language, signInWords);
	const time = problem.until === null ? null : clockText(problem.until);
	switch (problem.code) {
		case "pin_wrong":
			return t.pin_wrong(problem.left ?? 0);
		case "sign_in_locked":
			return time === null ? t.pin_locked : t.locked_until(time);
		case "too_many_tries":
			return time === null ? t.unreachable : t.too_many(time);
		case "sign_in_refused":
		case "pin_refused":
		case "pin_gone":
		case "sign_in_elsewhere":
		case "unreachable":
		case "starting":
		case "password_first":
		case "pin_first":
		case "password_due":
		case "password_weak":
		case "password_used":
		case "storage":
			return t[problem.code];
		case "unauthorized":
		case "token_invalid":
			// The terminal's own token was renewed in this moment.
			return t.unreachable;
		default:
			return t.unknown(problem.code);
	}
}

/** Time left as m:ss. */
export function restText(ms: number): string {
	const seconds = Math.max(0, Math.ceil(ms / 1000));
	return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
