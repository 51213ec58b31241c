/** The back office's page: no terminal, no service worker, nothing kept but language and ward. */
import "../../parts/theme.css";
import { mount } from "svelte";
import Frame from "./Office.svelte";
import { Office } from "./office_state.svelte";

const target = document.getElementById("app");
if (target === null) throw new Error("the page has no #app");
const office = new Office({
	fetch: (url, init) => fetch(url, init),
	now: Date.now,
	memory: localStorage,
	random: () =>
		[...crypto.getRandomValues(new Uint8Array(4))]
			.map((byte) => byte.toString(16).padStart(2, "0"))
			.join(""),
	readHash: () => location.hash,
	writeHash: (hash) => {
		if (location.hash !== hash) location.hash = hash;
	},
});
mount(Frame, { target, props: { office } });
