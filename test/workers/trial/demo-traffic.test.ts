/** The demo's own traffic: what it publishes, and that only the newest events stay. */
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { deliveryIdOf } from "../../../src/workflows/event-id.js";
import type { AcceptableEvent } from "../../../src/api/dependencies.js";
import { DEMO_API, DEMO_GROUP, startDemo } from "../../../src/workers/trial/demo.js";
import { DEMO_EVENT_TYPE, DEMO_ORDER_TYPE } from "../../../src/workers/trial/demo-endpoints.js";
import { startTraffic, trimDemo } from "../../../src/workers/trial/demo-traffic.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { delivery, event } from "../../store/fixtures.js";

const within = { timeout: 60_000, interval: 50 };
let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "demo");
  store = await database.openStore();
});
afterAll(() => database.close());
const isIdle = async (workflows: ReadonlySet<string>) => workflows;

describe("the traffic", () => {
  it("is numbered orders, until it is stopped", async () => {
    const published: AcceptableEvent[] = [];
    const traffic = startTraffic({
      store,
      operations: { cancel: async () => true },
      isIdle,
      log: pino({ level: "silent" }),
      publish: async (events) => {
        published.push(...events);
        return events.map(() => ({ ok: true, id: "evt_1", duplicate: false }));
      },
    });
    await expect.poll(() => published.length, within).toBeGreaterThanOrEqual(3);
    await traffic.stop();
    const bodies = published.map(({ body }) => JSON.parse(Buffer.from(body).toString()) as { number: number });
    expect(bodies.map(({ number }) => number)).toEqual(published.map((_, index) => index + 1));
    expect(new Set(published.map(({ type }) => type))).toEqual(new Set([DEMO_ORDER_TYPE]));
    expect(published.every(({ id }) => id === undefined)).toBe(true);
  });

  it("leaves the newest events of the demo, and touches no others", async () => {
    const start = Date.now() - 3_600_000;
    const at = (index: number) => new Date(start + index * 1_000);
    const ids = Array.from({ length: 12 }, (_, index) => `evt_demo_${String(index).padStart(2, "0")}`);
    await store.events.insertMany([
      ...ids.map((id, index) => event(id, "{}", { apiId: DEMO_API, acceptedAt: at(index) })),
      event("evt_theirs", "{}", { apiId: "api_theirs", acceptedAt: at(0) }),
    ]);
    await store.deliveries.insertMany(
      ids.map((id, index) =>
        delivery(id, "sub_1", {
          groupId: DEMO_GROUP,
          status: index % 5 === 0 ? "parked" : "delivered",
          createdAt: at(index),
          updatedAt: at(index),
          attempts: [],
          attemptCount: 0,
        }),
      ),
    );
    const cancelled: string[] = [];
    const operations = {
      cancel: async ({ id }: { id: string }) => {
        cancelled.push(id);
        return true;
      },
    };
    expect(await trimDemo({ store, operations, isIdle }, 20)).toBe(0);
    expect(await trimDemo({ store, operations, isIdle }, 5)).toBe(7);
    expect(cancelled).toEqual([ids[0], ids[5]].map((id) => deliveryIdOf(String(id), "sub_1")));
    expect([...(await store.events.getMany([...ids, "evt_theirs"])).keys()].sort()).toEqual([
      ...ids.slice(7),
      "evt_theirs",
    ]);
  });
});

describe("the demo", () => {
  it("with traffic has three endpoints, and without it the receiver alone", async () => {
    const quiet = await startDemo(() => undefined);
    await quiet.register(store);
    expect((await store.subscriptions.all()).map(({ eventTypes }) => eventTypes)).toEqual([[DEMO_EVENT_TYPE]]);
    await quiet.close();
    const demo = await startDemo(() => undefined, { traffic: true });
    await demo.register(store);
    await demo.register(store);
    const subscriptions = (await store.subscriptions.all()).sort((one, other) => (one.id < other.id ? -1 : 1));
    expect(subscriptions.map(({ url, eventTypes }) => [url.replace(demo.origin, ""), eventTypes])).toEqual([
      ["/webhooks", [DEMO_EVENT_TYPE, DEMO_ORDER_TYPE]],
      ["/refuses-every-fifth", [DEMO_ORDER_TYPE]],
      ["/down-now-and-then", [DEMO_ORDER_TYPE]],
    ]);
    await demo.close();
  });
});
