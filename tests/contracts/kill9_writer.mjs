// Writes keys as fast as the hub saves them and prints each key that it was told is stored, until killed.
import { map, open, run, socket, until } from "./clients.mjs";

const [, , , name, round] = process.argv;

await run({
  write: async () => {
    const one = open(socket(), name);
    await until("synced", () => one.isSynced && one.unsyncedChanges === 0);
    const sent = [];
    let saved = 0;
    one.on("unsyncedChanges", ({ number }) => {
      while (saved < sent.length - number) console.log(`saved ${sent[saved++]}`);
    });
    for (let count = 0; ; count++) {
      const key = `${round}-${count}`;
      sent.push(key);
      map(one).set(key, count);
      if (sent.length - saved > 20) await new Promise((resolve) => setImmediate(resolve));
      if (count % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  },
});
