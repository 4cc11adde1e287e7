import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { coded, subscription } from "../fixtures.js";

let database: TestDatabase;
let store: MongoStore;
let other: MongoStore;

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "external_ids");
  store = await database.openStore();
  other = await database.openStore();
});
afterAll(() => database.close());

const named = (id: string, externalId: string, groupId = "grp_1") => subscription(id, { externalId, groupId });

test("an external id is used once in a group, and again in another group", async () => {
  await store.subscriptions.insert(named("sub_a", "billing"));
  await expect(other.subscriptions.insert(named("sub_b", "billing"))).rejects.toThrow(coded("duplicate"));
  expect(await store.subscriptions.get("sub_b")).toBeUndefined();
  await other.subscriptions.insert(named("sub_c", "billing", "grp_2"));
  expect((await store.subscriptions.get("sub_c"))?.externalId).toBe("billing");
});

test("a change takes an external id that is free, keeps its own, and leaves all as it was if it is taken", async () => {
  await store.subscriptions.insert(subscription("sub_d"));
  const change = (externalId: string) =>
    store.subscriptions.update("sub_d", (item) => ({ ...item, name: `for ${externalId}`, externalId }));
  await expect(change("billing")).rejects.toThrow(coded("duplicate"));
  expect(await other.subscriptions.get("sub_d")).toEqual(subscription("sub_d"));
  expect((await change("ledger"))?.externalId).toBe("ledger");
  expect((await change("ledger"))?.name).toBe("for ledger");
  const freed = await store.subscriptions.update("sub_d", ({ externalId: _freed, ...rest }) => rest);
  expect(freed?.externalId).toBeUndefined();
  await other.subscriptions.insert(named("sub_e", "ledger"));
  expect((await other.subscriptions.get("sub_e"))?.externalId).toBe("ledger");
});

test("of many writes at once, by two processes, one gets the external id", async () => {
  const ids = Array.from({ length: 8 }, (_, i) => `sub_race${i}`);
  for (const id of ids.slice(0, 4)) await store.subscriptions.insert(subscription(id));
  const writes = ids.map((id, place) => {
    const { subscriptions } = place % 2 === 0 ? store : other;
    return place < 4
      ? subscriptions.update(id, (item) => ({ ...item, externalId: "race" }))
      : subscriptions.insert(named(id, "race"));
  });
  const outcomes = await Promise.allSettled(writes);
  const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  expect(refused).toHaveLength(7);
  for (const reason of refused) expect(reason).toMatchObject({ code: "duplicate" });
  expect((await store.subscriptions.all()).filter(({ externalId }) => externalId === "race")).toHaveLength(1);
});

test("what people write about a subscription lies sealed, with names of labels that hold a dot", async () => {
  const about = {
    description: "Asks for Pia Berg at night",
    contacts: ["pia.berg@example.com"],
    labels: { "example.com/team": "billing team seven", $set: "x" },
  };
  await store.subscriptions.insert(subscription("sub_about", { ...about, externalId: "about-1", name: "Ledger prod" }));
  expect(await other.subscriptions.get("sub_about")).toMatchObject({ ...about, externalId: "about-1" });
  const raw = await database.client
    .db(database.name)
    .collection<{ _id: string }>("subscriptions")
    .findOne({ _id: "sub_about" }, { raw: true });
  const bytes = Buffer.from(raw as unknown as Uint8Array).toString("latin1");
  // These two are looked for and shown in lists.
  for (const plain of ["about-1", "Ledger prod"]) expect(bytes).toContain(plain);
  for (const sealed of ["Pia Berg", "pia.berg@", "billing team", "example.com/team"])
    expect(bytes).not.toContain(sealed);
});

test.each(["apis", "groups"] as const)("of many writes to %s at once, by two processes, one gets it", async (kind) => {
  const dated = { createdAt: new Date(), updatedAt: new Date() };
  const insert = (in_: MongoStore, id: string) => {
    const item = { id, name: id, externalId: "race", ...dated };
    return kind === "apis" ? in_.apis.insert(item) : in_.groups.insert({ ...item, grants: [], samlGroups: [] });
  };
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, (_, n) => insert(n % 2 === 0 ? store : other, `${kind}_${n}`)),
  );
  const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  expect(refused).toHaveLength(7);
  for (const reason of refused) expect(reason).toMatchObject({ code: "duplicate" });
  expect((await store[kind].all()).filter(({ externalId }) => externalId === "race")).toHaveLength(1);
});
