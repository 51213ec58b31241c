/** One page a slot: two would fold, sign and answer twice. The second says 已在别处打开 and takes over when the first goes. */

/** Resolves once this page holds the slot; `waiting` is called first when another page has it. */
export async function holdSlot(slot: string, waiting: () => void): Promise<void> {
	const { locks } = navigator;
	const name = `wardline:${slot}`;
	const forLife = new Promise<void>(() => {});
	const hold = (held: () => void, how: LockOptions): Promise<boolean> =>
		new Promise((resolve, reject) => {
			locks
				.request(name, how, (lock) => {
					resolve(lock !== null);
					if (lock === null) return undefined;
					held();
					return forLife;
				})
				.catch(reject);
		});
	if (await hold(() => {}, { ifAvailable: true })) return;
	waiting();
	await hold(() => {}, {});
}
