/** WebCrypto works beside the page's turns: lets turns go by until nothing is being sealed or opened. */
import { rest as turns } from "../fakes/fake_hub";

const pending = new Set<Promise<unknown>>();
const { subtle } = crypto;
for (const name of ["encrypt", "decrypt", "generateKey"] as const) {
	const real = subtle[name].bind(subtle) as (...given: unknown[]) => Promise<unknown>;
	const counted = (...given: unknown[]) => {
		const work = real(...given);
		const over = work.then(
			() => void pending.delete(over),
			() => void pending.delete(over),
		);
		pending.add(over);
		return work;
	};
	Object.defineProperty(subtle, name, { value: counted, configurable: true });
}

export async function rest(): Promise<void> {
	await turns();
	while (pending.size > 0) {
		await Promise.all(pending);
		await turns();
	}
}
