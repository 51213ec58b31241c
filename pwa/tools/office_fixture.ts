/**
 * Development page: the back office on a fake hub, `tools/office_fixture.html?role=engineer&lang=en#/groups`.
 * `role` as in RoleName; `out=1` starts signed out; the clock stands at the sample ward's morning.
 */
import { mount } from "svelte";
import Frame from "../src/screens/back_office/Office.svelte";
import { Office } from "../src/screens/back_office/office_state.svelte";
import type { RoleName } from "../src/screens/back_office/types";
import { FakeFleet } from "../tests/screens/back_office/fake_fleet";
import { FakeOffice } from "../tests/screens/back_office/fake_office";
import { NOW } from "../tests/screens/back_office/sample_office";

const query = new URLSearchParams(location.search);
const target = document.getElementById("app");
if (target === null) throw new Error("the page has no #app");
const fake = new FakeOffice((query.get("role") ?? "system_admin") as RoleName);
fake.signedIn = query.get("out") !== "1";
const fleet = new FakeFleet(fake);
const started = Date.now();
const office = new Office({
	fetch: fake.fetch,
	now: () => NOW + Date.now() - started,
	memory: { getItem: () => (query.get("lang") === "en" ? "en" : null), setItem: () => {} },
	random: () => Math.random().toString(16).slice(2, 10),
	readHash: () => location.hash,
	writeHash: (hash) => {
		if (location.hash !== hash) location.hash = hash;
	},
});
Object.assign(window, { office, fake, fleet });
mount(Frame, { target, props: { office } });
