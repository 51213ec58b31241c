/** What a terminal answers to an invitation: one list of conditions, read from the top. Pure. */
import type { TerminalKind } from "../calls/types";
import { type BusyReason, HUB_PARTY, type TalkPurpose } from "../signalling/types";

/** A bed without a call of its own is warned so long before it is answered by itself. */
export const WARNED_MS = 3_000;

export interface Invitation {
	from: string;
	/** of who invites; null when the directory does not know it */
	fromKind: TerminalKind | null;
	purpose: TalkPurpose;
}

/** How things stand at the invited terminal. */
export interface Standing {
	kind: TerminalKind;
	camera: boolean;
	/** the ward allows pictures */
	video: boolean;
	privacy: boolean;
	/** the invitation names an own open call */
	ownCall: boolean;
	/** any own call is open */
	calling: boolean;
	/** who it talks to, or looks at it; null when nobody does */
	talkingTo: string | null;
	/** it rings and nobody has accepted, or it speaks to many */
	engaged: boolean;
	viewedBy: string | null;
	/** the one it talks to has announced who invites now */
	announced: boolean;
}

export type InviteAnswer =
	| { kind: "accept" }
	/** `afterMs`: accepted by itself then; null: by hand only */
	| { kind: "ring"; afterMs: number | null }
	| { kind: "busy"; reason: BusyReason; by?: string };

export function answerTo(invitation: Invitation, standing: Standing): InviteAnswer {
	switch (invitation.purpose) {
		case "broadcast":
			return toBroadcast(invitation, standing);
		case "view":
			return toView(invitation, standing);
		default:
			return toTalk(invitation, standing);
	}
}

function toTalk({ fromKind }: Invitation, standing: Standing): InviteAnswer {
	const { kind, talkingTo } = standing;
	if (standing.announced) return { kind: "accept" };
	if (talkingTo !== null) return { kind: "busy", reason: "talking", by: talkingTo };
	if (standing.ownCall) return { kind: "accept" };
	// A door screen hangs where anyone passes: it answers a bed's call, and opens no bed's line by itself.
	if (kind === "bedside" && fromKind === "door") return { kind: "busy", reason: "not_allowed" };
	if (standing.engaged) return { kind: "busy", reason: "talking" };
	return { kind: "ring", afterMs: kind === "bedside" && !standing.privacy ? WARNED_MS : null };
}

function toView({ fromKind }: Invitation, standing: Standing): InviteAnswer {
	const looks = fromKind === "station" || fromKind === "pda";
	const shows = standing.kind === "bedside" || standing.kind === "door";
	if (!looks || !shows || !standing.camera || !standing.video) {
		return { kind: "busy", reason: "not_allowed" };
	}
	if (standing.privacy) return { kind: "busy", reason: "privacy" };
	const by = standing.talkingTo ?? standing.viewedBy;
	if (by !== null) return { kind: "busy", reason: "talking", by };
	return { kind: "accept" };
}

function toBroadcast({ from, fromKind }: Invitation, standing: Standing): InviteAnswer {
	if (fromKind !== "station" && from !== HUB_PARTY) return { kind: "busy", reason: "not_allowed" };
	const { talkingTo } = standing;
	if (talkingTo !== null) return { kind: "busy", reason: "talking", by: talkingTo };
	if (standing.engaged) return { kind: "busy", reason: "talking" };
	if (standing.calling) return { kind: "busy", reason: "call" };
	return { kind: "accept" };
}
