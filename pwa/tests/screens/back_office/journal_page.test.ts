// @vitest-environment happy-dom
/** 呼叫记录 (CALL-06): what a line says, searching, and the file. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { addDays, instantOf, wallTime } from "../../../src/screens/back_office/zone";
import { FakeOffice, Refusal } from "./fake_office";
import { answer, asked, sampleCall } from "./fake_records";
import { all, fill, find, need, openOffice, press } from "./office_at";
import { NOW, ZONE } from "./sample_office";

vi.setConfig({ testTimeout: 30_000 });
const saved: { name: string }[] = [];
beforeEach(() => {
	saved.length = 0;
	vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:x");
	vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
		this: HTMLAnchorElement,
	) {
		saved.push({ name: this.download });
	});
});
afterEach(() => {
	cleanup();
	vi.restoreAllMocks();
});

const CALLS = [
	sampleCall({
		id: "c1",
		purpose: "water",
		missed: true,
		staff_unverified: ["n01"],
		recordings: ["t1"],
		talk_ms: 35_000,
	}),
	sampleCall({
		id: "c2",
		source: "bathroom:r02",
		type: "emergency",
		waited_ms: 400_000,
		closed_how: null,
		closed_by: null,
		closed_at: null,
		way: null,
	}),
	sampleCall({ id: "c3", approx: true, closed_how: "cancelled", closed_by: null, way: null }),
];
const row = (id: string) => need(`[data-testid="journal-row"][data-id="${id}"]`).textContent ?? "";

it("says where, what, how long, by whom; marks what is not verified, late or estimated", async () => {
	const fake = new FakeOffice("head_nurse");
	answer(fake, "GET journal", () => ({ calls: CALLS, more: false }));
	await openOffice(fake, "journal");
	const bed = fake.config("thoracic").beds.find((one) => one.id === "b01");
	for (const word of [bed?.call_name ?? "", "00:30", "未核实", "补报", "录音", "床旁清除", "00:35"])
		expect(row("c1")).toContain(word);
	for (const word of ["卫生间", "未结束", "06:40"]) expect(row("c2")).toContain(word);
	expect(row("c2")).not.toContain("未核实");
	for (const word of ["约", "已取消"]) expect(row("c3")).toContain(word);
	await fill("search", "卫生间");
	expect(all("journal-row").map((one) => one.dataset.id)).toEqual(["c2"]);
});

it("asks the hub by time, bed and type; the file carries the same, in the page's language", async () => {
	const fake = new FakeOffice("head_nurse");
	answer(fake, "GET journal", ({ query }) =>
		query.get("format") ? new Blob(["x"]) : { calls: CALLS, more: true },
	);
	const { office } = await openOffice(fake, "journal");
	expect(document.body.textContent).toContain("只列出最近 3 条");
	await press("span-7");
	await fill("journal-bed", "b02");
	await fill("journal-type", "emergency");
	const { date } = wallTime(NOW, ZONE);
	const wanted = {
		ward: "thoracic",
		from: String(instantOf(addDays(date, -6), "00:00", ZONE)),
		to: String(instantOf(addDays(date, 1), "00:00", ZONE)),
		bed: "b02",
		type: "emergency",
	};
	expect(Object.fromEntries(asked(fake, "GET journal").at(-1)?.query ?? [])).toEqual(wanted);
	office.setLanguage("en");
	await press("journal-xlsx");
	expect(Object.fromEntries(asked(fake, "GET journal").at(-1)?.query ?? [])).toEqual({
		...wanted,
		format: "xlsx",
		lang: "en",
	});
	expect(saved[0]?.name).toMatch(/^calls-.*\.xlsx$/);
	// a span that ends before it begins is not asked for
	const before = asked(fake, "GET journal").length;
	await fill("span-to", "2020-01-01");
	expect(asked(fake, "GET journal")).toHaveLength(before);
	expect(find("problem")).not.toBeNull();
});

it("gives no file to those who may only look, and tells why a file is refused", async () => {
	const looking = new FakeOffice("engineer");
	answer(looking, "GET journal", () => ({ calls: [], more: false }));
	await openOffice(looking, "journal");
	expect(find("journal-csv")).toBeNull();
	expect(find("journal-ward")).toBeNull();
	cleanup();
	const auditor = new FakeOffice("audit_admin");
	answer(auditor, "GET journal", ({ query }) => {
		if (query.get("format")) throw new Refusal("storage", 507);
		return { calls: CALLS, more: false };
	});
	await openOffice(auditor, "journal");
	await fill("journal-ward", "");
	expect(asked(auditor, "GET journal").at(-1)?.query.has("ward")).toBe(false);
	// no ward's plan is theirs to see: they read ids, and types by their shipped names
	expect(row("c2")).toContain("紧急呼叫");
	await press("journal-csv");
	expect(document.body.textContent).toContain("被拒绝：storage");
	expect(saved).toEqual([]);
});
