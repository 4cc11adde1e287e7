import { pino } from "pino";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createAuditTally } from "../../../src/api/access/audit-tally.js";
import type { MongoStore } from "../../../src/store/index.js";
import { openDatabase } from "../../store/database.js";

let database: Awaited<ReturnType<typeof openDatabase>>;
let store: MongoStore;
const log = pino({ level: "silent" });

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "tally");
  store = await database.openStore();
});
afterAll(() => database?.close());

const decode = { actor: "key:1", action: "codec.decode", subject: "temporal" };
/** Oldest first. */
const entriesOf = async (actor: string) =>
  (await store.audit.list({ limit: 100 })).data
    .filter((entry) => entry.actor === actor)
    .map(({ detail }) => detail)
    .reverse();

test("the first act is on record at once, the others as one entry when their time ends", async () => {
  const tally = createAuditTally({ store, log, bunchMs: 3_000 });
  for (const name of ["b", "a", "b"])
    await tally.record({ ...decode, counts: { payloads: 2 }, names: { dataKeys: [name] } });
  expect((await entriesOf("key:1"))[0]).toEqual({ acts: 1, payloads: 2, dataKeys: ["b"] });
  await expect.poll(() => entriesOf("key:1"), { timeout: 20_000 }).toHaveLength(2);
  expect((await entriesOf("key:1"))[1]).toEqual({ acts: 2, payloads: 4, dataKeys: ["a", "b"] });
  await tally.record({ ...decode, counts: { payloads: 1 } });
  expect(await entriesOf("key:1")).toHaveLength(3);
  await tally.close();
  expect(await entriesOf("key:1")).toHaveLength(3);
});

test("actors are counted apart, and what is counted is recorded at the end", async () => {
  const tally = createAuditTally({ store, log });
  for (const actor of ["key:2", "key:3", "key:2"]) await tally.record({ ...decode, actor, counts: {} });
  await tally.close();
  expect(await entriesOf("key:2")).toEqual([{ acts: 1 }, { acts: 1 }]);
  expect(await entriesOf("key:3")).toEqual([{ acts: 1 }]);
});

test("acts that wait for the entry of the first one are counted when the tally ends meanwhile", async () => {
  const tally = createAuditTally({ store, log });
  const acts = [1, 2, 3].map(() => tally.record({ ...decode, actor: "key:4", counts: {} }));
  await tally.close();
  await Promise.all(acts);
  expect(await entriesOf("key:4")).toEqual([{ acts: 1 }, { acts: 2 }]);
});

test("a first act that cannot be recorded is refused", async () => {
  const gone = await database.openStore();
  await gone.close();
  const tally = createAuditTally({ store: gone, log });
  await expect(tally.record({ ...decode, counts: {} })).rejects.toMatchObject({
    name: "StoreError",
    code: "unavailable",
  });
});
