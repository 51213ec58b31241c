/** Frames that carry signals: `{"t":"signal","hops":n,"signals":[wire,…]}` at the presence document (SG16, SG17). */

export const MAX_SIGNALS = 16;
/** Relays a signal may have gone through. */
export const MAX_HOPS = 2;

export interface SignalFrame {
	t: "signal";
	/** relays so far */
	hops: number;
	/** wire signals */
	signals: string[];
}

export function signalFrame(signals: readonly string[], hops = 0): SignalFrame {
	return { t: "signal", hops, signals: [...signals] };
}

/** Reads a payload whose `t` is "signal"; null when it is malformed. */
export function readSignalFrame(payload: object): SignalFrame | null {
	const { t, hops, signals, ...more } = payload as Record<string, unknown>;
	if (t !== "signal" || Object.keys(more).length > 0) return null;
	if (!Number.isInteger(hops) || (hops as number) < 0 || (hops as number) > MAX_HOPS) return null;
	if (!Array.isArray(signals) || signals.length < 1 || signals.length > MAX_SIGNALS) return null;
	if (!signals.every((wire): wire is string => typeof wire === "string")) return null;
	return { t, hops: hops as number, signals };
}
