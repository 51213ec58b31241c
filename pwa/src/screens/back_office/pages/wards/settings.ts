/** The free settings of hospital and ward as far as the back office knows them; the rest is handed on as it came. */

type Settings = Readonly<Record<string, unknown>>;

export interface Talk {
	limit_ms: number;
	video: boolean;
	recording: boolean;
}

function record(value: unknown): Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value)
		? (value as Record<string, unknown>)
		: {};
}

function whole(value: unknown, otherwise: number): number {
	return typeof value === "number" && Number.isInteger(value) ? value : otherwise;
}

/** `talk` of a ward's settings; two minutes, no pictures, no recording where nothing is said (A16). */
export function talkOf(settings: Settings): Talk {
	const talk = record(settings.talk);
	return {
		limit_ms: whole(talk.limit_ms, 120_000),
		video: talk.video === true,
		recording: talk.recording === true,
	};
}

export function withTalk(settings: Settings, talk: Talk): Record<string, unknown> {
	return { ...settings, talk: { ...record(settings.talk), ...talk } };
}

/** Of the hospital's settings: what the hub takes when nothing is said is the default here too. */
export interface HouseRules {
	timezone: string;
	idle_min: number;
	min_chars: number;
	max_age_days: number;
	last: number;
	change_given: boolean;
}

export function houseRulesOf(settings: Settings, zone: string): HouseRules {
	const [office, password] = [record(settings.office), record(settings.password)];
	return {
		timezone: typeof settings.timezone === "string" ? settings.timezone : zone,
		idle_min: whole(office.idle_min, 15),
		min_chars: whole(password.min_chars, 8),
		max_age_days: whole(password.max_age_days, 90),
		last: whole(password.last, 5),
		change_given: password.change_given !== false,
	};
}

export function withHouseRules(settings: Settings, rules: HouseRules): Record<string, unknown> {
	const { timezone, idle_min, ...password } = rules;
	return {
		...settings,
		timezone,
		office: { ...record(settings.office), idle_min },
		password: { ...record(settings.password), ...password },
	};
}
