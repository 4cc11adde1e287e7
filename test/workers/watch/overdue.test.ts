/**
 * The gauges of late deliveries: whose fault the wait is decides whether it counts, and what is not known is absent.
 */
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { createMetrics } from "../../../src/metrics.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import type { Delivery } from "../../../src/store/model.js";
import { type OverdueDependencies, watchOverdue } from "../../../src/workers/watch/overdue.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { delivery } from "../../store/fixtures.js";

const HOUR_MS = 3_600_000;
const HOUR = 3_600;
let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "overdue");
  store = await database.openStore();
});
afterAll(() => database?.close());

const ago = (hours: number): Date => new Date(Date.now() - hours * HOUR_MS);
const insert = (id: string, fields: Partial<Delivery>): Promise<string[]> =>
  store.deliveries.insertMany([{ ...delivery(id, "sub_1"), attempts: [], attemptCount: 0, ...fields }]);

type Name = "oldestUndelivered" | "oldestOverdue";
/** Looks as on MongoDB, whichever engine the test runs on. */
function watching(deliveries: OverdueDependencies["store"]["deliveries"]) {
  const metrics = createMetrics();
  const watch = watchOverdue({ store: { deliveries, ferretDb: false }, metrics, firstAfterMs: 0, everyMs: 20 });
  /** Undefined while it is absent. */
  const hoursOf = async (name: Name): Promise<number | undefined> => {
    const value = (await metrics[name].get()).values[0]?.value;
    return value === undefined ? undefined : Math.floor(value / HOUR);
  };
  return { metrics, hoursOf, stop: () => watch.stop() };
}

describe("the gauges of late deliveries", () => {
  it("are absent before the first look, and 0 when nothing waits", async () => {
    const { hoursOf, stop } = watching(store.deliveries);
    try {
      expect(await hoursOf("oldestOverdue")).toBeUndefined();
      expect(await hoursOf("oldestUndelivered")).toBeUndefined();
      await expect.poll(() => hoursOf("oldestOverdue")).toBe(0);
      await expect.poll(() => hoursOf("oldestUndelivered")).toBe(0);
    } finally {
      stop();
    }
  });

  it("count as overdue only what waits for Sealpost, no consumer that is down and nothing held", async () => {
    const { hoursOf, stop } = watching(store.deliveries);
    try {
      await insert("evt_delivered", { status: "delivered", createdAt: ago(90) });
      await insert("evt_parked", { status: "parked", createdAt: ago(80) });
      await insert("evt_held", { status: "held", createdAt: ago(70) });
      // The consumer is down. Its next attempt is not due yet.
      await insert("evt_down", { status: "retrying", createdAt: ago(60), nextAttemptAt: ago(-1) });
      await insert("evt_slow", { status: "throttled", createdAt: ago(50), nextAttemptAt: ago(-2) });
      await expect.poll(() => hoursOf("oldestUndelivered")).toBe(70);
      await expect.poll(() => hoursOf("oldestOverdue")).toBe(0);
      // Its attempt has been due for five hours. Only we can be the reason.
      await insert("evt_due", { status: "retrying", createdAt: ago(40), nextAttemptAt: ago(5) });
      await expect.poll(() => hoursOf("oldestOverdue")).toBe(5);
      await insert("evt_slot", { status: "throttled", createdAt: ago(40), nextAttemptAt: ago(7) });
      await expect.poll(() => hoursOf("oldestOverdue")).toBe(7);
      await insert("evt_pending", { status: "pending", createdAt: ago(9) });
      await expect.poll(() => hoursOf("oldestOverdue")).toBe(9);
      expect(await hoursOf("oldestUndelivered")).toBe(70);
    } finally {
      stop();
    }
  });

  it("are absent again when they cannot be read, each for itself", async () => {
    const other = await database.openStore();
    let overdue: typeof other.deliveries.oldestOverdue = (now) => other.deliveries.oldestOverdue(now);
    const { hoursOf, stop } = watching({
      oldestUndelivered: () => other.deliveries.oldestUndelivered(),
      oldestOverdue: (now) => overdue(now),
    });
    try {
      await expect.poll(() => hoursOf("oldestOverdue")).toBeDefined();
      overdue = () => Promise.reject(new Error("It is away."));
      await expect.poll(() => hoursOf("oldestOverdue")).toBeUndefined();
      expect(await hoursOf("oldestUndelivered")).toBeDefined();
      await other.close();
      await expect.poll(() => hoursOf("oldestUndelivered")).toBeUndefined();
    } finally {
      stop();
    }
  });

  it("are absent on FerretDB, where they would read every delivery", async () => {
    vi.useFakeTimers();
    const metrics = createMetrics();
    let asked = 0;
    const ask = (): Promise<undefined> => Promise.resolve(void asked++);
    const deliveries = { oldestUndelivered: ask, oldestOverdue: ask };
    try {
      for (const ferretDb of [false, true]) {
        asked = 0;
        const watch = watchOverdue({ store: { ferretDb, deliveries }, metrics: createMetrics() });
        await vi.advanceTimersByTimeAsync(HOUR_MS);
        watch.stop();
        expect(asked > 0).toBe(!ferretDb);
      }
    } finally {
      vi.useRealTimers();
    }
    for (const name of ["oldestUndelivered", "oldestOverdue"] as const)
      expect((await metrics[name].get()).values).toEqual([]);
  });
});
