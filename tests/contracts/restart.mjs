// A hub that is killed and started again, seen by the unmodified clients: they come back by themselves, and what
// they were told is saved is there. The script asks for the restart by a line and is told on standard input.
import {
  check,
  map,
  open,
  openY,
  raw,
  run,
  socket,
  statuses,
  token,
  until,
  update,
  updates,
} from "./clients.mjs";

const quick = { delay: 50, minDelay: 50, maxDelay: 200 };
const synced = (...providers) => until("synced", () => providers.every((one) => one.isSynced ?? one.synced));
const saved = (...providers) =>
  until("unsyncedChanges 0", () => providers.every((one) => one.unsyncedChanges === 0));

/** Has the hub killed and started again on its port and its log; `down` happens while there is none. */
async function restarted(down = () => {}) {
  const told = (word) =>
    new Promise((resolve) => {
      process.stdin.once("data", (data) => {
        check(word, data.toString().trim() === word);
        resolve();
      });
    });
  const killed = told("killed");
  console.log("kill");
  await killed;
  down();
  const started = told("started");
  console.log("start");
  await started;
}

await run({
  "clients come back by themselves with what they wrote meanwhile": async () => {
    const shared = socket(quick);
    const [one, two] = ["r-1", "r-2"].map((name) => open(shared, name));
    const y = openY("r-1", { maxBackoffTime: 100 });
    await synced(one, two, y);
    map(one).set("before", 1);
    await saved(one);
    await restarted(() => {
      map(one).set("meanwhile", 1);
      map(two).set("meanwhile", 2);
      map(y).set("of y", 3);
    });
    await synced(one, two, y);
    await saved(one, two);
    const fresh = open(socket(), "r-1");
    await synced(fresh);
    await until("all of it", () => ["before", "meanwhile", "of y"].every((key) => map(fresh).has(key)));
    one.setAwarenessField("user", "one");
    await until("presence", () => y.awareness.getStates().get(one.document.clientID)?.user === "one");
  },
  "who joins after a restart is synced with the document and never without": async () => {
    const writer = open(socket(), "r-3");
    await synced(writer);
    for (let count = 0; count < 50; count++) map(writer).set(`k${count}`, "x".repeat(5_000));
    await saved(writer);
    writer.destroy();
    await restarted();
    for (const openOne of [() => open(socket(), "r-3"), () => openY("r-3")]) {
      const seen = [];
      const one = openOne();
      one.on(
        one.document ? "synced" : "sync",
        (state) => (state?.state ?? state) && seen.push(map(one).size),
      );
      await synced(one);
      check("never empty", seen.length === 1 && seen[0] === 50);
    }
  },
  "an update without its foundations outlives the hub": async () => {
    const [first, second] = updates((document) => {
      for (const value of [1, 2]) document.getMap("m").set("k", value);
    });
    const before = await raw();
    before.send(token("r-4"));
    before.send(update("r-4", second));
    await until("stored", () => statuses(before, "r-4").join() === "1");
    await restarted();
    const late = open(socket(), "r-4");
    await synced(late);
    check("offered", late.document.store.pendingStructs !== null);
    const after = await raw();
    after.send(token("r-4"));
    after.send(update("r-4", first));
    await until("effect", () => map(late).get("k") === 2);
  },
  "a document that was refused is refused again, and the others of its socket come back": async () => {
    const shared = socket(quick);
    const denied = open(shared, "forbidden-r");
    const good = open(shared, "r-5");
    await synced(good);
    await until("refused", () => denied.denied.length === 1);
    await restarted();
    map(good).set("k", 1);
    await synced(good);
    await saved(good);
    check("never synced", !denied.isSynced);
  },
});
