/** What cards, door tiles and boards say of a patient, as the hub projects it; unknown parts are left out. */
import { common } from "../text/common";
import { type Language, say, words } from "../text/words";

export type CareLevelId = "special" | "first" | "second" | "third";
export type IsolationId = "contact" | "droplet" | "airborne" | "protective";
export type Sex = "M" | "F" | "O" | "U";

/** `stay/{s}/card`, root `card`. Every key may be missing while the feed has not given it. */
export interface Card {
	stay: string;
	bed?: string;
	name?: string;
	sex?: Sex;
	age_text?: string;
	inpatient_number?: string;
	admitted_at?: number;
	doctor?: string;
	nurse?: string;
	care_level?: CareLevelId;
	condition?: "critical" | "serious";
	diet?: string[];
	allergies?: { substance: string; severity?: string }[];
	no_known_allergy?: boolean;
	risks?: string[];
	isolation?: IsolationId[] | IsolationId;
	payment?: { kind?: string; arrears?: boolean };
	diagnosis?: string;
	diagnosis_private?: boolean;
	surgery?: { name: string; at: number };
	updated_at?: number;
}

export function sexText(sex: string | undefined, language: Language): string {
	const t = say(language, common);
	if (sex === "M") return t.male;
	if (sex === "F") return t.female;
	return sex === "O" ? t.otherSex : t.unknownSex;
}

/** Risks in the order they are always shown; ids the hub may use beyond these come after, by id. */
export const RISK_ORDER = [
	"fall",
	"pressure_injury",
	"vte",
	"tube",
	"aspiration",
	"bleeding",
	"hypoglycaemia",
	"pain",
	"fever",
	"mews",
	"infection",
	"wandering",
	"scald",
	"iad",
	"nutrition",
	"sputum",
] as const;

export const riskWords = words(
	{
		fall: "跌倒",
		pressure_injury: "压力性损伤",
		vte: "静脉血栓",
		tube: "导管滑脱",
		aspiration: "误吸",
		bleeding: "出血",
		hypoglycaemia: "低血糖",
		pain: "疼痛",
		fever: "发热",
		mews: "病情预警",
		infection: "感染",
		wandering: "走失",
		scald: "烫伤",
		iad: "失禁性皮炎",
		nutrition: "营养不良",
		sputum: "痰堵窒息",
	},
	{
		fall: "Fall",
		pressure_injury: "Pressure injury",
		vte: "VTE",
		tube: "Tube",
		aspiration: "Aspiration",
		bleeding: "Bleeding",
		hypoglycaemia: "Low glucose",
		pain: "Pain",
		fever: "Fever",
		mews: "MEWS",
		infection: "Infection",
		wandering: "Wandering",
		scald: "Scald",
		iad: "IAD",
		nutrition: "Nutrition",
		sputum: "Sputum",
	},
);

/** The word of a risk; an id we do not know is shown as it is. */
export function riskText(risk: string, language: Language): string {
	const t: Record<string, string> = say(language, riskWords);
	return t[risk] ?? risk;
}

/** Risks in fixed order without doubles. */
export function orderedRisks(risks: readonly string[]): string[] {
	const order: readonly string[] = RISK_ORDER;
	const place = (risk: string) => (order.includes(risk) ? order.indexOf(risk) : order.length);
	return [...new Set(risks)].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

const ISOLATION_ORDER: readonly IsolationId[] = ["airborne", "droplet", "contact", "protective"];

/** One kind or a list, in fixed order. */
export function isolationKinds(isolation: IsolationId[] | IsolationId | undefined): IsolationId[] {
	const given = isolation === undefined ? [] : Array.isArray(isolation) ? isolation : [isolation];
	return ISOLATION_ORDER.filter((kind) => given.includes(kind));
}
