/** Presence as the hub's document shows it: what states say, and since when. */
import { expect, it } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { PresenceView } from "../../src/core/presence_view";

const view = (states: object[]) => {
	const awareness = new Awareness(new Y.Doc());
	awareness.setLocalState(null);
	for (const [index, state] of states.entries()) awareness.states.set(index + 1, state);
	return awareness;
};

it("reads layers 1 to 4, and what is none as with the hub, whose presence it is", () => {
	const presence = new PresenceView();
	presence.joined(1_000);
	const layers = [1, 2, 3, 4, 5, "2", undefined];
	const states = layers.map((layer, index) => ({ terminal: `t${index}`, layer }));
	const read = presence.read(view(states), 2_000);
	expect(layers.map((_layer, index) => read?.terminals[`t${index}`]?.layer)).toEqual([
		1, 2, 3, 4, 1, 1, 1,
	]);
	expect(read?.scope).toBeUndefined();
	presence.lost();
	expect(presence.read(view(states), 3_000)).toBeNull();
});
