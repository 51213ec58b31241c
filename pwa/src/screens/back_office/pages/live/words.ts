/** Words of 远程查看. */
import { words } from "../../../../text/words";
import type { Ended } from "./stream";

const ZH: Readonly<Record<Ended, string>> = {
	stopped: "您已结束查看。",
	terminal_stopped: "现场人员已在终端上结束查看。",
	left: "终端已断开连接。",
	not_able: "该终端无法提供画面。",
	time: "已达到最长查看时间。",
	slow: "网络太慢，画面无法跟上。",
	too_much: "终端发送的内容过多。",
	signed_out: "登录已过期。",
	lost: "与服务器的连接中断。",
};
const EN: Readonly<Record<Ended, string>> = {
	stopped: "You ended it.",
	terminal_stopped: "Somebody at the terminal ended it.",
	left: "The terminal is not connected any more.",
	not_able: "This terminal cannot show its screen.",
	time: "The longest time for a view is over.",
	slow: "The network is too slow to keep up.",
	too_much: "The terminal sends too much.",
	signed_out: "The session has ended.",
	lost: "The connection to the hub was lost.",
};

export const liveWords = words(
	{
		title: (name: string) => `远程查看 · ${name}`,
		picture: (name: string) => `${name} 的屏幕画面`,
		waiting: "正在等待终端画面…",
		masked: "患者信息已遮挡",
		unmasked: "患者信息可见（临床人员）",
		typed: "输入内容始终遮挡",
		shown: (who: string) => `终端正显示“正在被远程查看：${who}”`,
		since: (time: string) => `已查看 ${time}`,
		most: "最长 10 分钟",
		end: "结束查看",
		noPlayer: "无法载入播放器",
		over: "查看已结束",
		ended: (why: Ended) => ZH[why],
	},
	{
		title: (name: string) => `View screen · ${name}`,
		picture: (name: string) => `Screen of ${name}`,
		waiting: "Waiting for the terminal's picture…",
		masked: "Patients' data is masked",
		unmasked: "Patients' data can be seen (clinical staff)",
		typed: "What is typed is always masked",
		shown: (who: string) => `The terminal shows “Being viewed remotely by ${who}”`,
		since: (time: string) => `for ${time}`,
		most: "10 min at most",
		end: "End",
		noPlayer: "The player could not be loaded",
		over: "The view is over",
		ended: (why: Ended) => EN[why],
	},
);
