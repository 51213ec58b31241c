/** Beats each second. A worker of its own, because the timers of a page in the background are slowed to a minute. */
setInterval(() => postMessage("tick"), 1_000);

export {};
