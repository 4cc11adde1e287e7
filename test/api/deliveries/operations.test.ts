import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Operations } from "../../../src/api/dependencies.js";
import { createOperations } from "../../../src/api/deliveries/operations.js";
import type { Delivery, Subscription } from "../../../src/store/model.js";
import type { Store } from "../../../src/store/store.js";
import { bucketWorkflowId, type Lease } from "../../../src/workflows/contract.js";
import { noProgress } from "../../../src/workflows/recovery/recovery-contract.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { consumer, retryInput, testEngine, type TestEngine } from "../../workflows/engine.js";

let database: TestDatabase;
let store: Store;
let engine: TestEngine;
let operations: Operations;
const log = { info: () => undefined } as never;
const within = { timeout: 20_000, interval: 50 };

beforeAll(async () => {
  [database, engine] = await Promise.all([openDatabase(inject("mongodbUrl"), "operations"), testEngine()]);
  store = await database.openStore();
  operations = createOperations({ client: engine.client, store, log, parkOpenDays: 7, taskQueue: engine.taskQueue });
});
afterAll(async () => {
  await engine.close();
  await database.close();
});

async function recorded(over: Partial<Delivery>): Promise<Delivery> {
  const [item] = retryInput(1).items;
  const [eventId = "", subscriptionId = ""] = item?.deliveryId.split(".") ?? [];
  const now = new Date();
  const delivery: Delivery = {
    id: `${eventId}.${subscriptionId}`,
    eventId,
    subscriptionId,
    groupId: "grp_1",
    eventType: "test.made",
    status: "parked",
    createdAt: now,
    updatedAt: now,
    attemptCount: 1,
    attempts: [],
    ...over,
  };
  await store.deliveries.insertMany([delivery]);
  return delivery;
}
/** A consumer whose attempts are recorded as the real activity does. */
async function working(status: "delivered" | "parked" | "held") {
  const side = consumer(() => ({ status }));
  const worker = await engine.work({
    ...side.activities,
    attempt: async (given) => {
      const report = await side.activities.attempt(given);
      await store.deliveries.record(
        report.items.map((item) => ({
          id: item.deliveryId,
          status: item.status,
          attemptCount: item.attempts,
          ...(status === "delivered" && { workflowId: null }),
        })),
      );
      return report;
    },
  });
  return { side, stop: () => worker.stop() };
}

describe("resend", () => {
  it("starts a workflow of its own when none is open, and the record keeps what the attempt came to", async () => {
    const { side, stop } = await working("delivered");
    const delivery = await recorded({ status: "exhausted", attemptCount: 12 });
    await operations.resend(delivery, "key:1");
    await engine.client.workflow.getHandle(`resend/${delivery.id}`).result();
    expect(side.calls).toMatchObject([{ deliveryId: delivery.id, attempt: 13 }]);
    expect(await store.deliveries.get(delivery.id)).toMatchObject({ status: "delivered", attemptCount: 13 });
    await stop();
  });

  it("goes through the open workflow, and repeating it starts nothing more", async () => {
    const { side, stop } = await working("parked");
    const delivery = await recorded({ status: "exhausted" });
    await operations.resend(delivery, "key:1");
    const handle = engine.client.workflow.getHandle(`resend/${delivery.id}`);
    await expect.poll(() => side.calls.length, within).toBe(1);
    const current = await store.deliveries.get(delivery.id);
    expect(current?.workflowId).toBe(handle.workflowId);
    const { runId } = await handle.describe();
    await operations.resend(current ?? delivery, "key:1");
    await operations.resend(delivery, "key:2");
    await expect.poll(() => side.calls.length, within).toBeGreaterThan(1);
    expect((await handle.describe()).runId).toBe(runId);
    expect(await operations.cancel(current ?? delivery, "key:1")).toBe(true);
    await handle.result();
    expect(side.recorded).toMatchObject([{ by: "key:1", items: [{ status: "cancelled" }] }]);
    await stop();
  });

  it("starts anew when the workflow in the record has ended", async () => {
    const { side, stop } = await working("delivered");
    const delivery = await recorded({ workflowId: "retry/long-gone/sub" });
    await operations.resend(delivery, "key:1");
    await engine.client.workflow.getHandle(`resend/${delivery.id}`).result();
    expect(side.calls).toHaveLength(1);
    await stop();
  });
});

describe("cancel", () => {
  it("is refused for what is settled, and writes the record where no workflow is open", async () => {
    expect(await operations.cancel(await recorded({ status: "delivered" }), "key:1")).toBe(false);
    const delivery = await recorded({ workflowId: "retry/long-gone/sub" });
    expect(await operations.cancel(delivery, "key:1")).toBe(true);
    const after = await store.deliveries.get(delivery.id);
    expect(after).toMatchObject({ status: "cancelled" });
    expect(after?.reason).toBe("Cancelled by hand. (by key:1)");
    expect(after?.workflowId).toBeUndefined();
  });
});

describe("wake", () => {
  it("reaches the open workflows of the subscription and minds no ended one", async () => {
    const input = retryInput(1, { status: "held" });
    const [item] = input.items;
    const workflowId = `held-${randomBytes(5).toString("hex")}`;
    const handle = await engine.client.workflow.start("retryDelivery", {
      workflowId,
      taskQueue: engine.taskQueue,
      args: [input],
    });
    const place = { subscriptionId: input.subscriptionId, status: "held" as const };
    await recorded({ ...place, id: item?.deliveryId ?? "", workflowId });
    await recorded({ ...place, workflowId: "retry/long-gone/sub" });
    const { side, stop } = await working("delivered");
    await operations.wake(input.subscriptionId);
    await handle.result();
    expect(side.calls).toHaveLength(1);
    await stop();
  });
});

describe("configureBucket and startRecovery", () => {
  it("tells a bucket that runs, and starts none", async () => {
    const { stop } = await working("delivered");
    const subscription = {
      id: `sub_${randomBytes(5).toString("hex")}`,
      rateLimit: { perSecond: 50, burst: 5 },
      updatedAt: new Date(),
    } as Subscription;
    await operations.configureBucket(subscription);
    await expect(engine.client.workflow.getHandle(bucketWorkflowId(subscription.id)).describe()).rejects.toThrow();
    const old = { perSecond: 1, burst: 1 };
    const handle = await engine.client.workflow.start("tokenBucket", {
      workflowId: bucketWorkflowId(subscription.id),
      taskQueue: engine.taskQueue,
      args: [{ subscriptionId: subscription.id, rate: old, rateAsOf: 1 }],
    });
    await operations.configureBucket(subscription);
    const lease = await handle.executeUpdate<Lease, [object]>("lease", {
      args: [{ count: 3, rate: old, rateAsOf: 1 }],
    });
    expect((lease.slots[2] ?? 0) - (lease.slots[0] ?? 0)).toBeLessThan(500);
    await handle.terminate();
    await stop();
  });

  it("starts a recovery once", async () => {
    const done: string[] = [];
    const worker = await engine.work({
      recoverySubscriptions: async () => [],
      recordRecovery: async ({ recoveryId, status }) => void (status === "done" && done.push(recoveryId)),
    });
    const id = `rec_${randomBytes(5).toString("hex")}`;
    const now = new Date();
    await operations.startRecovery({
      id,
      filter: {},
      status: "running",
      progress: noProgress(),
      createdBy: "key:1",
      createdAt: now,
      updatedAt: now,
    });
    await engine.client.workflow.getHandle(`recovery/${id}`).result();
    expect(done).toEqual([id]);
    await worker.stop();
  });
});
