/**
 * Time that only goes on when everything of the moment is done. Each event runs as a task of its own: what it leaves to
 * promises is finished before the next one begins, and belongs to the same page, so that a killed page does no more.
 */

/** Whoever work belongs to: a page, or a hub's process. Work of the dead is not done. */
export interface Owner {
	dead: boolean;
}

interface Event {
	at: number;
	order: number;
	work: (() => void) | null;
	owner: Owner | null;
}

const nextTask = setImmediate;
/** Tasks handed to the loop of the platform at once. */
const BATCH = 256;

export class VirtualTime {
	/** ms since the run began */
	now = 0;
	/** whose work runs now */
	owner: Owner | null = null;
	/** events so far */
	count = 0;
	private readonly heap: Event[] = [];
	private order = 0;

	/** Runs `work` after `ms`, as the present owner's unless told otherwise. */
	schedule(ms: number, work: () => void, owner: Owner | null = this.owner): Event {
		const event = { at: this.now + Math.max(0, ms), order: this.order++, work, owner };
		this.push(event);
		return event;
	}

	cancel(event: Event): void {
		event.work = null;
	}

	/** Runs all that is due until then; rejects with what an event threw. */
	run(until: number): Promise<void> {
		return new Promise((resolve, reject) => {
			let over = false;
			const end = (settle: () => void) => {
				over = true;
				this.owner = null;
				settle();
			};
			const step = () => {
				if (over) return;
				const event = this.due(until);
				if (event === null) {
					this.now = Math.max(this.now, until);
					end(resolve);
					return;
				}
				this.now = event.at;
				this.owner = event.owner;
				this.count += 1;
				try {
					event.work?.();
				} catch (error) {
					end(() => reject(error));
				}
			};
			const batch = () => {
				if (over) return;
				for (let each = 0; each < BATCH; each++) nextTask(step);
				nextTask(batch);
			};
			batch();
		});
	}

	private due(until: number): Event | null {
		for (;;) {
			const first = this.heap[0];
			if (first === undefined || first.at > until) return null;
			this.pop();
			if (first.work !== null && first.owner?.dead !== true) return first;
		}
	}

	private push(event: Event): void {
		const { heap } = this;
		let at = heap.length;
		heap.push(event);
		while (at > 0) {
			const above = (at - 1) >> 1;
			const parent = heap[above] as Event;
			if (!before(event, parent)) break;
			heap[at] = parent;
			at = above;
		}
		heap[at] = event;
	}

	private pop(): void {
		const { heap } = this;
		const last = heap.pop() as Event;
		if (heap.length === 0) return;
		let at = 0;
		for (;;) {
			let below = at * 2 + 1;
			if (below >= heap.length) break;
			const right = heap[below + 1];
			if (right !== undefined && before(right, heap[below] as Event)) below += 1;
			const child = heap[below] as Event;
			if (!before(child, last)) break;
			heap[at] = child;
			at = below;
		}
		heap[at] = last;
	}
}

function before(one: Event, other: Event): boolean {
	return one.at < other.at || (one.at === other.at && one.order < other.order);
}
