/** Signs as 24 × 24 paths, drawn for this project (fill-rule evenodd). */

export const SIGN_PATHS = {
	/** warning triangle with an exclamation mark */
	allergy: "M12 2 23 21H1zM10.8 8.5h2.4l-.4 6.5h-1.6zM10.8 16.4h2.4v2.4h-2.4z",
	/** ring with a bar: do not enter unprotected */
	isolation: "M12 1.5a10.5 10.5 0 1 0 0 21 10.5 10.5 0 0 0 0-21zM5.5 10h13v4h-13z",
	/** someone falling */
	fall: "M17 3a2.2 2.2 0 1 1 0 4.4A2.2 2.2 0 0 1 17 3zM4 6l5.5-1 5.3 4.6-2 2.3-1.7-1.5-1.6 3 4 2.1 1 4.5-2.4.6-.8-3.6-5.2-2.7-3.6 3-1.6-1.9 3.8-3.2 2-4.6-2.3.5zM2 21h20v2H2z",
	/** someone lying, pressure from below */
	pressure_injury:
		"M4.5 6a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM8 7h11a3 3 0 0 1 3 3v2H8zM1 13h22v2H1zM6 22v-3H4l3-3.5L10 19H8v3zM13 22v-3h-2l3-3.5 3 3.5h-2v3z",
	/** vein with a clot */
	vte: "M7 1h3v6.5a5.5 5.5 0 0 0 0 9V23H7zM14 1h3v22h-3v-6.5a5.5 5.5 0 0 0 0-9zM12 9.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6z",
	/** tube with a drip bag */
	tube: "M7 1h8v9l-3 2.5V16a3 3 0 0 0 6 0v-3h2v3a5 5 0 0 1-10 0v-3.5L7 10zM9 3v3h4V3z",
	/** wind pipe */
	aspiration: "M10.5 1h3v8l6 4 1.5 9h-6l-1-6-2-1.5L10 16l-1 6H3l1.5-9 6-4z",
	/** drop */
	drop: "M12 1.5c4 5.4 7 8.6 7 13a7 7 0 0 1-14 0c0-4.4 3-7.6 7-13z",
	/** flash */
	pain: "M13 1 4 14h6l-2 9 11-14h-7z",
	/** thermometer */
	fever:
		"M12 1a3.5 3.5 0 0 1 3.5 3.5v9a5.5 5.5 0 1 1-7 0v-9A3.5 3.5 0 0 1 12 1zM11 7v8.2a2.5 2.5 0 1 0 2 0V7z",
	/** rising line */
	mews: "M1 14h5l3-8 5 13 3-8h6v2.4h-4.4L14 23 9 11l-1.4 5.4H1z",
	/** germ */
	infection:
		"M11 1h2v3.1a8 8 0 0 1 3.6 1.5l2.2-2.2 1.4 1.4L18 7a8 8 0 0 1 1.5 3.6h3v2h-3A8 8 0 0 1 18 17l2.2 2.2-1.4 1.4-2.2-2.2a8 8 0 0 1-3.6 1.5V23h-2v-3.1a8 8 0 0 1-3.6-1.5l-2.2 2.2-1.4-1.4L6 17a8 8 0 0 1-1.5-4.4h-3v-2h3A8 8 0 0 1 6 7L3.8 4.8l1.4-1.4 2.2 2.2A8 8 0 0 1 11 4.1zM9.5 8a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4zM14 12.5a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4z",
	/** someone walking out of a door */
	wandering: "M3 2h9v20H3zM14 11h4V8l5 4-5 4v-3h-4zM9 11v2h1.6v-2z",
	/** flame */
	scald:
		"M12.5 1c1 4.5 6 6.5 6 13a6.5 6.5 0 0 1-13 0c0-3 1.6-4.6 2.5-7 1 1 1.6 2 1.8 3.2C11.6 8 12.6 5 12.5 1z",
	/** bowl */
	nutrition: "M2 11h20a10 10 0 0 1-6 9v2H8v-2a10 10 0 0 1-6-9zM8 2h2v7H8zM14 2h2v7h-2z",
	/** plain mark for risks without a sign of their own */
	other: "M12 1.5 22.5 12 12 22.5 1.5 12zM10.8 6.5h2.4l-.4 7h-1.6zM10.8 15h2.4v2.4h-2.4z",
} as const;

const OF_RISK: Record<string, keyof typeof SIGN_PATHS> = {
	fall: "fall",
	pressure_injury: "pressure_injury",
	vte: "vte",
	tube: "tube",
	aspiration: "aspiration",
	bleeding: "drop",
	pain: "pain",
	fever: "fever",
	mews: "mews",
	infection: "infection",
	wandering: "wandering",
	scald: "scald",
	nutrition: "nutrition",
};

export function riskPath(risk: string): string {
	return SIGN_PATHS[OF_RISK[risk] ?? "other"];
}
