/** What an invited terminal answers, case by case (CALL-01, CALL-02). */
import { describe, expect, it } from "vitest";
import { answerTo, type InviteAnswer, type Standing } from "../../../src/core/talk/invites";

const QUIET: Standing = {
	kind: "bedside",
	camera: true,
	video: true,
	privacy: false,
	ownCall: false,
	calling: false,
	talkingTo: null,
	engaged: false,
	viewedBy: null,
	announced: false,
};
const accept: InviteAnswer = { kind: "accept" };
const byHand: InviteAnswer = { kind: "ring", afterMs: null };
const talking: InviteAnswer = { kind: "busy", reason: "talking", by: "s2" };
const busy = (reason: "talking" | "privacy" | "not_allowed" | "call"): InviteAnswer => ({
	kind: "busy",
	reason,
});

const station = { from: "s1", fromKind: "station" as const };
const pda = { from: "p1", fromKind: "pda" as const };
const hub = { from: "hub", fromKind: null };
type Case = [what: string, standing: Partial<Standing>, answer: InviteAnswer];

describe("a talk", () => {
	it.each<Case>([
		["at a bed warns for 3 s", {}, { kind: "ring", afterMs: 3_000 }],
		["at a bed with privacy rings", { privacy: true }, byHand],
		["about an own call is taken", { ownCall: true, calling: true }, accept],
		["about an own call is taken with privacy", { ownCall: true, privacy: true }, accept],
		["about an own call comes before one that rings", { ownCall: true, engaged: true }, accept],
		["rings at a station", { kind: "station" }, byHand],
		["rings at a door", { kind: "door" }, byHand],
		["rings at a PDA", { kind: "pda" }, byHand],
		["finds another talk", { talkingTo: "s2" }, talking],
		["about an own call finds another talk", { talkingTo: "s2", ownCall: true }, talking],
		["that was announced is taken", { talkingTo: "s2", announced: true }, accept],
		["finds one that rings", { kind: "station", engaged: true }, busy("talking")],
	])("%s", (_what, standing, answer) => {
		expect(answerTo({ ...station, purpose: "talk" }, { ...QUIET, ...standing })).toEqual(answer);
	});
});

describe("a look", () => {
	it.each<Case>([
		["is let in", {}, accept],
		["is let in at a door", { kind: "door" }, accept],
		["finds privacy", { privacy: true }, busy("privacy")],
		["finds no camera", { camera: false }, busy("not_allowed")],
		["finds a ward without pictures", { video: false }, busy("not_allowed")],
		["finds a kind that shows nothing", { kind: "station" }, busy("not_allowed")],
		["finds a talk", { talkingTo: "s2" }, talking],
		["finds another look", { viewedBy: "s2" }, talking],
	])("%s", (_what, standing, answer) => {
		expect(answerTo({ ...pda, purpose: "view" }, { ...QUIET, ...standing })).toEqual(answer);
	});

	it("is for stations and PDAs", () => {
		const door = { from: "d1", fromKind: "door" as const, purpose: "view" as const };
		expect(answerTo(door, QUIET)).toEqual(busy("not_allowed"));
		expect(answerTo({ ...station, purpose: "view" }, QUIET)).toEqual(accept);
	});
});

describe("a broadcast", () => {
	it.each<Case>([
		["is heard", {}, accept],
		["is heard with privacy: nobody listens", { privacy: true }, accept],
		["does not break into a talk", { talkingTo: "s2" }, talking],
		["does not come while it rings", { engaged: true }, busy("talking")],
		["does not come while a call is open", { calling: true }, busy("call")],
	])("%s", (_what, standing, answer) => {
		for (const from of [station, hub]) {
			expect(answerTo({ ...from, purpose: "broadcast" }, { ...QUIET, ...standing })).toEqual(
				answer,
			);
		}
	});

	it("is for stations and the hub's relay", () => {
		expect(answerTo({ ...pda, purpose: "broadcast" }, QUIET)).toEqual(busy("not_allowed"));
	});
});
