// @vitest-environment happy-dom
/** 批量导入: files checked before they are sent, errors beside their rows, taken as one change. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cleanup } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { csvRows, textOf } from "../../../src/screens/back_office/pages/import/csv";
import { xlsxRows } from "../../../src/screens/back_office/pages/import/xlsx";
import type { Edit } from "../../../src/screens/back_office/types";
import { FakeOffice, Refusal } from "./fake_office";
import { answer, asked, importAnswer } from "./fake_records";
import { all, find, need, openOffice, press, settle } from "./office_at";

vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

const CSV = "病房,床号,顺序\n701,90,1\n\n701,,abc\n";
const EDIT: Edit = {
	entity: "bed",
	ward: "thoracic",
	id: "bed-90",
	before: null,
	after: { label: "90", call_name: "90床", room: "r01", order: 90 },
};
const ERRORS = [
	{ row: 4, column: "床号", message: "This must not be empty.", message_zh: "不能为空。" },
	{ row: 4, column: "顺序", message: "Expected a whole number.", message_zh: "需为整数。" },
];

async function choose(name: string, content: string | Uint8Array): Promise<void> {
	const field = need("import-file") as HTMLInputElement;
	const file = new File([content as BlobPart], name);
	Object.defineProperty(field, "files", { value: [file], configurable: true });
	field.dispatchEvent(new Event("change", { bubbles: true }));
	await settle();
}

it("shows what is wrong beside the rows, and does not let it be imported", async () => {
	const fake = new FakeOffice("engineer");
	answer(fake, "POST import/beds", () => importAnswer({ rows: 2, errors: ERRORS }));
	await openOffice(fake, "import");
	await choose("beds.csv", CSV);
	const request = asked(fake, "POST import/beds")[0];
	expect(Object.fromEntries(request?.query ?? [])).toEqual({ ward: "thoracic", dry: "1" });
	expect(all("import-error").map((one) => [one.dataset.row, one.dataset.column])).toEqual([
		["4", "床号"],
		["4", "顺序"],
	]);
	const [row] = all("import-row");
	expect(all("import-row")).toHaveLength(1);
	expect(row?.dataset.row).toBe("4");
	expect(row?.querySelectorAll("td.wrong")).toHaveLength(2);
	expect((need("import-apply") as HTMLButtonElement).disabled).toBe(true);
	need("import-only-wrong").click();
	await settle();
	expect(all("import-row").map((one) => one.dataset.row)).toEqual(["2", "4"]);
});

it("imports what was checked as one change, tells it with undo, and the link leads to the changes", async () => {
	const fake = new FakeOffice();
	answer(fake, "POST import/beds", ({ query }) => {
		if (query.get("dry")) return importAnswer({ edits: [EDIT] });
		return importAnswer({ edits: [EDIT], change: fake.change([EDIT], "导入床位").id });
	});
	const { office } = await openOffice(fake, "import");
	expect((need("import-dry") as HTMLButtonElement).disabled).toBe(true);
	await choose("beds.csv", CSV);
	expect(need("import-good").textContent).toContain("1 项改动");
	expect(document.body.textContent).toContain("90床");
	await press("import-apply");
	expect(asked(fake, "POST import/beds")).toHaveLength(2);
	expect(need("import-done").textContent).toContain("变更 1");
	expect(office.config?.beds.some((bed) => bed.id === "bed-90")).toBe(true);
	expect((need("import-apply") as HTMLButtonElement).disabled).toBe(true);
	await press("undo-1");
	expect(office.config?.beds.some((bed) => bed.id === "bed-90")).toBe(false);
});

it("sends nothing that is no spreadsheet or too large, and says what the hub refuses", async () => {
	const fake = new FakeOffice();
	answer(fake, "POST import/beds", () => {
		throw new Refusal("malformed", 400);
	});
	await openOffice(fake, "import");
	await choose("beds.pdf", "x");
	expect(need("problem").textContent).toContain(".xlsx");
	await choose("beds.csv", "x".repeat(2 * 1024 * 1024 + 1));
	expect(need("problem").textContent).toContain("2 MB");
	await choose("beds.csv", "");
	expect(need("problem").textContent).toContain("空");
	expect(asked(fake, "POST import/beds")).toHaveLength(0);
	await choose("beds.csv", "x");
	expect(need("problem").textContent).toContain("文件无法识别");
});

it("offers what the role may import, into the ward or the house", async () => {
	await openOffice(new FakeOffice("security_admin"), "import");
	expect(all("[data-testid^=import-kind-]").map((one) => one.dataset.testid)).toEqual([
		"import-kind-staff",
	]);
	expect(document.body.textContent).toContain("全院");
	expect(find("import-template")).not.toBeNull();
});

it("reads CSV as the hub counts its rows", () => {
	expect(csvRows('a;b\r\n"1;\n""x""";2\n\n3')).toEqual([["a", "b"], ['1;\n"x"', "2"], [""], ["3"]]);
	expect(textOf(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toBe("a");
	expect(textOf(new Uint8Array([0xb4, 0xb2, 0xba, 0xc5]))).toBe("床号");
});

it("reads an XLSX as spreadsheet programs write it, and gives up on what is none", async () => {
	const file = readFileSync(join(import.meta.dirname, "beds.xlsx"));
	expect(await xlsxRows(new Uint8Array(file))).toEqual([
		["病房", "床号", "顺序"],
		["701", "90", "1"],
		[],
		["701", "", "=1+1"],
	]);
	expect(await xlsxRows(new Uint8Array(file.subarray(0, 400)))).toBeNull();
	expect(await xlsxRows(new TextEncoder().encode("PK no zip at all"))).toBeNull();
});
