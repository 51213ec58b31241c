// Readers that stop reading, beside unmodified clients that go on: nobody waits for them, the hub's memory stays
// bounded, and they lose their socket. argv: port, process id of the hub, MiB it may grow by.
import { readFileSync } from "node:fs";
import { check, frame, map, open, raw, run, socket, token, until } from "./clients.mjs";

const [pid, mayGrow] = process.argv.slice(3).map(Number);
const STALLED = 3;
const WRITES = 100;

/** MiB the hub's process holds, now or at most so far. */
function memory(field) {
  const line = readFileSync(`/proc/${pid}/status`, "utf8").match(new RegExp(`${field}:\\s+(\\d+)`));
  return Number(line[1]) / 1024;
}

await run({
  "nobody waits for who does not read, and the hub keeps a bounded amount for them": async () => {
    const name = "slow";
    const writer = open(socket(), name);
    const reader = open(socket(), name);
    const elsewhere = [open(socket(), "quick"), open(socket(), "quick")];
    const all = [writer, reader, ...elsewhere];
    await until("synced", () => all.every((one) => one.isSynced));
    map(writer).set("large", "x".repeat(1_000_000));
    await until("saved", () => writer.unsyncedChanges === 0);
    const stalled = [];
    for (let count = 0; count < STALLED; count++) {
      const bare = await raw();
      bare.send(token(name));
      bare.send(frame(name, 0, 0, 1, 0));
      await until("synced", () => bare.frames.some((one) => one.length > 1_000_000));
      bare.pause();
      stalled.push(bare);
    }
    const before = memory("VmRSS");
    const took = [];
    for (let count = 0; count < WRITES; count++) {
      map(writer).set("large", String(count).padEnd(1_000_000, "x"));
      const began = performance.now();
      map(elsewhere[0]).set("count", count);
      await until("delivered", () => map(elsewhere[1]).get("count") === count);
      took.push(performance.now() - began);
    }
    await until("the reader has it all", () =>
      map(reader)
        .get("large")
        ?.startsWith(String(WRITES - 1)),
    );
    await until("saved", () => writer.unsyncedChanges === 0);
    took.sort((one, other) => one - other);
    const grown = memory("VmHWM") - before;
    const [median, slowest] = [took[WRITES / 2], took.at(-1)].map(Math.round);
    console.log(`measured grown ${Math.round(grown)} MiB, others waited ${median} ms, at most ${slowest} ms`);
    check(`at most ${mayGrow} MiB, not ${Math.round(grown)}`, grown < mayGrow);
    check(`others wait little, not ${median} ms`, median < 500);
    for (const bare of stalled) bare.resume();
    await until("cut off", () => stalled.every((one) => one.code !== undefined));
    map(writer).set("after", 1);
    await until("still there", () => map(reader).get("after") === 1);
  },
});
