import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type * as Y from "yjs";
import type { CallRow } from "../../src/core/calls/types";
import { valuesOf } from "../../src/core/documents/values";
import type { DocumentView } from "../../src/core/terminal_types";
import { rest } from "./fakes/fake_hub";
import {
	connectMachine,
	eventually,
	FakeWard,
	type Machine,
	openMachine,
	ROOM_CALLS,
	settle,
} from "./fakes/fake_ward";

let ward: FakeWard;
let disks: Map<string, IDBFactory>;
const disk = (slot: string) => {
	const kept = disks.get(slot) ?? new IDBFactory();
	disks.set(slot, kept);
	return kept;
};
const connected = (slot: string) => connectMachine(ward, slot, disk(slot));
const opened = (slot: string) => openMachine(ward, slot, disk(slot));
const nameIn = (doc: Y.Doc | undefined) => doc && valuesOf(doc, "card").name;
const progress = (machine: Machine) => machine.state().ownPresses.map((press) => press.progress);
const row = (machine: Machine) => machine.state().board.rows[0] as CallRow;

beforeEach(() => {
	ward = new FakeWard();
	disks = new Map();
});

describe("a press", () => {
	it("goes from pressed to kept to stored to received to taken, never ahead of a receipt", async () => {
		const bed = await connected("bed-b01");
		const station = await connected("station-main");
		const answer = ward.hub.stateless;
		ward.hub.stateless = () => [];
		await bed.terminal.press("patient", { purpose: "water" });
		await eventually(ward, () => {
			expect(progress(bed)).toEqual(["kept"]);
		});
		ward.hub.stateless = answer;
		for (let beat = 0; beat < 50 && progress(bed)[0] !== "received"; beat++) await bed.beat();
		const seen = bed.states.flatMap((state) => state.ownPresses.map((press) => press.progress));
		expect([...new Set(seen)]).toEqual(["pressed", "kept", "stored", "received"]);
		expect(row(station)).toMatchObject({ bed: "b01", purpose: "water", count: 1, ringing: true });
		expect(station.sounder.tone).toBe("low");
		await station.terminal.act("acknowledged", row(station));
		await eventually(ward, () => {
			expect(progress(bed)).toEqual(["taken"]);
			expect(station.sounder.tone).toBeNull();
		});
		await station.terminal.act("cleared", row(station));
		await eventually(ward, () => {
			expect(bed.state()).toMatchObject({ ownPresses: [], unsent: 0 });
			expect(bed.state().board.rows).toEqual([]);
		});
	});

	it("made alone is kept, sounds at the bed, and arrives with its own time after a new start", async () => {
		await connected("bed-b01");
		const alone = await opened("bed-b01");
		const before = ward.hub.now;
		await alone.terminal.press("patient");
		await eventually(ward, () => {
			expect(alone.state()).toMatchObject({ layer: 4, unsent: 1, phase: "ready", clock: "own" });
			expect(progress(alone)).toEqual(["kept"]);
			expect(alone.sounder.tone).toBe("low");
		});
		const again = await opened("bed-b01");
		expect(progress(again)).toEqual(["kept"]);
		await again.beat();
		ward.hub.connect(again.link);
		await settle(ward);
		await again.beat();
		expect(progress(again)).toEqual(["stored"]);
		expect(again.state().unsent).toBe(0);
		expect(ward.facts).toBe(1);
		expect(row(again).at).toBeLessThan(before + 1_000);
	});

	it("that a hub leaves unanswered sounds at the bed within a second (A3)", async () => {
		const bed = await connected("bed-b01");
		const answer = ward.hub.stateless;
		ward.hub.stateless = () => [];
		await bed.terminal.press("patient");
		await eventually(ward, () => {
			expect(bed.state().ownPresses).toMatchObject([{ progress: "kept", undelivered: false }]);
		});
		ward.hub.now += 800;
		await vi.waitFor(
			() => {
				expect(bed.state().ownPresses).toMatchObject([{ progress: "kept", undelivered: true }]);
				expect(bed.state().layer).toBe(1);
				expect(bed.sounder.tone).toBe("low");
			},
			{ timeout: 1_000 },
		);
		ward.hub.stateless = answer;
		for (let beat = 0; beat < 5; beat++) await bed.beat();
		expect(bed.state().ownPresses).toMatchObject([{ progress: "stored", undelivered: false }]);
		expect(bed.sounder.tone).toBeNull();
	});

	it("is one call for a key that repeats", async () => {
		const bed = await connected("bed-b01");
		for (let repeat = 0; repeat < 5; repeat++) bed.shell.key("call");
		await eventually(ward, () => {
			expect(row(bed).count).toBe(1);
			expect(ward.facts).toBe(1);
		});
	});

	it("says so when the disk does not keep it, and is sent all the same", async () => {
		const bed = await connected("bed-b01");
		vi.spyOn(console, "error").mockImplementation(() => {});
		ward.hub.cut(bed.link);
		bed.store.close();
		await bed.terminal.press("patient");
		await eventually(ward, () => {
			expect(progress(bed)).toEqual(["failed"]);
			expect(bed.state().storage).toBe("failing");
		});
		ward.hub.connect(bed.link);
		await settle(ward);
		await bed.beat();
		expect(progress(bed)).toEqual(["stored"]);
	});

	it("that the hub refuses is shown with its reason and counts no more", async () => {
		const bed = await connected("bed-b01");
		ward.judge = () => "revoked";
		await bed.terminal.press("patient");
		await eventually(ward, () => {
			expect(bed.state()).toMatchObject({ unsent: 0, refused: [{ reason: "revoked" }] });
			expect(bed.state().ownPresses).toMatchObject([{ refused: "revoked" }]);
			expect(bed.state().board.rows).toEqual([]);
		});
	});

	it("waits while the hub's disk is full and goes out when it is not", async () => {
		const bed = await connected("bed-b01");
		ward.storageFull = true;
		await bed.terminal.press("patient");
		await eventually(ward, () => {
			expect(bed.state()).toMatchObject({ hubStorage: "full", unsent: 1 });
		});
		ward.storageFull = false;
		// its back-off grows to half a minute
		for (let beat = 0; beat < 40 && bed.state().unsent > 0; beat++) await bed.beat();
		expect(bed.state()).toMatchObject({ hubStorage: "ok", unsent: 0 });
	});

	it("is sent again until it is answered, and is one fact at the hub", async () => {
		const bed = await connected("bed-b01");
		const answer = ward.hub.stateless;
		ward.hub.stateless = () => [];
		await bed.terminal.press("patient");
		await settle(ward);
		ward.hub.stateless = answer;
		for (let beat = 0; beat < 20 && bed.state().unsent > 0; beat++) await bed.beat();
		expect(ward.facts).toBe(1);
		expect(progress(bed)).toEqual(["stored"]);
	});
});

describe("a door", () => {
	it("holds one bathroom call while the cord is pulled; a fault of the line cancels nothing", async () => {
		const door = await connected("door-r01");
		door.shell.input("bathroom", "closed");
		door.shell.input("bathroom", "closed");
		await eventually(ward, () => {
			expect(row(door)).toMatchObject({ type: "bathroom", source: "bathroom:r01", count: 1 });
			expect(door.sounder.tone).toBe("medium");
		});
		door.shell.input("bathroom", "fault");
		await eventually(ward, () => {
			expect(door.state().board.rows).toHaveLength(1);
		});
		const station = await connected("station-main");
		await door.beat();
		const inputs = station.state().presence?.terminals["door-r01"]?.inputs;
		expect(inputs ?? { bathroom: "open" }).toEqual({ bathroom: "open" });
		door.shell.input("bathroom", "open");
		await eventually(ward, () => {
			expect(door.state().board.rows).toEqual([]);
		});
	});
});

describe("a station", () => {
	it("reports no receipt while its sound is blocked", async () => {
		const station = await connected("station-main");
		station.sounder.blocked = true;
		const bed = await connected("bed-b01");
		await bed.terminal.press("patient");
		await eventually(ward, () => {
			expect(progress(bed)).toEqual(["stored"]);
			expect(station.state().sound).toBe("blocked");
		});
		await station.terminal.unlockSound();
		await eventually(ward, () => {
			expect(progress(bed)).toEqual(["received"]);
		});
	});

	it("lowers routine calls when muted, never an urgent one", async () => {
		const station = await connected("station-main");
		station.terminal.setMuted(true);
		const bed = await connected("bed-b01");
		await bed.terminal.press("patient");
		await eventually(ward, () => {
			expect(station.sounder).toMatchObject({ tone: "low", muted: true });
			expect(progress(bed)).toEqual(["received"]);
		});
		const door = await connected("door-r01");
		door.shell.input("bathroom", "closed");
		await eventually(ward, () => {
			expect(station.sounder).toMatchObject({ tone: "medium", muted: false });
			expect(station.state().sound).toBe("muted");
		});
	});

	it("sees who is connected and who has gone", async () => {
		const station = await connected("station-main");
		const bed = await connected("bed-b01");
		await eventually(ward, () => {
			expect(station.state().presence?.terminals["bed-b01"]?.connected).toBe(true);
		});
		ward.hub.cut(bed.link);
		await settle(ward);
		ward.hub.cut(station.link);
		await eventually(ward, () => {
			expect(station.state().presence).toBeNull();
		});
	});
});

describe("a bedside", () => {
	it("forgets the patient who left, on its disk too", async () => {
		const bed = await connected("bed-b01");
		const views: DocumentView[] = [];
		bed.terminal.document("stay/s1/card").subscribe((view) => views.push(view));
		await eventually(ward, () => {
			expect(nameIn(views.at(-1)?.doc)).toBe("张三");
		});
		ward.fill("ward/thoracic/bed/b01/directory", { self: { stay: "s2" } });
		await settle(ward);
		expect(await bed.store.documents()).not.toContain("stay/s1/card");
		expect(await bed.store.documents()).toContain("stay/s2/card");
	});

	it("asks about the calls it knows as open when it joins", async () => {
		const bed = await connected("bed-b01");
		await bed.terminal.press("patient");
		await eventually(ward, () => expect(progress(bed)).toEqual(["stored"]));
		ward.hub.cut(bed.link);
		ward.hub.heard.length = 0;
		ward.hub.connect(bed.link);
		await settle(ward);
		const asked = ward.hub.heard.filter(
			(each) => each.type === "stateless" && each.address === ROOM_CALLS,
		);
		expect(asked).toMatchObject([{ payload: expect.stringContaining('"t":"open"') }]);
	});
});

describe("a slot", () => {
	it("enrols with the code of its address and is itself again after a start", async () => {
		const bed = await connected("bed-b01");
		expect(bed.state()).toMatchObject({
			phase: "ready",
			self: { terminal: "bed-b01", bed: "b01" },
		});
		ward.online = false;
		const again = await opened("bed-b01");
		await again.beat();
		expect(again.state()).toMatchObject({ phase: "ready", problem: null, layer: 4 });
	});

	it("shows no patient of its disk before the hub had its time to say who left (A21)", async () => {
		const station = await connected("station-main");
		const card = (machine: typeof station) => {
			const views: DocumentView[] = [];
			machine.terminal.document("stay/s1/card").subscribe((view) => views.push(view));
			return () => nameIn(views.at(-1)?.doc);
		};
		const nameThen = card(station);
		await eventually(ward, () => expect(nameThen()).toBe("张三"));
		ward.online = false;
		const again = await opened("station-main");
		const nameNow = card(again);
		for (let beat = 0; beat < 3; beat++) {
			await again.beat();
			expect(nameNow()).toBeUndefined();
		}
		for (let beat = 0; beat < 3; beat++) await again.beat();
		expect(nameNow()).toBe("张三");
	});

	it("keeps nothing of patients once its key was taken away, neither shown nor on its disk", async () => {
		const station = await connected("station-main");
		const views: DocumentView[] = [];
		station.terminal.document("stay/s1/card").subscribe((view) => views.push(view));
		const name = () => nameIn(views.at(-1)?.doc);
		await eventually(ward, () => expect(name()).toBe("张三"));
		expect(await station.store.documents()).toContain("stay/s1/card");
		ward.hub.cut(station.link, 4403);
		await eventually(ward, () => {
			expect(station.state().phase).toBe("revoked");
			expect(name()).toBeUndefined();
		});
		await settle(ward);
		const left = await station.store.documents();
		expect(left.filter((each) => each.startsWith("stay/") || each.endsWith("/beds"))).toEqual([]);
		expect(left).toContain("ward/thoracic/settings");
	});

	it("knows after a start without the hub when it last heard it (A20)", async () => {
		const bed = await connected("bed-b01");
		for (let beat = 0; beat < 20; beat++) await bed.beat();
		const heard = bed.state().lastHeardAt ?? 0;
		ward.online = false;
		ward.hub.now += 600_000;
		const again = await opened("bed-b01");
		const ages: (number | null)[] = [];
		again.terminal
			.document("ward/thoracic/settings")
			.subscribe(({ keptAt }) => ages.push(keptAt))();
		const never: (number | null)[] = [];
		again.terminal
			.document("ward/thoracic/memos/2026-11")
			.subscribe(({ keptAt }) => never.push(keptAt))();
		expect(ages[0]).toBeGreaterThan(heard - 18_000);
		expect(ages[0]).toBeLessThanOrEqual(heard);
		expect(never).toEqual([null]);
		const told = again.states.filter((state) => state.phase === "ready");
		expect(told.length).toBeGreaterThan(0);
		for (const { lastHeardAt } of told) {
			expect(lastHeardAt).toBeLessThanOrEqual(heard);
			expect(lastHeardAt).toBeGreaterThan(heard - 18_000);
		}
	});

	it("says that it is not enrolled, and a press says so too", async () => {
		const bed = await openMachine(ward, "bed-b01", disk("bed-b01"), { code: null });
		await bed.terminal.press("patient");
		await eventually(ward, () => {
			expect(bed.state().phase).toBe("unenrolled");
			expect(bed.state().ownPresses).toMatchObject([{ progress: "failed", refused: "unenrolled" }]);
			expect(bed.sounder.tone).toBe("low");
		});
	});

	it("that another page holds says so until that page goes", async () => {
		let go = () => {};
		const bed = await openMachine(ward, "bed-b01", disk("bed-b01"), {
			hold: (waiting) => {
				waiting();
				return new Promise((resolve) => {
					go = resolve;
				});
			},
		});
		expect(bed.state().phase).toBe("elsewhere");
		go();
		await settle(ward);
		await bed.beat();
		expect(bed.state().phase).toBe("ready");
	});

	it("that the hub asks to come anew asks where it hangs now, and is never out of service", async () => {
		const bed = await connected("bed-b01");
		const asked = ward.tokens;
		ward.hub.cut(bed.link, 4205);
		await bed.beat();
		await bed.beat();
		await eventually(ward, () => expect(ward.tokens).toBeGreaterThan(asked));
		expect(bed.states.map((state) => state.phase)).not.toContain("revoked");
	});

	it("that the hub cuts off asks whether it is revoked or was given another place", async () => {
		const bed = await connected("bed-b01");
		ward.hub.cut(bed.link, 4403);
		await eventually(ward, () => expect(bed.state().phase).toBe("revoked"));
		await bed.beat();
		await bed.beat();
		await eventually(ward, () => expect(bed.state().phase).toBe("ready"));
		ward.hub.connect(bed.link);
		await settle(ward);
		ward.revoked = true;
		ward.hub.cut(bed.link, 4403);
		for (let beat = 0; beat < 3; beat++) await bed.beat();
		await eventually(ward, () => {
			expect(bed.state()).toMatchObject({ phase: "revoked", problem: "terminal_unknown" });
		});
	});
});

describe("a PDA", () => {
	it("opens patient documents to a signed-in nurse and locks them after her", async () => {
		const pda = await connected("pda-01");
		const views: DocumentView[] = [];
		pda.terminal.document("stay/s1/card").subscribe((view) => views.push(view));
		await eventually(ward, () => {
			expect(pda.state().layer).toBe(1);
			expect(views.at(-1)?.loaded).toBe(false);
		});
		await pda.terminal.signIn("1001", "guess");
		await eventually(ward, () => {
			expect(pda.state()).toMatchObject({ session: null, problem: "sign_in_refused" });
		});
		await pda.terminal.signIn("1001", "secret");
		await eventually(ward, () => {
			expect(pda.state()).toMatchObject({ session: { staff: "n01" }, problem: null });
			expect(nameIn(views.at(-1)?.doc)).toBe("张三");
		});
		await settle(ward);
		const kept = await pda.store.updates("sealed/1001/stay/s1/card");
		expect(kept.length).toBeGreaterThan(0);
		expect(Buffer.concat(kept.map((each) => each.update)).includes("张三")).toBe(false);
		await pda.terminal.signOut();
		await eventually(ward, () => {
			expect(nameIn(views.at(-1)?.doc)).toBeUndefined();
		});
		await pda.terminal.press("code", { room: "r01" });
		await eventually(ward, () => {
			expect(row(pda)).toMatchObject({ type: "code", room: "r01" });
		});
	});
});

it("a refresh follows at most once a frame", async () => {
	const bed = await connected("bed-b01");
	const before = bed.states.length;
	for (let each = 0; each < 50; each++) {
		ward.fill("ward/thoracic/bed/b01/directory", { ward: { name: `n${each}` } });
	}
	await rest();
	expect(bed.states.length - before).toBeLessThan(4);
});
