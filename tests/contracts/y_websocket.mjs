// The contract of /y/<document>, shown with the unmodified y-websocket client.
import {
  check,
  map,
  open,
  openY,
  port,
  run,
  sleep,
  socket,
  until,
  update,
  updates,
  WebSocket,
} from "./clients.mjs";

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
      const stopped = [];
      one.on("closed", (event) => stopped.push(event.code));
      await until("closed", () => closed === code);
      await until("stopped", () => stopped.length === 1 && !one.shouldConnect);
      one.destroy();
    }
  },
  "after a code that is not 44xx the client comes back with what it wrote meanwhile": async () => {
    const name = fresh();
    const one = openY(name, { maxBackoffTime: 50 });
    const codes = [];
    one.on("connection-close", (event) => codes.push(event?.code));
    await synced(one);
    one.ws.send(new Uint8Array(17 << 20));
    await until("too big", () => codes.includes(1009));
    map(one).set("meanwhile", 1);
    await synced(one);
    const two = openY(name);
    await until("it is there", () => map(two).get("meanwhile") === 1);
  },
  "awareness ends when a client says so": async () => {
    const name = fresh();
    const one = openY(name);
    const two = openY(name);
    await synced(one, two);
    two.awareness.setLocalStateField("user", "two");
    await until("seen", () => one.awareness.getStates().has(two.doc.clientID));
    two.awareness.setLocalState(null);
    await until("gone", () => !one.awareness.getStates().has(two.doc.clientID));
    check("still connected", two.wsconnected);
  },
  "a client without presence hears from the hub": async () => {
    const one = openY(fresh());
    await synced(one);
    one.awareness.setLocalState(null);
    const heard = [];
    one.ws.addEventListener("message", ({ data }) => heard.push(Buffer.from(data).toString("hex")));
    await until("empty presence, twice", () => heard.filter((hex) => hex === "010100").length >= 2, 4000);
    check("still connected", one.wsconnected);
  },
  "who joins a written document is synced with it and never without": async () => {
    const name = fresh();
    const writer = openY(name);
    await synced(writer);
    map(writer).set("large", "x".repeat(200_000));
    await sleep(100);
    const seen = [];
    const one = openY(name);
    one.on("sync", (state) => state && seen.push(map(one).get("large")?.length));
    await synced(one);
    check("never empty", seen.length === 1 && seen[0] === 200_000);
  },
  "two clients open the same new document at once": async () => {
    const name = fresh();
    const all = Array.from({ length: 10 }, () => openY(name));
    await synced(...all);
    for (const [place, one] of all.entries()) map(one).set(`k${place}`, place);
    await until("all ten", () => all.every((one) => map(one).size === 10));
  },
  "names beyond ASCII and names of 500 bytes": async () => {
    for (const name of [encodeURIComponent(`病区 ${fresh()} 😀`), "n".repeat(490) + fresh()]) {
      const one = openY(name);
      const two = openY(name);
      await synced(one, two);
      map(one).set("键", "值");
      await until(name.slice(0, 20), () => map(two).get("键") === "值");
    }
  },
  "an update without its foundations is kept, offered again, and takes effect when they come": async () => {
    const name = fresh();
    const [first, second] = updates((document) => {
      for (const value of [1, 2]) document.getMap("m").set("k", value);
    });
    const without = (bytes) => update("", bytes).subarray(1); // this dialect has no address
    const writer = openY(name);
    await synced(writer);
    writer.ws.send(without(second));
    const late = openY(name);
    await until("offered", () => late.doc.store.pendingStructs !== null);
    writer.ws.send(without(first));
    await until("effect", () => map(late).get("k") === 2);
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
    const one = openY(fresh());
    await synced(one);
    const stopped = [];
    one.on("closed", (event) => stopped.push(event.code));
    one.ws.send("text");
    await until("stopped", () => stopped[0] === 4401 && !one.shouldConnect);
  },
});
