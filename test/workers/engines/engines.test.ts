import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readRunningEngines } from "../../../src/workers/engines/index.js";
import { isAlive } from "../../../src/workers/engines/process-identity.js";
import { eventually, hasTraces, leaveTraces, type TestEngines, testEngines, withMongodb } from "./fixtures.js";

let its: TestEngines;
beforeEach(() => {
  its = testEngines();
});
afterEach(() => its.end());

describe("embedded engines", () => {
  test(
    "start in an empty directory, and what they hold survives a stop and a start at the same " + "addresses",
    async () => {
      const first = await its.start();
      expect(first.temporal.embedded && first.mongodb.embedded).toBe(true);
      await leaveTraces(first, "kept");
      const pids = [first.temporal.pid ?? 0, first.mongodb.pid ?? 0];
      expect(pids.map(isAlive)).toEqual([true, true]);
      await first.stop();
      expect(pids.map(isAlive)).toEqual([false, false]);

      const second = await its.start();
      expect(second.temporal.address).toBe(first.temporal.address);
      expect(second.mongodb.url).toBe(first.mongodb.url);
      expect(await hasTraces(second, "kept")).toBe(true);
    },
  );

  test("are told to a second process as long as their owner lives", async () => {
    expect(readRunningEngines(its.dataDir)).toBeUndefined();
    const engines = await its.start();
    const { temporal, mongodb } = engines;
    expect(readRunningEngines(its.dataDir)).toEqual({
      temporalAddress: temporal.address,
      temporalUiUrl: temporal.uiUrl,
      mongodbUrl: mongodb.url,
      ferretDb: mongodb.ferretDb,
    });
    const written = JSON.parse(readFileSync(join(its.dataDir, "engines.json"), "utf8")) as {
      temporal: { pid: number };
      mongodb: { pid: number };
    };
    expect([written.temporal.pid, written.mongodb.pid]).toEqual([temporal.pid, mongodb.pid]);
    await engines.stop();
    expect(readRunningEngines(its.dataDir)).toBeUndefined();
  });

  test("come back on the same port with the same data after kill -9", async () => {
    const engines = await its.start();
    await leaveTraces(engines, "healed");
    const before = { temporal: engines.temporal.pid ?? 0, mongodb: engines.mongodb.pid ?? 0 };
    process.kill(before.temporal, "SIGKILL");
    process.kill(before.mongodb, "SIGKILL");
    expect(await engines.died).toContain("SIGKILL");
    await eventually(() => engines.temporal.pid !== before.temporal && engines.mongodb.pid !== before.mongodb);
    expect(await eventually(() => hasTraces(engines, "healed"))).toBe(true);
    // And once more: the supervisor watches the new process too.
    const again = engines.mongodb.pid ?? 0;
    process.kill(again, "SIGKILL");
    await eventually(() => engines.mongodb.pid !== again);
    expect(await eventually(() => hasTraces(engines, "healed"))).toBe(true);
  });

  test("take only what is not given, and do not write a given URL down", async () => {
    const given = "mongodb://user:secret@store.example:27017/";
    const { temporal, mongodb } = await its.start({ mongodbUrl: given });
    expect(mongodb).toEqual({ url: given, embedded: false, ferretDb: false, how: "MONGODB_URL" });
    expect(readRunningEngines(its.dataDir)).toEqual({
      temporalAddress: temporal.address,
      temporalUiUrl: temporal.uiUrl,
      ferretDb: false,
    });
    expect(readFileSync(join(its.dataDir, "engines.json"), "utf8")).not.toContain("secret");
  });

  test("need no directory when both are given", async () => {
    const { temporal, mongodb } = await its.start({
      dataDir: "/dev/null/nowhere",
      temporalAddress: "t:7233",
      mongodbUrl: "mongodb://m/",
    });
    expect([temporal.address, temporal.embedded, mongodb.url, mongodb.embedded]).toEqual([
      "t:7233",
      false,
      "mongodb://m/",
      false,
    ]);
  });

  test("FerretDB uses an index for a look-up by id, in every collection that appears", async ({ skip }) => {
    const { mongodb } = await its.start({ temporalAddress: "not-needed:7233" });
    if (!mongodb.ferretDb) skip("a real MongoDB is here");
    await withMongodb(mongodb.url, async (client) => {
      for (const name of ["first", "second"]) {
        const collection = client.db("indexed").collection<{ _id: string }>(name);
        await collection.insertOne({ _id: "one" });
        await eventually(async () => {
          // EXPLAIN alone does not notice that the schema has changed. A query does.
          await collection.findOne({ _id: "one" });
          return JSON.stringify(await collection.find({ _id: "one" }).explain()).includes("USING INDEX sealpost_id_");
        });
      }
    });
  });
});
