/** Who is on duty, for people walking by: roles and names, no numbers. */
import type { Directory } from "../../core/calls/types";
import { common } from "../../text/common";
import { type Language, say, words } from "../../text/words";

const roles = words({ doctor: "医生", nurse: "护士" }, { doctor: "Doctors", nurse: "Nurses" });

/** "护士长 何淑贤　护士 刘静怡、陈晓琳"; empty while nobody is set. */
export function teamOnDuty(directory: Directory, now: number, language: Language): string {
	const t = say(language, common);
	const own = say(language, roles);
	const present = Object.values(directory.duty)
		.filter((duty) => duty.since <= now && (duty.until === undefined || now < duty.until))
		.map((duty) => directory.staff[duty.staff])
		.filter((person) => person !== undefined);
	const comma = language === "zh" ? "、" : ", ";
	const names = (role: string, people: { role: string; name: string }[]): string =>
		people
			.filter((person) => person.role === role)
			.map((person) => person.name)
			.join(comma);
	const parts: [string, string][] = [
		[t.headNurse, names("head_nurse", Object.values(directory.staff))],
		[own.doctor, names("doctor", present)],
		[own.nurse, names("nurse", present)],
	];
	return parts
		.filter(([, people]) => people !== "")
		.map(([role, people]) => `${role} ${people}`)
		.join("　");
}
