/** A terminal's push from the first moment on: screens look at it before the disk is open and the link is there. */
import { Listeners } from "../links/link";
import { NO_PUSH_STATE, type PushControl, type PushState } from "./types";

export class LatePush implements PushControl {
	private push: PushControl | null = null;
	private state: PushState = NO_PUSH_STATE;
	private readonly runs = new Listeners<[PushState]>();

	/** From now on it is this one. */
	attach(push: PushControl): void {
		this.push = push;
		push.subscribe((state) => {
			this.state = state;
			this.runs.emit(state);
		});
	}

	subscribe(run: (state: PushState) => void): () => void {
		run(this.state);
		return this.runs.add(run);
	}

	allow(): Promise<void> {
		return this.push?.allow() ?? Promise.resolve();
	}

	dismiss(): void {
		this.push?.dismiss();
	}
}
