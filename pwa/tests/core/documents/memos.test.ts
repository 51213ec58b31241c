import { expect, test } from "vitest";
import * as Y from "yjs";
import { memoMonths, readMonths } from "../../../src/core/documents/memo_months";
import {
	type Author,
	createMemo,
	deleteMemo,
	editMemo,
	type Memo,
	markMemo,
	readMemos,
	removedMemos,
	restoreMemo,
	setMemoExpiry,
	shownMemos,
	textMark,
} from "../../../src/core/documents/memos";

const LIU: Author = { staff: "n01", staff_name: "刘静怡", verified: true };
const WALL: Author = { staff: null, staff_name: "陈晓琳", verified: false };
const HOUR = 3_600_000;

/** Two sides that begin equal and meet again. */
function pair(): { a: Y.Doc; b: Y.Doc; meet: () => void } {
	const [a, b] = [new Y.Doc(), new Y.Doc()];
	const meet = (): void => {
		const [fromA, fromB] = [Y.encodeStateAsUpdate(a), Y.encodeStateAsUpdate(b)];
		Y.applyUpdate(a, fromB);
		Y.applyUpdate(b, fromA);
	};
	return { a, b, meet };
}

function only(doc: Y.Doc, now = 10 * HOUR): Memo {
	const [memo] = readMemos(doc, now);
	if (memo === undefined) throw new Error("expected a memo");
	return memo;
}

test("a memo has its text, author, red mark and time (MEMO-01..04)", () => {
	const doc = new Y.Doc();
	createMemo(doc, WALL, 1, "m1", "明晨空腹", { red: true, expires: 5 });
	expect(only(doc, 4)).toMatchObject({
		text: "明晨空腹",
		red: true,
		expires: 5,
		expired: false,
		author: WALL,
	});
	expect(shownMemos(readMemos(doc, 4))).toHaveLength(1);
	expect(shownMemos(readMemos(doc, 5))).toHaveLength(0);
	setMemoExpiry(doc, LIU, 6, "m1", null);
	expect(shownMemos(readMemos(doc, 7))).toHaveLength(1);
});

test("two sides write for hours over a cut and both texts are kept (A19)", () => {
	const { a, b, meet } = pair();
	createMemo(a, LIU, 1, "m1", "12床胸片");
	meet();
	for (let hour = 0; hour < 8; hour += 1) {
		const [seenA, seenB] = [only(a).text, only(b).text];
		editMemo(a, "m1", seenA, `${seenA}甲${hour}`);
		editMemo(b, "m1", seenB, `乙${hour}${seenB}`);
	}
	createMemo(b, WALL, 3 * HOUR, "m2", "乙的新备忘");
	meet();
	expect(readMemos(a, 9 * HOUR)).toEqual(readMemos(b, 9 * HOUR));
	const text = readMemos(a, 9 * HOUR).find((memo) => memo.id === "m1")?.text;
	expect(text).toBe("乙7乙6乙5乙4乙3乙2乙1乙012床胸片甲0甲1甲2甲3甲4甲5甲6甲7");
});

test("of two marks the later counts on both sides and the older stays readable", () => {
	const { a, b, meet } = pair();
	createMemo(a, LIU, 1, "m1", "x");
	meet();
	markMemo(a, LIU, 20, "m1", true);
	markMemo(b, WALL, 10, "m1", false);
	setMemoExpiry(a, LIU, 30, "m1", 100);
	setMemoExpiry(b, WALL, 30, "m1", 200);
	meet();
	expect(only(a)).toEqual(only(b));
	expect(only(a).red).toBe(true);
	expect(only(a).events.filter((event) => event.field === "red")).toHaveLength(2);
});

test("a deleted memo goes, can be brought back, and stays when another wrote into it meanwhile", () => {
	const { a, b, meet } = pair();
	createMemo(a, LIU, 1, "m1", "旧");
	meet();
	deleteMemo(a, LIU, 2, "m1", only(a).text);
	meet();
	expect(shownMemos(readMemos(b, 3))).toEqual([]);
	expect(removedMemos(readMemos(b, 3))).toHaveLength(1);
	restoreMemo(b, LIU, 3, "m1");
	meet();
	deleteMemo(a, LIU, 4, "m1", only(a).text);
	editMemo(b, "m1", "旧", "旧，但还没做完");
	meet();
	expect(only(a)).toMatchObject({ deleted: false, deletedButEdited: true, text: "旧，但还没做完" });
	expect(only(b)).toEqual(only(a));
});

test("malformed lines are passed over", () => {
	const doc = new Y.Doc();
	doc.getArray("events").push([1, "x", { memo: "m" }]);
	expect(readMemos(doc, 1)).toEqual([]);
});

test("a mark of a text is the hub's too (ward_hub/documents/memo_months.py)", () => {
	expect(textMark("")).toBe("0:811c9dc5");
	expect(textMark("12床 😀")).toBe("6:d2d13d85");
});

test("of two months the newer copy of a memo counts, and says where its edits go", () => {
	const [older, newer] = [new Y.Doc(), new Y.Doc()];
	createMemo(older, LIU, 1, "m1", "十一月");
	createMemo(older, LIU, 2, "m2", "只在十一月");
	createMemo(newer, LIU, 1, "m1", "十二月改过");
	const months = [
		{ name: "d", doc: newer },
		{ name: "n", doc: older },
	];
	const read = readMonths(months, 10).map(({ id, text, document }) => [id, text, document]);
	expect(read).toEqual([
		["m2", "只在十一月", "n"],
		["m1", "十二月改过", "d"],
	]);
	expect(memoMonths(Date.UTC(2027, 0, 1))).toEqual(["2027-01", "2026-12"]);
});
