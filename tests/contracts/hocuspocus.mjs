// The contract of /sync, shown with the unmodified @hocuspocus/provider and, for bytes no client sends, with ws.
import {
  at,
  check,
  frame,
  map,
  open,
  raw,
  run,
  sleep,
  socket,
  statuses,
  text,
  token,
  until,
  update,
  updates,
  WebSocket,
  Y,
} from "./clients.mjs";

let number = 0;
const fresh = (name = "doc") => `${name}-${++number}`;
const synced = (...providers) => until("synced", () => providers.every((one) => one.isSynced));
const saved = (...providers) =>
  until("unsyncedChanges 0", () => providers.every((one) => one.unsyncedChanges === 0));

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
    one.setAwarenessField("user", "one");
    await until("presence", () => two.awareness.getStates().get(one.document.clientID)?.user === "one");
    one.destroy();
    await until("gone", () => !two.awareness.getStates().has(one.document.clientID));
    map(two).set("k", 2);
    await saved(two);
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
    const back = open(shared, goes.configuration.name);
    await synced(back);
    map(back).set("k", 2);
    await saved(back);
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
  "who joins a written document is synced with it and never without": async () => {
    const name = fresh();
    const writer = open(socket(), name);
    await synced(writer);
    map(writer).set("large", "x".repeat(200_000));
    await saved(writer);
    writer.destroy();
    for (let round = 0; round < 5; round++) {
      const seen = [];
      const one = open(socket(), name);
      one.on("synced", ({ state }) => state && seen.push(map(one).get("large")?.length));
      await synced(one);
      check("never empty", seen.length === 1 && seen[0] === 200_000);
      one.destroy();
    }
  },
  "an update without its foundations is kept, offered again, and takes effect when they come": async () => {
    const name = fresh();
    const [first, second, third] = updates((document) => {
      for (const value of [1, 2, 3]) document.getMap("m").set("k", value);
    });
    const bare = await raw();
    const reader = open(socket(), name);
    await synced(reader);
    for (const each of [token(name), update(name, third), update(name, second)]) bare.send(each);
    await until("stored", () => statuses(bare, name).join() === "1,1");
    const late = open(socket(), name);
    await synced(late);
    check("offered", late.document.store.pendingStructs !== null);
    check("no effect yet", map(late).get("k") === undefined);
    bare.send(update(name, first));
    await until("effect", () => [reader, late].every((one) => map(one).get("k") === 3));
    check("nothing waits", late.document.store.pendingStructs === null);
    bare.close();
  },
  "exactly one status a frame, in order, stored together or refused": async () => {
    const name = fresh();
    const writers = await Promise.all([raw(), raw(), raw()]);
    const wanted = [];
    for (const [place, bare] of writers.entries()) {
      const made = updates((document) => {
        for (let count = 0; count < 100; count++) document.getMap("m").set(`k${place}`, count);
      });
      const frames = [token(name)];
      const expected = [];
      for (const [count, one] of made.entries()) {
        frames.push(update(name, one));
        expected.push(1);
        if (count % 10 === 0) {
          frames.push(update(name, one, 1), update(name, [0, 0], 1), update(name, [1, 1, 1]));
          expected.push(1, 1, 0);
        }
      }
      wanted.push(expected.join());
      for (const each of frames) bare.send(each);
    }
    await until("all answered", () =>
      writers.every((bare, place) => statuses(bare, name).join() === wanted[place]),
    );
    await sleep(200);
    for (const [place, bare] of writers.entries()) {
      check("no more", statuses(bare, name).join() === wanted[place]);
      const why = at(bare, name).filter((one) => one[0] === 5 && one.includes("refused_update"));
      check("reasons", why.length === wanted[place].split("0").length - 1);
      bare.close();
    }
  },
  "a client without presence is kept alive by the hub": async () => {
    const shared = socket({ messageReconnectTimeout: 1_500 });
    let lost = 0;
    shared.on("close", () => {
      lost += 1;
    });
    const one = open(shared, fresh(), { awareness: null });
    await synced(one);
    await sleep(3_200);
    check("never lost", lost === 0 && one.closed.length === 0);
    map(one).set("k", 1);
    await saved(one);
  },
  "after any close code a client comes back with what it wrote meanwhile": async () => {
    const shared = socket({ delay: 50, minDelay: 50 });
    const codes = [];
    shared.on("close", ({ event }) => codes.push(event.code));
    const name = fresh();
    const one = open(shared, name);
    await synced(one);
    const send = [() => shared.webSocket.send("text"), () => shared.webSocket.send(new Uint8Array(17 << 20))];
    for (const [place, code] of [4401, 1009].entries()) {
      send[place]();
      await until(`closed with ${code}`, () => codes.includes(code));
      map(one).set("meanwhile", place);
      await synced(one);
      await saved(one);
    }
    const two = open(socket(), name);
    await until("it is there", () => map(two).get("meanwhile") === 1);
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
    await until("time", () =>
      bare.frames.some((one) => one.includes('"sent": 5') || one.includes('"sent":5')),
    );
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
