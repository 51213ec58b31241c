// @vitest-environment happy-dom
/** Signing in by PIN, badge and password as hands do it; each refusal has words of its own. */

import { cleanup, render } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { TerminalKind } from "../../../src/core/calls/types";
import { fillValues } from "../../../src/core/documents/values";
import type { SignInProblem, StaffState } from "../../../src/core/identity/staff_door";
import { fakeTerminal } from "../../../src/fixture/terminal";
import { NOW } from "../../../src/fixture/ward";
import SignIn from "../../../src/parts/ward/SignIn.svelte";
import StaffBar from "../../../src/parts/ward/StaffBar.svelte";
import { problemText } from "../../../src/parts/ward/sign_in_words";
import { isVouched } from "../../../src/parts/ward/staff_of";
import CertificateLine from "../../../src/screens/station/CertificateLine.svelte";

const OUT: StaffState = {
	phase: "out",
	name: null,
	number: null,
	expiresAt: null,
	short: false,
	proof: false,
	pin: false,
	passwordDue: false,
	busy: false,
	problem: null,
};
const session = { staff: "n01", name: "刘静怡", role: "nurse", expiresAt: NOW + 120_000 };
const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);

async function settle(): Promise<void> {
	for (let turn = 0; turn < 8; turn += 1) await tick();
}

function made(kind: TerminalKind, staff: Partial<StaffState> = {}) {
	const state: StaffState = { ...OUT, ...staff };
	const door = {
		staffState: {
			subscribe: (run: (value: StaffState) => void) => {
				run(state);
				return () => {};
			},
		},
		signInByPin: vi.fn(async () => {}),
		signInByBadge: vi.fn(async () => {}),
		lock: vi.fn(),
		touched: vi.fn(),
		changePassword: vi.fn(async () => {}),
	};
	const terminal = fakeTerminal(
		{ kind, terminal: `${kind}-1` },
		{ session: state.phase === "in" ? session : null },
	);
	return { door, terminal: Object.assign(terminal, { staffDoor: door }) };
}

async function show(kind: TerminalKind, staff: Partial<StaffState> = {}) {
	const all = made(kind, staff);
	render(SignIn, { terminal: all.terminal });
	await settle();
	return all;
}

async function type(id: string, value: string): Promise<void> {
	const field = find(id) as HTMLInputElement;
	field.value = value;
	field.dispatchEvent(new Event("input", { bubbles: true }));
	await settle();
}

async function digits(pin: string): Promise<void> {
	for (const digit of pin) {
		document.querySelector<HTMLElement>(`[data-digit="${digit}"]`)?.click();
		await settle();
	}
}

afterEach(cleanup);

describe("signing in", () => {
	it("at the whiteboard takes number and six digits, by touch", async () => {
		const { door } = await show("whiteboard");
		expect(find("badge-hint")?.textContent).toBe("或刷工牌");
		await digits("274951");
		expect(door.signInByPin).not.toHaveBeenCalled();
		await type("staff-number", " 1001 ");
		await digits("274951");
		expect(door.signInByPin).toHaveBeenCalledExactlyOnceWith("1001", "274951");
		expect(document.body.textContent).not.toContain("274951");
	});

	it("takes the digits of a keyboard too, and takes one back", async () => {
		const { door } = await show("whiteboard");
		await type("staff-number", "1001");
		const pad = find("pin-pad");
		for (const key of ["2", "7", "x", "8", "Backspace", "4", "9", "5", "1"]) {
			pad?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
			await settle();
		}
		expect(door.signInByPin).toHaveBeenCalledExactlyOnceWith("1001", "274951");
	});

	it("at the station asks for the password first, the PIN is a touch away", async () => {
		const { door } = await show("station");
		expect(find("staff-password")).not.toBeNull();
		find("by-pin")?.click();
		await settle();
		await type("staff-number", "1001");
		await digits("274951");
		expect(door.signInByPin).toHaveBeenCalledOnce();
	});

	it("a locked PDA names its nurse, opens by PIN, and lets another in", async () => {
		const { door } = await show("pda", {
			phase: "locked",
			name: "刘静怡",
			number: "1001",
			pin: true,
		});
		expect(document.body.textContent).toContain("刘静怡 的手持终端已锁定");
		expect(find("staff-number")).toBeNull();
		await digits("274951");
		expect(door.signInByPin).toHaveBeenCalledWith("", "274951");
		expect(find("sign-out")?.textContent).toBe("换人登录");
		cleanup();
		await show("pda", { phase: "locked", name: "刘静怡", number: "1001" });
		expect(find("staff-password")).not.toBeNull();
	});

	it("asks for proof when the hub is back, saying why", async () => {
		const { terminal } = await show("pda", { phase: "in", number: "1001", proof: true, pin: true });
		expect(find("proof")?.textContent).toContain("连接已恢复，请验证身份以发送");
		expect(find("pin-pad")).not.toBeNull();
		cleanup();
		const onProof = vi.fn();
		render(StaffBar, { terminal, onProof });
		find("proof-line")?.click();
		expect(onProof).toHaveBeenCalledOnce();
	});

	it("shows until when a shared screen has it", async () => {
		const end = { phase: "in", short: true, name: "刘静怡", expiresAt: NOW + 95_000 } as const;
		await show("whiteboard", end);
		expect(find("session-end")?.textContent).toBe("还剩 1:35");
		cleanup();
		const { terminal } = made("whiteboard", end);
		render(StaffBar, { terminal });
		expect(find("staff-line")?.textContent).toBe("刘静怡 · 1:35 后自动退出");
	});

	it("asks for a new password when it is due", async () => {
		const { door } = await show("station", { phase: "in", passwordDue: true });
		const form = find("change-password") as HTMLFormElement;
		const fields = [...form.querySelectorAll("input")];
		const fill = async (...values: string[]) => {
			for (const [index, value] of values.entries()) {
				const field = fields[index] as HTMLInputElement;
				field.value = value;
				field.dispatchEvent(new Event("input", { bubbles: true }));
			}
			await settle();
			form.dispatchEvent(new SubmitEvent("submit", { bubbles: true, cancelable: true }));
			await settle();
		};
		await fill("old", "New-2026", "New-2027");
		expect(door.changePassword).not.toHaveBeenCalled();
		expect(form.textContent).toContain("不一致");
		await fill("old", "New-2026", "New-2026");
		expect(door.changePassword).toHaveBeenCalledExactlyOnceWith("old", "New-2026");
	});
});

describe("why it failed", () => {
	const text = (code: string, until: number | null = null, left: number | null = null): string =>
		problemText({ code, until, left } satisfies SignInProblem, "zh");

	it("has words of its own for each reason", () => {
		const texts = [
			text("sign_in_refused"),
			text("pin_refused"),
			text("pin_wrong", null, 3),
			text("pin_gone"),
			text("sign_in_locked"),
			text("sign_in_locked", NOW),
			text("too_many_tries", NOW),
			text("sign_in_elsewhere"),
			text("unreachable"),
			text("password_first"),
			text("pin_first"),
			text("password_due"),
			text("storage"),
			text("starting"),
			text("something"),
		];
		expect(new Set(texts).size).toBe(texts.length);
		expect(text("pin_wrong", null, 3)).toContain("3");
		expect(text("sign_in_locked", NOW)).toMatch(/锁定至 \d\d:\d\d/);
	});

	it("is shown beside the form", async () => {
		await show("station", { problem: { code: "sign_in_locked", until: null, left: null } });
		expect(find("sign-in-problem")?.textContent).toContain("PIN 已锁定");
	});
});

describe("a badge scanner", () => {
	const scan = (target: EventTarget, text: string) => {
		for (const key of [...text, "Enter"]) {
			target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
		}
	};

	it("signs in at a shared screen, not on a PDA, and never out of a field someone types in", async () => {
		const board = made("whiteboard");
		render(StaffBar, { terminal: board.terminal });
		await settle();
		scan(document.body, "BADGE-0017");
		expect(board.door.signInByBadge).toHaveBeenCalledExactlyOnceWith("BADGE-0017");
		const field = document.body.appendChild(document.createElement("textarea"));
		scan(field, "BADGE-0018");
		field.remove();
		expect(board.door.signInByBadge).toHaveBeenCalledOnce();
		expect(board.door.touched).toHaveBeenCalled();
		cleanup();
		const wrong = made("station", { problem: { code: "pin_refused", until: null, left: null } });
		render(StaffBar, { terminal: wrong.terminal });
		await settle();
		expect(find("badge-problem")).toBeNull();
		scan(document.body, "BADGE-0019");
		await settle();
		expect(find("badge-problem")?.textContent).toContain("工牌不正确");
		cleanup();
		const pda = made("pda");
		render(StaffBar, { terminal: pda.terminal });
		await settle();
		scan(document.body, "BADGE-0017");
		expect(pda.door.signInByBadge).not.toHaveBeenCalled();
	});
});

describe("what is written at a shared screen", () => {
	it("is vouched for by a session that lasts a while yet, with the hub there", () => {
		const staff = { ...OUT, phase: "in", expiresAt: NOW + 60_000 } as const;
		expect(isVouched(staff, 1, NOW)).toBe(true);
		expect(isVouched(staff, 2, NOW)).toBe(false);
		expect(isVouched(staff, 1, NOW + 55_000)).toBe(false);
		expect(isVouched({ ...staff, proof: true }, 1, NOW)).toBe(false);
	});
});

it("a certificate that ends soon stands at the station", async () => {
	const { terminal } = made("station");
	render(CertificateLine, { terminal });
	expect(find("certificate")).toBeNull();
	await terminal.edit("hospital/settings", (doc) => {
		fillValues(doc, "hub", { certificate_days: 12 });
	});
	await settle();
	expect(find("certificate")?.textContent).toContain("12 天");
});
