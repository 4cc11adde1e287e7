/** What a dispatch hands over: one workflow, whatever number of subscriptions and pages it concerns. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Subscription } from "../../src/store/model.js";
import { formerRetryWorkflowId, type RetryItem, retryWorkflowId, SIGNAL } from "../../src/workflows/contract.js";
import { type RunningWorker, startRunningWorker } from "./running-worker.js";

const until = { timeout: 100_000, interval: 50 };

async function workerOf(sharesRetries: boolean): Promise<RunningWorker> {
  return startRunningWorker({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    sharesRetries,
  });
}
const record = (worker: RunningWorker, eventId: string, { id }: Subscription) =>
  worker.store.deliveries.get(`${eventId}.${id}`);

/** Names of the `retryDelivery` workflows that these workflows have started. */
async function startedBy(worker: RunningWorker, workflowIds: readonly string[]): Promise<string[]> {
  const started: string[] = [];
  for (const id of workflowIds) {
    const { events } = await worker.client.workflow.getHandle(id).fetchHistory();
    for (const { startChildWorkflowExecutionInitiatedEventAttributes: child } of events ?? [])
      if (child?.workflowType?.name === "retryDelivery") started.push(child.workflowId ?? "");
  }
  return started;
}

describe("with workers of this release only", () => {
  let worker: RunningWorker;
  beforeAll(async () => void (worker = await workerOf(true)));
  afterAll(() => worker?.close());

  /** Subscriptions of one event type: some are refused at once, all others get 204. */
  async function subscribed(all: number, failing: number, status = 503) {
    const receiver = await worker.receive({
      respond: ({ path }) => ({ status: Number(path.slice(1)) < failing ? status : 204 }),
    });
    const { eventType, subscriptions } = await worker.subscribe(
      Array.from({ length: all }, (_, n) => receiver.url.replace("/hook", `/${n}`)),
      { retry: { scheduleSeconds: [7_200] } },
    );
    return { receiver, eventType, subscriptions, failed: subscriptions.slice(0, failing) };
  }

  it.each([
    ["1 of 1", 1, 1],
    ["3 of 60", 60, 3],
    ["60 of 60", 60, 60],
  ])("one workflow takes what %s subscriptions do not accept", async (_what, all, failing) => {
    const { eventType, failed, subscriptions } = await subscribed(all, failing);
    const eventId = await worker.publish(eventType, {});
    const owner = await worker.ownerEnded(eventId);
    expect(await startedBy(worker, [owner])).toEqual([retryWorkflowId(owner)]);
    for (const subscription of failed)
      expect(await record(worker, eventId, subscription)).toMatchObject({
        status: "retrying",
        attemptCount: 1,
        workflowId: retryWorkflowId(owner),
      });
    for (const subscription of subscriptions.slice(failing))
      expect(await record(worker, eventId, subscription)).toMatchObject({ status: "delivered" });
    const items = await worker.client.workflow.getHandle(retryWorkflowId(owner)).query<RetryItem[]>("state");
    expect(items.map(({ deliveryId }) => deliveryId).sort()).toEqual(failed.map(({ id }) => `${eventId}.${id}`).sort());
  });

  it("hands nothing over when everything is accepted", async () => {
    const { eventType } = await subscribed(5, 0);
    const owner = await worker.ownerEnded(await worker.publish(eventType, {}));
    expect(await startedBy(worker, [owner])).toEqual([]);
  });

  it("a signal may mean one subscription, and leaves the others as they are", async () => {
    const { receiver, eventType, failed } = await subscribed(3, 3, 422);
    const [first, second, third] = failed;
    if (!first || !second || !third) throw new Error("no subscriptions");
    const eventId = await worker.publish(eventType, {});
    const owner = await worker.ownerEnded(eventId);
    const handle = worker.client.workflow.getHandle(retryWorkflowId(owner));
    const statuses = async () => Promise.all(failed.map(async (each) => (await record(worker, eventId, each))?.status));
    await expect.poll(statuses, until).toEqual(["parked", "parked", "parked"]);
    receiver.respond = () => ({ status: 204 });
    await handle.signal(SIGNAL.retry, { subscriptionId: second.id });
    await expect.poll(statuses, until).toEqual(["parked", "delivered", "parked"]);
    await handle.signal(SIGNAL.cancel, { subscriptionId: third.id, reason: "gone" });
    await expect.poll(statuses, until).toEqual(["parked", "delivered", "cancelled"]);
    // No subscription has this id.
    await handle.signal(SIGNAL.retry, { subscriptionId: "sub_other" });
    await handle.signal(SIGNAL.retry, { deliveryIds: [`${eventId}.${first.id}`] });
    await handle.result();
    expect(await statuses()).toEqual(["delivered", "delivered", "cancelled"]);
    expect(receiver.requests).toHaveLength(3 + 2);
  });

  it("an endpoint that hangs does not hold up the retries of another one in the same workflow", async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const times = new Map<string, number>();
    const receiver = await worker.receive({
      respond: async ({ path }) => {
        const time = (times.get(path) ?? 0) + 1;
        times.set(path, time);
        if (path === "/hangs" && time > 1) await released;
        return { status: time < 4 ? 503 : 204 };
      },
    });
    const { eventType, subscriptions } = await worker.subscribe(
      ["/hangs", "/fails"].map((path) => receiver.url.replace("/hook", path)),
      { retry: { scheduleSeconds: [1], maxAttempts: 9, timeoutMs: 300_000 } },
    );
    const [hangs, fails] = subscriptions;
    if (!hangs || !fails) throw new Error("no subscriptions");
    const eventId = await worker.publish(eventType, {});
    await expect.poll(async () => (await record(worker, eventId, fails))?.status, until).toBe("delivered");
    expect(times.get("/hangs")).toBeLessThanOrEqual(2);
    expect((await record(worker, eventId, hangs))?.status).toBe("retrying");
    release();
    await expect.poll(async () => (await record(worker, eventId, hangs))?.status, until).toBe("delivered");
    await worker.client.workflow.getHandle(retryWorkflowId(await worker.ownerOf(eventId))).result();
  });
});

describe("while a worker of an earlier release polls", () => {
  let worker: RunningWorker;
  beforeAll(async () => void (worker = await workerOf(false)));
  afterAll(() => worker?.close());

  it("each subscription gets a workflow of its own, which such a worker knows", async () => {
    const receiver = await worker.receive({ respond: () => ({ status: 422 }) });
    const { eventType, subscriptions } = await worker.subscribe(
      ["/1", "/2"].map((path) => receiver.url.replace("/hook", path)),
    );
    const eventId = await worker.publish(eventType, {});
    const owner = await worker.ownerEnded(eventId);
    const ids = subscriptions.map(({ id }) => formerRetryWorkflowId(owner, id));
    expect((await startedBy(worker, [owner])).sort()).toEqual(ids.sort());
    for (const subscription of subscriptions)
      expect((await record(worker, eventId, subscription))?.workflowId).toBe(
        formerRetryWorkflowId(owner, subscription.id),
      );
  });
});
