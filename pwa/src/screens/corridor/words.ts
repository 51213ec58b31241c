/** Words of the corridor screen: few, for people walking by. */
import { words } from "../../text/words";

export const corridor = words(
	{
		onDuty: "今日当班",
		calling: (count: number) => `${count} 个呼叫`,
		page: (page: number, pages: number) => `第 ${page}/${pages} 页`,
		troubles: (count: number) => `设备故障 ${count}`,
		quiet: "请保持安静，注意休息",
		other: "English",
	},
	{
		onDuty: "On duty",
		calling: (count: number) => `${count} calls`,
		page: (page: number, pages: number) => `Page ${page}/${pages}`,
		troubles: (count: number) => `${count} device troubles`,
		quiet: "Please keep quiet",
		other: "中文",
	},
);
