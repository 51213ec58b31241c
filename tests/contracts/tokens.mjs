// Tokens at /sync, shown with the unmodified @hocuspocus/provider: refused, renewed, ended, replaced.
import { check, map, open, run, sleep, socket, until } from "./clients.mjs";

let number = 0;
const fresh = () => `token-${++number}`;
const synced = (...providers) => until("synced", () => providers.every((one) => one.isSynced));
const saved = (...providers) =>
  until("unsyncedChanges 0", () => providers.every((one) => one.unsyncedChanges === 0));

await run({
  "a bad token and a forbidden document are refused and cost nobody else": async () => {
    const shared = socket();
    const good = open(shared, fresh());
    const bad = open(shared, fresh(), { token: "wrong" });
    const forbidden = open(shared, "forbidden-42");
    await until("refused", () => bad.denied.length === 1 && forbidden.denied.length === 1);
    check("same words", bad.denied[0] === forbidden.denied[0]);
    await synced(good);
    map(good).set("k", 1);
    await saved(good);
    check("not synced", !bad.isSynced && !forbidden.isSynced);
  },
  "a refused document opens with a better token": async () => {
    const name = fresh();
    let value = "wrong";
    const one = open(socket(), name, { token: () => value });
    await until("refused", () => one.denied.length === 1);
    value = "secret";
    await one.sendToken();
    one.startSync();
    await synced(one);
  },
  "a token that ends is asked for again, and the new one goes on": async () => {
    let given = 0;
    const ends = [1_400, 60_000].map((ms) => `secret@${Date.now() + ms}`);
    const one = open(socket(), fresh(), { token: () => ends[Math.min(given++, 1)] });
    await synced(one);
    await until("asked again", () => given === 2, 3000);
    await sleep(1_400);
    check("asked once", given === 2);
    check("open", one.closed.length === 0);
    map(one).set("k", 1);
    await saved(one);
  },
  "a document whose token ends is closed, and no other of its socket": async () => {
    const shared = socket();
    const end = `secret@${Date.now() + 700}`;
    const ends = open(shared, fresh(), { token: end });
    const stays = open(shared, fresh());
    await synced(ends, stays);
    await until("closed", () => ends.closed.length > 0, 3000);
    check("reason", ends.closed[0].reason === "expired");
    map(stays).set("k", 1);
    await saved(stays);
    check("others stay", stays.closed.length === 0);
  },
  "a new token on an open document changes what one may": async () => {
    const name = fresh();
    let value = "secret";
    const scopes = [];
    const one = open(socket(), name, { token: () => value });
    one.on("authenticated", ({ scope }) => scopes.push(scope));
    const two = open(socket(), name);
    await synced(one, two);
    value = "readonly";
    await one.sendToken();
    await until("readonly", () => scopes.at(-1) === "readonly");
    map(one).set("mine", 1);
    await until("told", () => one.heard.some((each) => each.includes("read_only")));
    map(two).set("k", 1);
    await until("still receiving", () => map(one).get("k") === 1);
    check("nothing written", map(two).get("mine") === undefined);
    const again = open(socket(), name);
    await synced(again);
    check("nothing stored", map(again).get("mine") === undefined);
  },
  "a refused token closes its document, and no other of its socket": async () => {
    const shared = socket();
    let value = "secret";
    const goes = open(shared, fresh(), { token: () => value });
    const stays = open(shared, fresh());
    await synced(goes, stays);
    value = "wrong";
    await goes.sendToken();
    await until("closed", () => goes.closed.length > 0);
    check("reason", goes.closed[0].reason === "permission-denied");
    map(stays).set("k", 1);
    await saved(stays);
    check("others stay", stays.closed.length === 0);
  },
});
