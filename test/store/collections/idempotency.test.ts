import { MongoClient } from "mongodb";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { CLAIM_LEASE_MS } from "../../../src/store/collections/idempotency.js";
import { connectStore, type MongoStore } from "../../../src/store/index.js";
import { masterKey, openDatabase, type TestDatabase } from "../database.js";

let database: TestDatabase;
let store: MongoStore;
let client: MongoClient;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "idempotency");
  store = await connectStore({
    mongodbUrl: inject("mongodbUrl"),
    database: database.name,
    masterKeys: masterKey("first"),
  });
  client = await MongoClient.connect(inject("mongodbUrl"));
});
afterAll(async () => {
  await client?.close();
  await store?.close();
  await database?.close();
});

const rows = () => client.db(database.name).collection<{ _id: string }>("idempotencyKeys");
const claimed = async (id: string): Promise<string> => {
  const claim = await store.idempotency.claim(id, "f");
  if (claim.state !== "claimed") throw new Error(`The key is ${claim.state}`);
  return claim.token;
};
const age = (id: string) =>
  rows().updateOne({ _id: id }, { $set: { claimedAt: new Date(Date.now() - CLAIM_LEASE_MS - 1) } });

test("of many that claim a key one has it", async () => {
  const states = (await Promise.all(Array.from({ length: 20 }, () => store.idempotency.claim("race", "f")))).map(
    ({ state }) => state,
  );
  expect(states.filter((state) => state === "claimed")).toHaveLength(1);
  expect(states.filter((state) => state === "under_way")).toHaveLength(19);
});

test("an answer comes back as it was, for the same request only", async () => {
  const token = await claimed("answer");
  await store.idempotency.complete("answer", token, { scope: "system", bytes: Buffer.from("canary") });
  const again = await store.idempotency.claim("answer", "f");
  expect(again.state === "answered" && Buffer.from(again.answer).toString()).toBe("canary");
  expect(await store.idempotency.claim("answer", "g")).toEqual({ state: "other_request" });
});

test("of many that take over an abandoned key one has it, and the one before has lost it", async () => {
  const token = await claimed("abandoned");
  const act = { write: "groups.insert", target: "grp_1", at: new Date(1_000) };
  await store.idempotency.begin("abandoned", token, act);
  await age("abandoned");
  expect(await store.idempotency.claim("abandoned", "f")).toEqual({ state: "abandoned", token, begun: act });
  const taken = await Promise.all(Array.from({ length: 10 }, () => store.idempotency.takeOver("abandoned", token)));
  expect(taken.filter((each) => each !== undefined)).toHaveLength(1);
  await expect(store.idempotency.begin("abandoned", token, act)).rejects.toMatchObject({ code: "unavailable" });
  // What the former holder does late changes nothing.
  await store.idempotency.complete("abandoned", token, { scope: "system", bytes: Buffer.from("late") });
  await store.idempotency.release("abandoned", token);
  expect(await store.idempotency.claim("abandoned", "f")).toEqual({ state: "under_way" });
});

test("a key that was given back, or has ended, is free", async () => {
  await store.idempotency.release("free", await claimed("free"));
  await claimed("free");
  await rows().updateOne({ _id: "free" }, { $set: { expiresAt: new Date(0) } });
  await claimed("free");
});

test("what has ended is removed, and nothing else", async () => {
  if (!store.ferretDb)
    expect(await rows().indexes()).toEqual(
      expect.arrayContaining([expect.objectContaining({ key: { expiresAt: 1 }, expireAfterSeconds: 0 })]),
    );
  await claimed("old");
  await claimed("young");
  await rows().updateOne({ _id: "old" }, { $set: { expiresAt: new Date(Date.now() - 3_600_000) } });
  await store.idempotency.removeExpired();
  expect(await rows().findOne({ _id: "old" })).toBeNull();
  expect(await rows().findOne({ _id: "young" })).not.toBeNull();
});
