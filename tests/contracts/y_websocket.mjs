// The contract of /y/<document>, shown with the unmodified y-websocket client.
import { check, map, open, openY, port, run, socket, until, WebSocket } from "./clients.mjs";

let number = 0;
const fresh = (name = "y") => `${name}-${++number}`;
const synced = (...providers) => until("synced", () => providers.every((one) => one.synced));

await run({
  "two replicas converge": async () => {
    const name = fresh();
    const one = openY(name);
    const two = openY(name);
    await synced(one, two);
    map(one).set("k", 1);
    map(two).set("l", 2);
    await until("both keys", () => map(one).get("l") === 2 && map(two).get("k") === 1);
  },
  "both dialects meet in one document": async () => {
    const name = "病区/胸外科";
    const one = openY(encodeURIComponent(name).replaceAll("%2F", "/"));
    const two = open(socket(), name);
    await synced(one);
    await until("synced", () => two.isSynced);
    map(one).set("k", 1);
    map(two).set("l", 2);
    await until("both keys", () => map(one).get("l") === 2 && map(two).get("k") === 1);
    one.awareness.setLocalStateField("user", "y");
    await until("presence", () => two.awareness.getStates().get(one.doc.clientID)?.user === "y");
    one.destroy();
    await until("gone", () => !two.awareness.getStates().has(one.doc.clientID));
  },
  "readonly receives and changes nothing": async () => {
    const name = fresh();
    const writer = openY(name);
    const reader = openY(name, { token: "readonly" });
    await synced(writer, reader);
    map(reader).set("mine", 1);
    map(writer).set("k", 1);
    await until("received", () => map(reader).get("k") === 1);
    check("nothing written", map(writer).get("mine") === undefined);
  },
  "a bad token and a forbidden document stop the client": async () => {
    for (const [name, token, code] of [
      [fresh(), "wrong", 4401],
      ["forbidden-1", "secret", 4403],
    ]) {
      const one = openY(name, { token });
      let closed = 0;
      one.on("connection-close", (event) => {
        closed = event?.code ?? 0;
      });
      await until("closed", () => closed === code);
      one.destroy();
    }
  },
  "awareness ends on loss of the socket": async () => {
    const name = fresh();
    const one = openY(name);
    const two = openY(name);
    await synced(one, two);
    two.awareness.setLocalStateField("user", "two");
    await until("seen", () => one.awareness.getStates().has(two.doc.clientID));
    two.shouldConnect = false;
    two.ws.terminate();
    await until("gone", () => !one.awareness.getStates().has(two.doc.clientID));
  },
  "a document outlives its clients": async () => {
    const name = fresh();
    const one = openY(name);
    await synced(one);
    map(one).set("k", 1);
    const two = openY(name);
    await until("stored", () => map(two).get("k") === 1);
    one.destroy();
    two.destroy();
    const three = openY(name);
    await until("still there", () => map(three).get("k") === 1);
  },
  "an update of 1 MB": async () => {
    const name = fresh();
    const one = openY(name);
    const two = openY(name);
    await synced(one, two);
    map(one).set("large", "x".repeat(1_000_000));
    await until("large", () => map(two).get("large")?.length === 1_000_000);
  },
  "what cannot be read costs the socket": async () => {
    for (const bytes of ["04", "000300", "000202000000", "010501"]) {
      const bare = new WebSocket(`ws://127.0.0.1:${port}/y/${fresh()}?token=secret`);
      let code = 0;
      bare.on("open", () => bare.send(Buffer.from(bytes, "hex")));
      bare.on("close", (value) => {
        code = value;
      });
      await until(bytes, () => code === 4401);
    }
  },
});
