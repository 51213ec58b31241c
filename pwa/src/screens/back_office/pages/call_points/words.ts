/** Words of the page 呼叫点. */
import { words } from "../../../../text/words";
import type { CallPointLine } from "../../types";

const ZH: Readonly<Record<CallPointLine["line"], string>> = {
	ok: "正常",
	open: "线路断开",
	unknown: "未知",
};
const EN: Readonly<Record<CallPointLine["line"], string>> = {
	ok: "fine",
	open: "open circuit",
	unknown: "unknown",
};

export const callPointsWords = words(
	{
		title: "呼叫点",
		about: "卫生间呼叫器、输液监测、离床垫等通过网络接入的设备",
		add: "新增呼叫点",
		edit: "编辑",
		name: "名称",
		place: "位置",
		line: "线路",
		lineOf: (one: CallPointLine["line"]) => ZH[one],
		heard: "最近联系",
		never: "从未联系",
		silent: "长时间未联系",
		refused: "被拒请求",
		refusedHint: "签名、时间或重复校验未通过的请求数",
		key: "密钥",
		hasKey: "已设置",
		noKey: "未设置",
		make: "生成密钥",
		rotate: "更换密钥",
		rotateTitle: "更换密钥",
		rotateText: (name: string) =>
			`更换 ${name} 的密钥？旧密钥立即失效，设备在写入新密钥之前无法呼叫。`,
		keyTitle: (name: string) => `密钥 · ${name}`,
		once: "密钥只显示这一次，关闭后无法再查看。请立即写入设备。",
		copy: "复制密钥",
		copied: "已复制",
		written: "已写入设备，关闭",
		none: "本病区没有呼叫点",
		help: "设备如何签名",
		helpSend: "设备每次发送 HTTP POST：",
		helpSign:
			"签名为 HMAC-SHA256（密钥：base64url 解码后的 32 字节），内容为五行，以换行符分隔，末尾无换行：方法、路径、时间、随机数、正文的 SHA-256（十六进制）。",
		helpTime:
			"时间为毫秒，与服务器相差不超过 5 分钟；随机数每次不同，与正文中的一致。没有时钟的设备先取 challenge，时间填 0。",
		helpAlive: "每 60 秒至少发送一次 alive；收到 200 之前持续重发，每次使用新的随机数。",
	},
	{
		title: "Call points",
		about: "Bathroom callers, drip sensors, bed exit mats and other devices on the network",
		add: "Add call point",
		edit: "Edit",
		name: "Name",
		place: "Place",
		line: "Line",
		lineOf: (one: CallPointLine["line"]) => EN[one],
		heard: "Last heard",
		never: "never",
		silent: "silent for long",
		refused: "Refused",
		refusedHint: "Requests whose signature, time or nonce did not hold",
		key: "Key",
		hasKey: "set",
		noKey: "none",
		make: "Make key",
		rotate: "New key",
		rotateTitle: "New key",
		rotateText: (name: string) =>
			`A new key for ${name}? The old one ends at once: the device cannot call until it has the new one.`,
		keyTitle: (name: string) => `Key · ${name}`,
		once: "The key is shown this once only. Put it into the device now.",
		copy: "Copy key",
		copied: "Copied",
		written: "It is in the device, close",
		none: "This ward has no call points",
		help: "How a device signs",
		helpSend: "A device sends HTTP POST:",
		helpSign:
			"The signature is HMAC-SHA256 (key: the 32 bytes behind the base64url) over five lines parted by a line feed, none at the end: method, path, time, nonce, SHA-256 of the body in hex.",
		helpTime:
			"The time is in ms, at most 5 min off the hub's; the nonce is new each time and the same in the body. A device without a clock asks for a challenge and sends the time 0.",
		helpAlive:
			"alive at least once in 60 s; everything is repeated until 200 comes, each time with a new nonce.",
	},
);
