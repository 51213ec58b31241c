/** One page a slot: two would fold, sign and answer twice. The second says 已在别处打开 and takes over when the first goes. */

/** In the address of a page that comes after one that hung (service_worker/worker.ts). */
const AFTER_HANG = "after";

/** Whether this page replaces one that hung and holds the slot still, for it never ends by itself; said once. */
function comesAfterHang({ href }: Location, history: History): boolean {
	const address = new URL(href);
	if (address.searchParams.get(AFTER_HANG) !== "hang") return false;
	address.searchParams.delete(AFTER_HANG);
	history.replaceState(history.state, "", address);
	return true;
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
	if (comesAfterHang(location, history)) {
		await hold(() => {}, { steal: true });
		return;
	}
	if (await hold(() => {}, { ifAvailable: true })) return;
	waiting();
	await hold(() => {}, {});
}
