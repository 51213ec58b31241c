/** Care-level colours a ward has set for itself (CARD-07), as CSS custom properties for a screen's root. */

const LEVELS = ["special", "first", "second", "third"];
const HEX = /^#[0-9a-f]{6}$/i;

/** Black or white, whichever reads better on the colour (WCAG relative luminance). */
export function inkOn(colour: string): "#000000" | "#ffffff" {
	const channel = (at: number): number => {
		const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
		return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
	};
	const luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
	return luminance > 0.179 ? "#000000" : "#ffffff";
}

/** `settings.palette` = {special: "#rrggbb", …}; anything else is passed over and the default stays. */
export function paletteStyle(palette: unknown): string {
	if (typeof palette !== "object" || palette === null) return "";
	const given = palette as Record<string, unknown>;
	return LEVELS.map((level) => {
		const colour = given[level];
		if (typeof colour !== "string" || !HEX.test(colour)) return "";
		return `--level-${level}:${colour};--level-${level}-ink:${inkOn(colour)};`;
	}).join("");
}
