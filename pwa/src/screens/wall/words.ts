/** The wall's words. It stands before guests as well as nurses, so both languages are always shown. */
export const words = {
	title: { zh: "演示病区", en: "Demo ward" },
	start: { zh: "开始演示，打开声音", en: "Start, with sound" },
	started: { zh: "声音已打开", en: "Sound is on" },
	kill: { zh: "断开中枢", en: "Kill the hub" },
	restore: { zh: "恢复中枢", en: "Start the hub" },
	local: { zh: "仅限本机访问，其他设备需要 TLS", en: "This machine only: other devices need TLS" },
	hear: { zh: "听这一屏", en: "Hear this screen" },
	heard: { zh: "正在收听", en: "Heard" },
	opening: { zh: "正在打开", en: "Opening" },
	noControl: {
		zh: "演示总控没有应答：请在本机运行 ward-hub demo",
		en: "The demo's control does not answer: run ward-hub demo on this machine",
	},
	steps: [
		{ zh: "床头屏按“呼叫”，护士站响铃", en: "Call at the bedside: the station rings" },
		{ zh: "护士站接听，说完挂断", en: "Answer at the station, talk, hang up" },
		{
			zh: "断开中枢，再按一次：病区直连，呼叫、通话照常",
			en: "Kill the hub, call again: terminals call and talk directly",
		},
		{
			zh: "恢复中枢：补记这次呼叫，时间不变",
			en: "Start the hub: it writes that call down, with its time",
		},
	],
	hub: {
		running: { zh: "中枢运行中", en: "Hub is running" },
		starting: { zh: "中枢正在启动", en: "Hub is starting" },
		killed: { zh: "中枢已断开：终端之间直连", en: "Hub is killed: terminals linked directly" },
		unknown: { zh: "中枢状态未知", en: "Hub: unknown" },
	},
	phase: {
		starting: { zh: "正在启动", en: "starting" },
		unenrolled: { zh: "未登记", en: "not enrolled" },
		enrolling: { zh: "正在登记", en: "enrolling" },
		elsewhere: { zh: "已在别处打开", en: "open elsewhere" },
		revoked: { zh: "已停用", en: "revoked" },
		ready: { zh: "已就绪", en: "ready" },
	},
	layer: {
		1: { zh: "中枢已连接", en: "with the hub" },
		2: { zh: "病区直连", en: "ward linked directly" },
		3: { zh: "仅本房间相连", en: "this room only" },
		4: { zh: "独自运行", en: "on its own" },
	},
	tone: {
		high: { zh: "高优先音", en: "high tone" },
		medium: { zh: "中优先音", en: "medium tone" },
		low: { zh: "低优先音", en: "low tone" },
	},
	kind: {
		bedside: { zh: "床头屏", en: "Bedside" },
		door: { zh: "门口屏", en: "Door" },
		corridor: { zh: "走廊屏", en: "Corridor" },
		station: { zh: "护士站", en: "Station" },
		whiteboard: { zh: "白板屏", en: "Whiteboard" },
		pda: { zh: "手持终端", en: "PDA" },
	},
} as const;
