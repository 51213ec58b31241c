/** Words of the station's key for hosting. */
import { words } from "../../text/words";

export const hostingWords = words(
	{
		title: "临时托管",
		group: "呼叫组",
		to: "托管到",
		long: "时长",
		hours: (hours: number) => (hours < 1 ? "30 分钟" : `${hours} 小时`),
		begin: "开始托管",
		end: "结束托管",
		runs: (group: string, to: string, until: string) => `${group} → ${to}，至 ${until}`,
		needsHub: "中枢不在线：托管需要中枢",
		nobody: "没有可托管的呼叫组或护士站",
		refused: "没有托管：请在后台查看原因",
	},
	{
		title: "Hosting for now",
		group: "Call group",
		to: "Also to",
		long: "For",
		hours: (hours: number) =>
			hours < 1 ? "30 minutes" : hours === 1 ? "1 hour" : `${hours} hours`,
		begin: "Begin",
		end: "End",
		runs: (group: string, to: string, until: string) => `${group} → ${to}, until ${until}`,
		needsHub: "The hub is away: hosting needs it",
		nobody: "No call group or station to host",
		refused: "Not hosted: the back office says why",
	},
);
