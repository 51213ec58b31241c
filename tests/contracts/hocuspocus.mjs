// The contract of /sync, shown with the unmodified @hocuspocus/provider and, for bytes no client sends, with ws.
import { check, map, open, port, run, socket, until, WebSocket, Y } from "./clients.mjs";

let number = 0;
const fresh = (name = "doc") => `${name}-${++number}`;
const synced = (...providers) => until("synced", () => providers.every((one) => one.isSynced));
const saved = (...providers) =>
  until("unsyncedChanges 0", () => providers.every((one) => one.unsyncedChanges === 0));

function raw() {
  const made = new WebSocket(`ws://127.0.0.1:${port}/sync`);
  made.binaryType = "arraybuffer";
  made.frames = [];
  made.on("message", (data) => made.frames.push(Buffer.from(data)));
  made.on("close", (code) => {
    made.code = code;
  });
  made.on("error", () => {});
  return new Promise((resolve) => made.on("open", () => resolve(made)));
}
const text = (value) => Buffer.concat([Buffer.from([Buffer.byteLength(value)]), Buffer.from(value)]);
const frame = (address, ...bytes) => Buffer.concat([text(address), Buffer.from(bytes)]);
const token = (address) => Buffer.concat([frame(address, 2, 0), text("secret")]);

await run({
  "two replicas converge and everything is saved": async () => {
    const name = fresh();
    const one = open(socket(), name);
    const two = open(socket(), name);
    await synced(one, two);
    map(one).set("k", 1);
    map(two).set("l", 2);
    await until("both keys", () => map(one).get("l") === 2 && map(two).get("k") === 1);
    await saved(one, two);
  },
  "offline edits go up on joining": async () => {
    const name = fresh();
    const document = new Y.Doc();
    document.getMap("m").set("offline", true);
    const one = open(socket(), name, { document });
    await synced(one);
    await saved(one);
    const two = open(socket(), name);
    await until("offline edit", () => map(two).get("offline") === true);
  },
  "many documents on a socket stay apart": async () => {
    const left = socket();
    const right = socket();
    const names = Array.from({ length: 50 }, () => fresh());
    const ones = names.map((name) => open(left, name));
    const twos = names.map((name) => open(right, name));
    await synced(...ones, ...twos);
    for (const [place, one] of ones.entries()) map(one).set("place", place);
    await until("each its own", () => twos.every((two, place) => map(two).get("place") === place));
    await saved(...ones);
  },
  "one document twice on a socket, by session": async () => {
    const name = fresh();
    const shared = socket();
    const one = open(shared, name, { sessionAwareness: true });
    const two = open(shared, name, { sessionAwareness: true });
    await synced(one, two);
    map(one).set("k", 1);
    await until("the other session", () => map(two).get("k") === 1);
  },
  "readonly receives and changes nothing": async () => {
    const name = fresh();
    const writer = open(socket(), name);
    await synced(writer);
    map(writer).set("k", 1);
    const reader = open(socket(), name, { token: "readonly" });
    await synced(reader);
    check("scope", reader.authorizedScope === "readonly");
    await until("received", () => map(reader).get("k") === 1);
    await saved(reader);
    map(reader).set("mine", 1);
    map(writer).set("k", 2);
    await until("still receiving", () => map(reader).get("k") === 2);
    await until("told", () => reader.heard.some((one) => one.includes("read_only")));
    check("nothing written", map(writer).get("mine") === undefined);
    check("unsaved", reader.unsyncedChanges === 1);
  },
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
  "awareness goes round, and ends on leave": async () => {
    const name = fresh();
    const one = open(socket(), name);
    const two = open(socket(), name);
    await synced(one, two);
    two.setAwarenessField("user", "值班");
    await until("seen", () => one.awareness.getStates().get(two.document.clientID)?.user === "值班");
    const late = open(socket(), name);
    await until("late sees", () => late.awareness.getStates().get(two.document.clientID)?.user === "值班");
    two.awareness.setLocalState(null);
    await until("explicit leave", () => !one.awareness.getStates().has(two.document.clientID));
    late.destroy();
    await until("destroyed", () => !one.awareness.getStates().has(late.document.clientID));
  },
  "awareness ends on loss of the socket": async () => {
    const name = fresh();
    const one = open(socket(), name);
    const lost = socket();
    const two = open(lost, name);
    two.setAwarenessField("user", "two");
    await until("seen", () => one.awareness.getStates().has(two.document.clientID));
    lost.webSocket.terminate();
    lost.shouldConnect = false;
    await until("gone", () => !one.awareness.getStates().has(two.document.clientID));
  },
  "stateless messages go to the document's connections": async () => {
    const name = fresh();
    const one = open(socket(), name);
    const two = open(socket(), name);
    const other = open(socket(), fresh());
    await synced(one, two, other);
    one.sendStateless("呼叫");
    await until("both", () => one.heard.includes("呼叫") && two.heard.includes("呼叫"));
    check("not elsewhere", other.heard.length === 0);
  },
  "detaching one document leaves the others": async () => {
    const shared = socket();
    const name = fresh();
    const stays = open(shared, name);
    const goes = open(shared, fresh());
    const far = open(socket(), name);
    await synced(stays, goes, far);
    goes.destroy();
    map(far).set("k", 1);
    await until("still there", () => map(stays).get("k") === 1);
  },
  "names beyond ASCII and names of 500 bytes": async () => {
    for (const name of [`病区/胸外科/房间-${fresh()}/😀`, "n".repeat(490) + fresh()]) {
      const one = open(socket(), name);
      const two = open(socket(), name);
      await synced(one, two);
      map(one).set("键", "值");
      await until(name.slice(0, 20), () => map(two).get("键") === "值");
      await saved(one);
    }
  },
  "an update of 1 MB": async () => {
    const name = fresh();
    const one = open(socket(), name);
    const two = open(socket(), name);
    await synced(one, two);
    map(one).set("large", "x".repeat(1_000_000));
    await until("large", () => map(two).get("large")?.length === 1_000_000);
    await saved(one);
  },
  "two clients open the same new document at once": async () => {
    const name = fresh();
    const all = Array.from({ length: 10 }, () => open(socket(), name));
    await synced(...all);
    for (const [place, one] of all.entries()) map(one).set(`k${place}`, place);
    await until("all ten", () => all.every((one) => map(one).size === 10));
    await saved(...all);
  },
  "text and nested types survive": async () => {
    const name = fresh();
    const one = open(socket(), name);
    const two = open(socket(), name);
    await synced(one, two);
    const note = one.document.getText("note");
    note.insert(0, "Überwachung 😀 观察");
    note.format(0, 4, { bold: true });
    note.delete(2, 3);
    one.document.getArray("list").insert(0, [1, { a: [null, true, 2.5] }, new Y.Map([["x", 1]])]);
    one.document.getXmlFragment("xml").insert(0, [new Y.XmlElement("p")]);
    const same = () =>
      JSON.stringify(two.document.getText("note").toDelta()) === JSON.stringify(note.toDelta()) &&
      JSON.stringify(two.document.getArray("list")) === JSON.stringify(one.document.getArray("list")) &&
      two.document.getXmlFragment("xml").toString() === "<p></p>";
    await until("equal", same);
    await saved(one);
  },
  "hello comes first, time is answered, and the hub pings": async () => {
    const bare = await raw();
    await until("hello", () => bare.frames.length > 0);
    const hello = JSON.parse(bare.frames[0].subarray(6).toString());
    check("hello", hello.t === "hello" && hello.installation === "lab" && Number.isInteger(hello.now));
    const body = JSON.stringify({ t: "time", sent: 5 });
    bare.send(Buffer.concat([frame("hub", 5), text(body)]));
    await until("time", () => bare.frames.some((one) => one.includes('"sent": 5') || one.includes('"sent":5')));
    await until("ping", () => bare.frames.some((one) => one.length === 1 && one[0] === 9), 4000);
    bare.close();
  },
  "what cannot be read costs its sender the socket, and only its sender": async () => {
    const name = fresh();
    const one = open(socket(), name);
    await synced(one);
    for (const bytes of ["", "ff", "0561", "ffffffffffffffffff7f", "0a00", "00000100", "01610b"]) {
      const bare = await raw();
      bare.send(Buffer.from(bytes, "hex"));
      await until(`closed after ${bytes}`, () => bare.code === 4401);
    }
    const talker = await raw();
    talker.send("text");
    await until("closed after text", () => talker.code === 4401);
    map(one).set("k", 1);
    await saved(one);
  },
  "an error inside a document closes that document": async () => {
    const bare = await raw();
    bare.send(token("a"));
    bare.send(token("b"));
    bare.send(frame("a", 0, 0, 5, 1));
    await until("closed", () => bare.frames.some((one) => one[0] === 1 && one[1] === 0x61 && one[2] === 7));
    bare.send(frame("b", 0, 0, 1, 0));
    await until("the other answers", () =>
      bare.frames.some((one) => one[1] === 0x62 && one[2] === 0 && one[3] === 1),
    );
    check("socket open", bare.readyState === WebSocket.OPEN);
    bare.close();
  },
  "what waits for its Auth is answered after it": async () => {
    const bare = await raw();
    bare.send(frame("a", 0, 0, 1, 0));
    bare.send(token("a"));
    await until("step 2", () => bare.frames.some((one) => one[1] === 0x61 && one[2] === 0 && one[3] === 1));
    bare.close();
  },
});
