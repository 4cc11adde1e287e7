import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createLocks, createExclusiveTurns, type LockDocument, unguarded } from "../../../src/store/mongo/exclusive.js";
import { newGate } from "../../support/gate.js";
import { openDatabase, type TestDatabase } from "../database.js";

describe("createTurns", () => {
  it("lets work with a name in common wait, other work not, and failures pass", async () => {
    const inTurn = createExclusiveTurns();
    const log: string[] = [];
    let release = (): void => undefined;
    const held = inTurn(
      ["a", "b"],
      () => new Promise<void>((resolve) => (release = () => (log.push("ab"), resolve()))),
    );
    const waiting = [
      inTurn(["b", "c"], async () => void log.push("bc")),
      inTurn(["c"], async () => void log.push("c")),
    ];
    await inTurn(["d"], async () => void log.push("d"));
    expect(log).toEqual(["d"]);
    release();
    await Promise.all([held, ...waiting]);
    expect(log).toEqual(["d", "ab", "bc", "c"]);
    await expect(inTurn(["a"], () => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
    expect(await inTurn(["a"], async () => "next")).toBe("next");
  });
});

describe("createLocks", () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await openDatabase(inject("mongodbUrl"), "locks")));
  afterAll(() => database.close());
  const collection = () => database.client.db(database.name).collection<LockDocument>("locks");

  it("lets one work at a time, over processes, and leaves nothing behind", async () => {
    const processes = Array.from({ length: 4 }, () => createLocks(collection()));
    let inside = 0;
    let most = 0;
    const done = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (processes[i % 4] ?? unguarded)("x", async () => {
          most = Math.max(most, ++inside);
          await collection().findOne({ _id: "x" });
          inside--;
          return i;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(done).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(await collection().countDocuments()).toBe(0);
  });

  it(
    "leaves the lock of whoever took it over meanwhile: a work that outlasts its own lock does " +
      "not let a third one in",
    async () => {
      const [first, second] = [createLocks(collection()), createLocks(collection())];
      const [slow, later] = [newGate(), newGate()];
      const outlasting = first("slow", () => slow.pass());
      await slow.reached;
      await collection().updateOne({ _id: "slow" }, { $set: { at: new Date(Date.now() - 60_000) } });
      const taken = second("slow", () => later.pass());
      await later.reached;
      slow.open();
      await outlasting;
      expect(await collection().countDocuments({ _id: "slow" })).toBe(1);
      later.open();
      await taken;
      expect(await collection().countDocuments({ _id: "slow" })).toBe(0);
    },
  );

  it("takes a lock over whose holder died", async () => {
    await collection().insertOne({ _id: "dead", at: new Date(Date.now() - 60_000) });
    expect(await createLocks(collection())("dead", async () => "mine")).toBe("mine");
  });
});
