/** Why a socket was closed: the same list as ward_sync/close_codes.py. */
export const CLOSE = {
	tooBig: 1009,
	/** the hub ends; another one of the installation takes this terminal at once */
	serviceRestart: 1012,
	reset: 4205,
	/** the token, or a frame that could not be parsed */
	unauthorized: 4401,
	/** this terminal was revoked */
	forbidden: 4403,
	timeout: 4408,
	/** the terminal's slot was opened on another device */
	openedElsewhere: 4409,
} as const;
