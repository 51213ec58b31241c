/** A screen that is off, where the device cannot: black over the whole page, or over the simulator's panel. */

export interface ScreenCover {
	setScreen(on: boolean): void;
	screenOn(): boolean;
}

/** Above everything a screen draws. A touch ends at the cover: it lights the screen and presses nothing. */
const STYLE =
	"position:fixed;top:0;left:0;width:var(--panel-width,100vw);height:var(--panel-height,100vh);" +
	"margin:0;border:0;padding:0;background:#000;z-index:2147483646;cursor:none;touch-action:none";

export function screenCover(document: Document): ScreenCover {
	let cover: HTMLElement | null = null;
	return {
		setScreen(on) {
			if (on === (cover === null)) return;
			if (on) {
				cover?.remove();
				cover = null;
				return;
			}
			cover = document.createElement("div");
			cover.dataset.testid = "screen-off";
			cover.style.cssText = STYLE;
			document.body.append(cover);
		},
		screenOn: () => cover === null,
	};
}
