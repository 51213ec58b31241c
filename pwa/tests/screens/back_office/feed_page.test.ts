// @vitest-environment happy-dom
/** 接口消息 (FEED7, FEED27): read, mended, sent again, discarded; and the mapping as tables. */
import { cleanup } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { isPlace, segmentsOf } from "../../../src/screens/back_office/pages/feed/hl7";
import {
	isFaulty,
	mappingOf,
	sectionsOf,
} from "../../../src/screens/back_office/pages/feed/mapping";
import { FakeOffice, Refusal } from "./fake_office";
import { answer, asked, MESSAGE, sampleMessage, withFeed } from "./fake_records";
import { all, fill, find, need, openOffice, press } from "./office_at";
import { NOW } from "./sample_office";

vi.setConfig({ testTimeout: 30_000 });
afterEach(cleanup);

const SHIPPED = {
	utc_offset_minutes: 480,
	wards: { 胸壁外科: "thoracic" },
	kept: { taken_days: 30, refused_days: 90 },
	beds: { bed_prefixes: ["BED ", "床"], bed_suffixes: ["床"], room_suffixes: [] },
	values: { care_level: { "0": "special", 一级: "first" }, diet: { NONE: "" } },
	diagnosis: { private_words: ["癌"], hidden_surgery: "手术" },
};
function withMapping(fake: FakeOffice): void {
	answer(fake, "GET feed/mapping", () => ({
		version: 2,
		mapping: { ...SHIPPED, wards: { 胸壁外科: "thoracic", XBWK: "thoracic" } },
		shipped: SHIPPED,
		versions: [
			{ id: 1, at: NOW - 1000, staff: "me-system_admin" },
			{ id: 2, at: NOW, staff: "me-system_admin" },
		],
	}));
	answer(fake, "POST feed/mapping", () => ({ version: 3 }));
}

it("lists what was not taken, reads it only when opened, and shows the place", async () => {
	const fake = new FakeOffice();
	withFeed(fake, [sampleMessage(1), sampleMessage(2, { state: "discarded" })]);
	await openOffice(fake, "feed");
	expect(all("feed-row").map((one) => one.dataset.id)).toEqual(["1"]);
	expect(asked(fake, "GET feed/messages").at(-1)?.query.get("state")).toBe("refused");
	expect(document.body.textContent).toContain("记入审计");
	expect(asked(fake, "GET feed/messages/1")).toHaveLength(0);
	await press("feed-open");
	expect((need("feed-text") as HTMLTextAreaElement).value).toBe(MESSAGE);
	expect(need("feed-where").textContent).toContain("NOWARD^712^1");
	expect(need("feed-message").textContent).toContain("本次查看已记入审计");
	need("feed-where").querySelector("button")?.click();
	const area = need("feed-text") as HTMLTextAreaElement;
	expect(MESSAGE.slice(area.selectionStart, area.selectionEnd)).toBe("NOWARD^712^1");
	await press("feed-close");
	await fill("feed-state", "");
	expect(all("feed-row")).toHaveLength(2);
});

it("sends again as it came, then as mended, and says what became of it", async () => {
	const fake = new FakeOffice();
	withFeed(fake, [sampleMessage(1)]);
	await openOffice(fake, "feed");
	await press("feed-open");
	await press("feed-replay");
	expect(asked(fake, "POST feed/messages/1/replay")[0]?.body).toEqual({ text: null });
	expect(need("feed-result").textContent).toContain("仍未收下：PV1-3");
	await fill("feed-text", MESSAGE.replace("NOWARD", "THORACIC"));
	// closing loses what was typed: asked first
	await press("feed-close");
	await press("confirm-no");
	expect(need("feed-replay").textContent).toContain("修改后");
	await press("feed-replay");
	expect(need("feed-result").textContent).toContain("已收下");
	expect(need("feed-message-state").textContent).toContain("已重发");
	expect(find("feed-replay")).toBeNull();
	await press("feed-close");
	expect(find("feed-message")).toBeNull();
	expect(all("feed-row")).toHaveLength(0);
});

it("discards with a reason; says when somebody was faster; leaves reading to those who may", async () => {
	const fake = new FakeOffice();
	const message = sampleMessage(1);
	withFeed(fake, [message]);
	await openOffice(fake, "feed");
	await press("feed-open");
	message.state = "replayed";
	await press("feed-replay");
	expect(need("feed-result").textContent).toContain("已被他人处理");
	message.state = "refused";
	await press("feed-discard");
	expect((need("confirm-yes") as HTMLButtonElement).disabled).toBe(true);
	await fill("reason", "测试消息");
	const form = need("feed-discard-form").querySelector("form");
	form?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
	await vi.waitFor(() => expect(find("feed-message")).toBeNull());
	expect(asked(fake, "POST feed/messages/1/discard")[0]?.body).toEqual({ reason: "测试消息" });
	cleanup();
	const reader = new FakeOffice();
	reader.me.permissions = ["feed.read"];
	withFeed(reader, [sampleMessage(1)]);
	await openOffice(reader, "feed");
	expect(all("feed-row")).toHaveLength(1);
	expect(find("feed-open")).toBeNull();
});

it("edits the mapping in tables, checks it, and saves what is meant", async () => {
	const fake = new FakeOffice();
	withMapping(fake);
	const { office } = await openOffice(fake, "feed/mapping");
	expect(office.unsaved).toBe(false);
	expect(all("mapping-section").map((one) => one.dataset.id)).toEqual(["wards"]);
	await press("mapping-add");
	await press("save");
	expect(asked(fake, "POST feed/mapping")).toHaveLength(0);
	const words = all("mapping-word");
	await fill(words.at(-1) as HTMLElement, " xbwk ");
	expect(find("problem")?.textContent).toContain("重复");
	await fill(words.at(-1) as HTMLElement, "胸外");
	expect(office.unsaved).toBe(true);
	await press('[data-testid="mapping-part"][data-id="beds"]');
	await fill(all("mapping-list")[0] as HTMLElement, "BED \n床\nB-\n\n");
	await press("save");
	expect(asked(fake, "POST feed/mapping")[0]?.body).toEqual({
		version: 2,
		mapping: {
			...SHIPPED,
			wards: { 胸壁外科: "thoracic", XBWK: "thoracic", 胸外: "thoracic" },
			beds: { ...SHIPPED.beds, bed_prefixes: ["BED ", "床", "B-"] },
		},
	});
});

it("restores versions, says when somebody was faster, and is read only for those of a ward", async () => {
	const fake = new FakeOffice();
	withMapping(fake);
	await openOffice(fake, "feed/mapping");
	await press("mapping-restore");
	await press("confirm-yes");
	expect(asked(fake, "POST feed/mapping")[0]?.body).toEqual({ version: 2, restore: 1 });
	await press("mapping-restore-shipped");
	await press("confirm-yes");
	expect(asked(fake, "POST feed/mapping")[1]?.body).toEqual({ version: 2, mapping: null });
	await press("mapping-reset");
	answer(fake, "POST feed/mapping", () => {
		throw new Refusal("changed_meanwhile", 409);
	});
	await press("save");
	expect(find("mapping-moved")).not.toBeNull();
	answer(fake, "POST feed/mapping", () => {
		const problem = { index: 0, field: "mapping", message: "expected wards", message_zh: "无效" };
		throw new Refusal("invalid", 422, [problem]);
	});
	await press("save");
	expect(need("problem").textContent).toContain("expected wards");
	cleanup();
	const engineer = new FakeOffice("engineer");
	withMapping(engineer);
	await openOffice(engineer, "feed/mapping");
	expect((all("mapping-word")[0] as HTMLInputElement).readOnly).toBe(true);
	expect(find("mapping-add")).toBeNull();
	expect(find("mapping-restore")).toBeNull();
});

it("takes messages and mappings apart and puts them together again", () => {
	const [msh, , pv1] = segmentsOf(MESSAGE);
	expect(msh?.fields.find((one) => one.number === 9)?.text).toBe("ADT^A01");
	expect(pv1?.fields.map((one) => one.number)).toEqual([1, 2, 3]);
	const two = segmentsOf("OBX|1|ST|DIET||x\nOBX|2|ST|CARE_LEVEL||9\nZZZ");
	const fault = { where: "OBX-5", reason: "OBX-5 of CARE_LEVEL: expected one of 0" };
	expect(two.map((one) => isPlace(fault, one, 5))).toEqual([false, true, false]);
	expect(two.map((one) => isPlace({ where: "ZZZ", reason: "" }, one, null))).toEqual([
		false,
		false,
		true,
	]);
	expect(segmentsOf("")).toEqual([]);
	const sections = sectionsOf(SHIPPED);
	expect(mappingOf(sections)).toEqual(SHIPPED);
	expect(isFaulty({ path: "utc_offset_minutes", kind: "number", text: "8h" })).toBe(true);
});
