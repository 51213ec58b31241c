import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import {
	applyChange,
	diffText,
	moveCaret,
	rebase,
	writeText,
} from "../../../src/core/documents/text_edit";

const SAMPLES = [
	"",
	"a",
	"aa",
	"换药",
	"换药后",
	"12床 换药",
	"😀",
	"😀😁",
	"a😀b",
	"a😁b",
	"😀a",
	"aba",
];

describe("diffText", () => {
	test("makes every sample into every other", () => {
		for (const before of SAMPLES) {
			for (const after of SAMPLES) {
				expect(applyChange(before, diffText(before, after))).toBe(after);
			}
		}
	});

	test("touches the smallest range and never parts a character of two units", () => {
		expect(diffText("12床 换药", "12床 已换药")).toEqual({ index: 4, remove: 0, insert: "已" });
		expect(diffText("abc", "abc")).toBeNull();
		// 😀 and 😁 share their first half, 😀 and 🈀 their second
		expect(diffText("a😀b", "a😁b")).toEqual({ index: 1, remove: 2, insert: "😁" });
		expect(diffText("a\u{1f600}b", "a\u{1ee00}b")).toEqual({
			index: 1,
			remove: 2,
			insert: "\u{1ee00}",
		});
		expect(diffText("😀", "😀😁")).toEqual({ index: 2, remove: 0, insert: "😁" });
	});
});

test("a caret stays on its letter when someone else writes before it", () => {
	const at = (before: string, after: string, caret: number) =>
		moveCaret(caret, diffText(before, after));
	expect(at("后日", "今天后日", 1)).toBe(3);
	expect(at("后日", "后日再查", 1)).toBe(1);
	expect(at("abcdef", "af", 3)).toBe(1);
	expect(at("abc", "abc", 2)).toBe(2);
});

test("what another wrote while we typed is never removed", () => {
	const texts = ["", "a", "ab", "abc", "axc", "xbc", "abcd", "bc", "xyz"];
	for (const base of texts) {
		for (const ours of texts) {
			const own = diffText(base, ours);
			if (own === null) continue;
			for (const theirs of texts) {
				const other = diffText(base, theirs);
				const merged = applyChange(theirs, rebase(own, other));
				expect(merged).toContain(other?.insert ?? "");
				expect(merged).toContain(own.insert);
			}
		}
	}
});

test("writing goes against what the hand saw, not against what came since", () => {
	const text = new Y.Doc().getText("t");
	text.insert(0, "12床 换药");
	const seen = text.toString();
	text.insert(0, "【急】");
	writeText(text, seen, "12床 换药 已做");
	expect(text.toString()).toBe("【急】12床 换药 已做");
});
