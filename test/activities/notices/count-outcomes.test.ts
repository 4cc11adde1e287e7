import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createCatalogue, type Catalogue } from "../../../src/catalogue/catalogue.js";
import { createOutcomeCounts } from "../../../src/activities/notices/count-outcomes.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { attempt, delivery } from "../../store/fixtures.js";

let database: TestDatabase;
let store: MongoStore;
let catalogue: Catalogue;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "counts");
  store = await database.openStore();
  catalogue = await createCatalogue({ store });
});
afterAll(async () => {
  catalogue?.close();
  await database?.close();
});

it("counts what is parked and exhausted once each, by subscription, and writes it when it ends", async () => {
  const counts = createOutcomeCounts({ store, catalogue, log: { warn: () => undefined }, everyMs: 3_600_000 });
  const deliveries = counts.counting(store.deliveries);
  const parked = [1, 2, 3].map((n) => delivery(`evt_${n}`, "sub_1", { status: "parked", reason: "400" }));
  const others = [
    delivery("evt_1", "sub_2", { status: "exhausted" }),
    delivery("evt_2", "sub_2", { status: "delivered" }),
    delivery("evt_3", "sub_2", { status: "retrying" }),
  ];
  expect(await deliveries.insertMany([...parked, ...others])).toEqual([]);
  // A repetition after a crash.
  expect(await deliveries.insertMany(parked)).toHaveLength(3);
  const refused = await deliveries.record([
    { id: "evt_3.sub_2", groupId: "grp_1", status: "exhausted", attempt: attempt(2), attempts: 1 },
    { id: "evt_2.sub_2", groupId: "grp_1", status: "parked", attempts: 1 },
  ]);
  expect(refused.map(({ id }) => id)).toEqual(["evt_2.sub_2"]);
  expect(await store.notices.count()).toBe(0);
  await counts.stop();
  const due = await store.notices.due(10, new Date(Date.now() + 600_000));
  expect(
    due.map(({ kind, groupId, subscriptionId, detail }) => [kind, groupId, subscriptionId, detail?.["count"]]).sort(),
  ).toEqual([
    ["delivery.exhausted", "grp_1", "sub_2", 2],
    ["delivery.parked", "grp_1", "sub_1", 3],
  ]);
  expect(due.find(({ kind }) => kind === "delivery.parked")).toMatchObject({ subject: "evt_1.sub_1", reason: "400" });
});
