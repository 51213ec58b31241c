import { describe, expect, it } from "vitest";
import { HubAddresses } from "../../../src/core/links/hub_addresses";

const OWN = "https://one.example";

describe("the addresses of the hubs (MH11)", () => {
	it("are the own origin first, then those that the settings name, each once", () => {
		const hubs = new HubAddresses(OWN);
		expect(hubs.all()).toEqual([OWN]);
		hubs.use(["https://two.example/", OWN, "https://three.example:8443", "https://two.example"]);
		expect(hubs.all()).toEqual([OWN, "https://two.example", "https://three.example:8443"]);
		expect(hubs.sockets()[2]).toBe("wss://three.example:8443/sync");
	});

	it("are kept on the disk when they change, and only then", () => {
		const kept: string[][] = [];
		const hubs = new HubAddresses(OWN);
		hubs.use(["https://two.example"]);
		hubs.keep = (told) => kept.push(told);
		hubs.use(["https://two.example"]);
		hubs.use(["https://three.example"]);
		hubs.use([]);
		expect(kept).toEqual([["https://three.example"], []]);
	});

	it("pass over what is no address a page of this origin could speak to", () => {
		const hubs = new HubAddresses(OWN);
		hubs.use([
			"http://clear.example",
			"nonsense",
			5,
			null,
			"javascript:alert(1)",
			"https://ok.example/x",
		]);
		expect(hubs.all()).toEqual([OWN, "https://ok.example"]);
		hubs.use("https://no.list");
		expect(hubs.all()).toEqual([OWN]);
		const many = Array.from({ length: 50 }, (_, number) => `https://h${number}.example`);
		hubs.use(many);
		expect(hubs.all()).toHaveLength(17);
	});

	it("send requests to the hub that spoke last", () => {
		const hubs = new HubAddresses(OWN);
		hubs.use(["https://two.example"]);
		expect(hubs.current).toBe(OWN);
		hubs.reached("wss://two.example/sync");
		expect(hubs.current).toBe("https://two.example");
		hubs.reached("wss://unknown.example/sync");
		expect(hubs.current).toBe("https://two.example");
		hubs.reached("wss://one.example/sync");
		expect(hubs.current).toBe(OWN);
	});
});
