/** What a terminal draws over its screen for the back office: who looks on, and which device it is. No call is covered. */
import { say, words } from "../../text/words";

const text = words(
	{
		watched: (who: string) => `正在被远程查看${who === "" ? "" : `：${who}`}`,
		end: "结束查看",
	},
	{
		watched: (who: string) => `Being viewed remotely${who === "" ? "" : ` by ${who}`}`,
		end: "End",
	},
);
type Language = "zh" | "en";

const BANNER =
	"position:fixed;top:0;left:calc(var(--panel-width,100vw)/2);transform:translateX(-50%);z-index:2147483647;" +
	"display:flex;align-items:center;gap:12px;max-width:var(--panel-width,100vw);padding:0 0 0 16px;" +
	"border-radius:0 0 10px 10px;background:#7a1fa2;color:#fff;font:700 18px/1.2 sans-serif;pointer-events:none;white-space:nowrap";
const END =
	"min-width:88px;min-height:44px;border:0;border-radius:0 0 10px 0;background:#fff;color:#5b1179;" +
	"font:700 18px/1.2 sans-serif;pointer-events:auto;cursor:pointer";
const NAME =
	"position:fixed;top:0;left:0;width:var(--panel-width,100vw);height:var(--panel-height,100vh);z-index:2147483645;" +
	"display:flex;align-items:center;justify-content:center;text-align:center;pointer-events:none;" +
	"color:#fff;font:800 clamp(28px,9vmin,160px)/1.2 sans-serif;text-shadow:0 0 12px #000,0 0 4px #000;" +
	"border:min(6vmin,48px) solid #ff9800;box-sizing:border-box";
const FLASH_MS = 1_000;

/** Shows who looks on, until the returned function is called. The button ends it. */
export function showWatched(
	page: Document,
	language: Language,
	who: string,
	end: () => void,
): () => void {
	const t = say(language, text);
	const banner = page.createElement("div");
	banner.dataset.testid = "live-view";
	banner.setAttribute("role", "status");
	banner.lang = language === "zh" ? "zh-CN" : "en";
	banner.style.cssText = BANNER;
	const told = page.createElement("span");
	told.textContent = t.watched(who);
	const button = page.createElement("button");
	button.type = "button";
	button.style.cssText = END;
	button.textContent = t.end;
	button.addEventListener("click", end);
	banner.append(told, button);
	page.body.append(banner);
	return () => banner.remove();
}

let taken: (() => void) | null = null;

/** Flashes the edge of the screen and shows its name for so long, ms. */
export function showIdentity(page: Document, name: string, ms: number): void {
	taken?.();
	const cover = page.createElement("div");
	cover.dataset.testid = "identify";
	cover.setAttribute("role", "status");
	cover.style.cssText = NAME;
	cover.textContent = name;
	page.body.append(cover);
	let on = true;
	// Once a second: no faster than what may be looked at by anybody (WCAG 2.3.1).
	const timer = setInterval(() => {
		on = !on;
		cover.style.borderColor = on ? "#ff9800" : "transparent";
	}, FLASH_MS / 2);
	const off = setTimeout(() => taken?.(), ms);
	taken = () => {
		clearInterval(timer);
		clearTimeout(off);
		cover.remove();
		taken = null;
	};
}
