/** The page's DTLS certificate: made once, shared by all its connections, so that a session has one fingerprint (SG14). */

/** A kiosk page may run this long; browsers take no more than a year. */
const EXPIRES_MS = 365 * 86_400_000;

/** Null where the browser has no WebRTC. */
export async function makeCertificate(): Promise<RTCCertificate | null> {
	if (typeof RTCPeerConnection === "undefined") return null;
	const how = { name: "ECDSA", namedCurve: "P-256", expires: EXPIRES_MS };
	try {
		return await RTCPeerConnection.generateCertificate(how);
	} catch {
		return null;
	}
}
