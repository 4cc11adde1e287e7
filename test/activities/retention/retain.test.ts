import { MockActivityEnvironment } from "@temporalio/testing";
import { pino } from "pino";
import { afterAll, beforeEach, describe, expect, inject, it } from "vitest";
import { createRetention } from "../../../src/activities/retention/retain.js";
import { createCatalogue } from "../../../src/catalogue/catalogue.js";
import { createMetrics } from "../../../src/metrics.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import type { RetentionCursor, RetentionStep } from "../../../src/workflows/retention/retention-contract.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { event, later } from "../../store/fixtures.js";
import { DAY, insertAged } from "../../store/retention/aged.js";

const databases: TestDatabase[] = [];
let store: MongoStore;
beforeEach(async () => {
  const database = await openDatabase(inject("mongodbUrl"), "retain");
  databases.push(database);
  store = await database.openStore();
});
afterAll(() => Promise.all(databases.map((each) => each.close())));

async function running({ retentionDays, engineDays = 1 }: { retentionDays?: number; engineDays?: number }) {
  const catalogue = await createCatalogue({ store });
  const metrics = createMetrics();
  const activities = createRetention({
    store,
    catalogue,
    metrics,
    log: pino({ level: "silent" }),
    retentionDays,
    engineRetentionMs: async () => engineDays * DAY,
    isIdle: async (workflows) => workflows,
    now: () => later(100 * DAY).getTime(),
  });
  const step = (after?: RetentionCursor, attempt = 1): Promise<RetentionStep> =>
    new MockActivityEnvironment({ attempt }).run((input) => activities.retentionStep(input), after ? { after } : {});
  return { activities, catalogue, metrics, step };
}

const api = (id: string, retentionDays?: number) => ({
  id,
  name: id,
  ...(retentionDays !== undefined && { retentionDays }),
  createdAt: later(0),
  updatedAt: later(0),
});

describe("a step", () => {
  it("goes by the setting and by what an api says, as it stands now", async () => {
    await store.apis.insert(api("api_short", 10));
    await insertAged(store, "evt_short", {}, { apiId: "api_short", acceptedAt: later(80 * DAY) });
    await insertAged(store, "evt_deleted", {}, { apiId: "api_deleted", acceptedAt: later(80 * DAY) });
    await insertAged(store, "evt_long", {}, { apiId: "api_long", acceptedAt: later(40 * DAY) });
    const { step, metrics, catalogue } = await running({ retentionDays: 30 });
    try {
      await store.apis.insert(api("api_long", 90));
      expect(await step()).toEqual({ events: { api_short: 1 }, deliveries: 0, open: 0, held: 0 });
      await store.apis.update("api_long", (before) => ({ ...before, retentionDays: 50 }));
      expect(await step()).toMatchObject({ events: { api_long: 1 } });
      expect([...(await store.events.getMany(["evt_short", "evt_deleted", "evt_long"])).keys()]).toEqual([
        "evt_deleted",
      ]);
      expect(await metrics.registry.metrics()).toMatch(/sealpost_retention_removed_total\{kind="events"\} 2/);
    } finally {
      catalogue.close();
    }
  });

  it("that is tried again says that more may have been removed, because the first try is in no count", async () => {
    await insertAged(store, "evt_1", {}, { acceptedAt: later(40 * DAY) });
    const { step, catalogue } = await running({ retentionDays: 30 });
    expect(await step(undefined, 2)).toMatchObject({ events: { api_1: 1 }, atLeast: true });
    expect(await step()).not.toHaveProperty("atLeast");
    catalogue.close();
  });

  it("removes nothing without a rule, and nothing that the engine still has histories of", async () => {
    await insertAged(store, "evt_1", {}, { acceptedAt: later(98 * DAY) });
    for (const rules of [{}, { retentionDays: 1, engineDays: 3 }]) {
      const { step, catalogue } = await running(rules);
      expect(await step()).toEqual({ events: {}, deliveries: 0, open: 0, held: 0 });
      catalogue.close();
    }
    const { step, catalogue } = await running({ retentionDays: 1 });
    expect(await step()).toMatchObject({ events: { api_1: 1 } });
    catalogue.close();
  });

  it("is short, and the next one goes on behind it", async () => {
    const count = store.ferretDb ? 0 : 2_100;
    const many = Array.from({ length: count }, (_, index) => event(`evt_${index}`, "{}", { acceptedAt: later(index) }));
    for (let from = 0; from < many.length; from += 300) await store.events.insertMany(many.slice(from, from + 300));
    const { step, catalogue } = await running({ retentionDays: 30 });
    const first = await step();
    if (store.ferretDb) return expect(first.next).toBeUndefined();
    expect(first).toMatchObject({ events: { api_1: 2_000 }, next: { apiId: "api_1" } });
    expect(await step(first.next)).toEqual({ events: { api_1: 100 }, deliveries: 0, open: 0, held: 0 });
    catalogue.close();
  });
});

describe("the record of a run", () => {
  it("says that its counts are the least, also when all of it was lost", async () => {
    const { activities, catalogue } = await running({});
    const count = { events: {}, deliveries: 0, open: 0, held: 0, atLeast: true as const };
    await activities.recordRetention({ run: "retention/lost", count });
    const { data } = await store.audit.list({ limit: 10 }, { action: "retention.run" });
    expect(data).toMatchObject([{ detail: { run: "retention/lost", events: 0, atLeast: true } }]);
    catalogue.close();
  });

  it("is one entry of the audit with the counts by api, and none when nothing was removed", async () => {
    const { activities, catalogue, metrics } = await running({});
    const count = { events: { api_1: 3, api_2: 4 }, deliveries: 9, open: 2, held: 1 };
    await activities.recordRetention({ run: "retention/1", count: { ...count, events: {} } });
    await activities.recordRetention({ run: "retention/2", count });
    expect(await metrics.registry.metrics()).toMatch(/^sealpost_retention_runs_total 2$/m);
    const { data } = await store.audit.list({ limit: 10 }, { action: "retention.run" });
    expect(data[0]?.detail).not.toHaveProperty("atLeast");
    expect(data).toMatchObject([
      {
        actor: "service",
        subject: "events",
        detail: { run: "retention/2", events: 7, deliveries: 9, apis: { api_1: 3, api_2: 4 }, open: 2, held: 1 },
      },
    ]);
    catalogue.close();
  });
});
