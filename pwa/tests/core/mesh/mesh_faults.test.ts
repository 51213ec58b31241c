/** Whatever has happened to a ward: once cables and hub are back, every planned link lives, and nothing is left over. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WardOfMeshes } from "./ward_of_meshes";

const TERMINALS = ["bed-b01", "bed-b02", "door-r01", "station-main", "station-vice", "pda-01"];

beforeEach(() => {
	vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
	vi.useRealTimers();
});

/** mulberry32 */
function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

function unlinked(ward: WardOfMeshes): string[] {
	const missing: string[] = [];
	for (const [terminal, { mesh }] of ward.pages) {
		const alive = mesh.alive();
		for (const other of mesh.planned()) {
			if (!alive.includes(other)) missing.push(`${terminal} ${other}`);
		}
	}
	return missing;
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
	"random cuts, hub kills and restarts, seed %i",
	async (seed) => {
		const random = seeded(seed);
		const ward = new WardOfMeshes();
		await ward.enrol(...TERMINALS);
		for (const each of TERMINALS) ward.open(each);
		const pick = (): string => TERMINALS[Math.floor(random() * TERMINALS.length)] as string;
		for (let round = 0; round < 30; round++) {
			const [one, other] = [pick(), pick()];
			const what = random();
			if (what < 0.3 && one !== other) ward.network.cut(one, other);
			else if (what < 0.5 && one !== other) ward.network.heal(one, other);
			else if (what < 0.6 && one !== other)
				ward.network.set(one, other, { silent: random() < 0.5 });
			else if (what < 0.7) ward.hubUp = !ward.hubUp;
			else if (what < 0.8) ward.cutFromHub.add(one);
			else if (what < 0.9) ward.cutFromHub.delete(one);
			else {
				ward.kill(one);
				await ward.pass(random() * 3_000, 250);
				ward.open(one);
			}
			ward.tellPresence();
			await ward.pass(random() * 8_000, 250);
		}
		for (const one of TERMINALS) {
			for (const other of TERMINALS) {
				if (one < other) ward.network.set(one, other, { reachable: true, silent: false });
			}
		}
		ward.hubUp = true;
		ward.cutFromHub.clear();
		ward.tellPresence();
		await ward.until(() => unlinked(ward).length === 0, 40_000).catch(() => undefined);
		expect(unlinked(ward)).toEqual([]);
		await ward.pass(40_000, 500);
		expect(unlinked(ward)).toEqual([]);
		const pairs = [...ward.pages.values()].reduce(
			(sum, { mesh }) => sum + mesh.planned().length,
			0,
		);
		expect(ward.network.connections.size).toBe(pairs);
	},
);
