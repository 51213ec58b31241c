// @vitest-environment happy-dom
/** 审计 (OPS-04): lines in words, searching, paging, the file. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { detailLines } from "../../../src/screens/back_office/pages/audit/wording";
import { FakeOffice } from "./fake_office";
import { asked, sampleLine, withAudit } from "./fake_records";
import { all, fill, find, need, openOffice, press, settle } from "./office_at";
import { NOW, ZONE } from "./sample_office";

vi.setConfig({ testTimeout: 30_000 });
afterEach(() => {
	cleanup();
	vi.restoreAllMocks();
});

const LINES = [
	sampleLine(3, {
		action: "change",
		staff: "me-system_admin",
		staff_name: "方明哲",
		subject: "12",
		detail: { edits: 2, of: ["bed:b01", "group:g1"], undoes: 11 },
	}),
	sampleLine(2, { result: "refused", detail: { code: "sign_in_refused", way: "password" } }),
	sampleLine(1, {
		action: "enrol",
		result: "failed",
		staff: null,
		staff_name: null,
		terminal: "bed-b01",
		subject: "bed-b01",
		detail: {},
	}),
];
const row = (seq: number) => need(`[data-testid="audit-row"][data-id="${seq}"]`);
async function submit(): Promise<void> {
	need("main form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await settle();
}

it("reads like sentences, with refused and failed marked", async () => {
	const fake = new FakeOffice("audit_admin");
	withAudit(fake, LINES);
	await openOffice(fake, "audit");
	const told = row(3).textContent ?? "";
	for (const word of ["方明哲", "修改配置", "变更 12", "床位 b01、呼叫分组 g1"])
		expect(told).toContain(word);
	expect(row(2).textContent).toContain("被拒绝");
	expect(row(2).textContent).toContain("工号或密码不正确");
	expect(row(1).textContent).toContain("失败");
	expect(document.body.textContent).not.toContain("{");
	expect(row(2).dataset.result).toBe("refused");
});

it("finds by person, action, ward and text; a name that is nobody's is said before asking", async () => {
	const fake = new FakeOffice("audit_admin");
	withAudit(fake, LINES);
	await openOffice(fake, "audit");
	await fill("audit-person", "方明哲");
	await submit();
	expect(all("audit-row").map((one) => one.dataset.id)).toEqual(["3"]);
	await fill("audit-person", "某某某");
	const before = asked(fake, "GET audit").length;
	await submit();
	expect(asked(fake, "GET audit")).toHaveLength(before);
	expect(find("problem")).not.toBeNull();
	await press("audit-clear");
	await fill("audit-action", "enrol");
	expect(all("audit-row").map((one) => one.dataset.id)).toEqual(["1"]);
	await fill("audit-ward", "thoracic");
	await fill("audit-text", " 10.0.0 ");
	await submit();
	const query = Object.fromEntries(asked(fake, "GET audit").at(-1)?.query ?? []);
	expect(query).toMatchObject({ action: "enrol", ward: "thoracic", text: "10.0.0", limit: "100" });
	await press("audit-clear");
	const key = row(2).querySelector<HTMLElement>("[data-testid=audit-only]");
	await press(key as HTMLElement);
	expect(all("audit-row").map((one) => one.dataset.id)).toEqual(["2"]);
});

it("goes on to earlier lines, and to the end", async () => {
	const fake = new FakeOffice("audit_admin");
	withAudit(
		fake,
		Array.from({ length: 130 }, (_, at) => sampleLine(at + 1)),
	);
	await openOffice(fake, "audit");
	expect(all("audit-row")).toHaveLength(100);
	await press("audit-more");
	expect(asked(fake, "GET audit").at(-1)?.query.get("before")).toBe("31");
	expect(all("audit-row")).toHaveLength(130);
	expect(find("audit-more")).toBeNull();
});

it("hands out the file, and shows the line that the export left", async () => {
	vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:x");
	const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockReturnValue();
	const fake = new FakeOffice("audit_admin");
	withAudit(fake, LINES);
	await openOffice(fake, "audit");
	await press("audit-csv");
	expect(click).toHaveBeenCalledOnce();
	const [file, list] = asked(fake, "GET audit").slice(-2);
	expect(file?.query.get("format")).toBe("csv");
	expect(file?.query.has("limit")).toBe(false);
	expect(list?.query.has("format")).toBe(false);
});

it("puts details into words, also those it does not know", () => {
	const detail = {
		from: NOW,
		more: false,
		bed: null,
		clinical: true,
		odd: { a: 1 },
		__proto__x: "y",
	};
	expect(detailLines(detail, ZONE, "zh").map((one) => one.name)).toEqual([
		"从",
		"临床人员",
		"odd",
		"__proto__x",
	]);
	expect(detailLines({ toString: "constructor" }, ZONE, "en")).toEqual([
		{ name: "toString", text: "constructor" },
	]);
});
