/** One page a slot: two would fold, sign and answer twice. The second says 已在别处打开 and takes over when the first goes. */
import { countHang } from "../fleet/hangs";

/** In the address of a page that comes after one that hung, by the service worker, or crashed, by the kiosk. */
const AFTER = "after";

/** What became of the page before this one; said once. */
function comesAfter({ href }: Location, history: History): string | null {
	const address = new URL(href);
	const after = address.searchParams.get(AFTER);
	if (after === null) return null;
	address.searchParams.delete(AFTER);
	history.replaceState(history.state, "", address);
	return after;
}

/** Resolves once this page holds the slot; `waiting` is called first when another page has it. */
export async function holdSlot(slot: string, waiting: () => void): Promise<void> {
	const { locks } = navigator;
	const name = `wardline:${slot}`;
	const forLife = new Promise<void>(() => {});
	const hold = (held: () => void, how: LockOptions): Promise<boolean> =>
		new Promise((resolve, reject) => {
			let mine = false;
			locks
				.request(name, how, (lock) => {
					mine = lock !== null;
					resolve(mine);
					if (lock === null) return undefined;
					held();
					return forLife;
				})
				.catch((error: unknown) => {
					// Another page took this one for hung: it goes on as the second one.
					if (mine) location.reload();
					else reject(error);
				});
		});
	const after = comesAfter(location, history);
	// A page that crashed could not count itself.
	if (after === "crash") void countHang(slot).catch(() => {});
	// One that hung holds the slot still, for it never ends by itself.
	if (after === "hang") {
		await hold(() => {}, { steal: true });
		return;
	}
	if (await hold(() => {}, { ifAvailable: true })) return;
	waiting();
	await hold(() => {}, {});
}
