/** Why a talk is over, and who the other is talking to, in words (TalkLeg.end, TalkLeg.by). */
import type { Directory } from "../../core/calls/types";
import type { LegEnd, TalkLeg } from "../../core/talk/types";
import { type Language, say } from "../../text/words";
import { partyName } from "./party";
import { talkWords } from "./words";

export function endText(
	leg: Pick<TalkLeg, "end" | "by" | "invited">,
	directory: Directory,
	language: Language,
): string {
	const t = say(language, talkWords);
	const who = leg.by === null ? null : partyName(leg.by, directory, language);
	if (leg.end === null) return t.over;
	if (leg.end === "refused") return leg.invited ? t.endedRefused : t.endedRefusedHere;
	if (leg.end === "talking" && who !== null) return t.endedTalkingTo(who);
	if (leg.end === "transferred" && who !== null) return t.endedTransferredTo(who);
	return plain(leg.end, language);
}

/** The reason alone, as in a broadcast's list of who was missed. */
export function plain(end: LegEnd, language: Language): string {
	const t = say(language, talkWords);
	const all: Record<LegEnd, string> = {
		hung_up: t.endedHungUp,
		lost: t.endedLost,
		limit: t.endedLimit,
		transferred: t.endedTransferred,
		cancelled: t.endedCancelled,
		refused: t.endedRefused,
		unanswered: t.endedUnanswered,
		no_codec: t.endedNoCodec,
		no_media: t.endedNoMedia,
		fingerprint: t.endedFingerprint,
		call: t.endedCall,
		closed: t.endedClosed,
		talking: t.endedTalking,
		privacy: t.endedPrivacy,
		full: t.endedFull,
		not_allowed: t.endedNotAllowed,
	};
	// a reason of a newer version
	return all[end] ?? t.over;
}
