/** Recoveries of what a subscription never got: the real workflow on a real worker, real records, a real receiver. */
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { newId } from "../../src/store/ids.js";
import { type Endpoint, eventIds, type Recovering, recovering, until } from "./recovering.js";
import { type RunningWorker, startRunningWorker } from "./running-worker.js";

let worker: RunningWorker;
let { endpoint, recordOf, recover, ended } = {} as Recovering;
beforeAll(async () => {
  worker = await startRunningWorker({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  ({ endpoint, recordOf, recover, ended } = recovering(worker));
});
afterAll(() => worker?.close());

/** Events on record without any delivery. The event type is there since long before. */
async function undelivered({ eventType }: Endpoint, count: number, payload: object = {}): Promise<string[]> {
  await worker.store.eventTypes.update(eventType, (type) => ({ ...type, createdAt: new Date(0) }));
  const ids = Array.from({ length: count }, () => newId("evt"));
  await worker.store.events.insertMany(
    ids.map((id, index) => ({
      record: {
        id,
        type: eventType,
        apiId: worker.apiId,
        contentType: "application/json",
        sha256: "x",
        size: 2,
        acceptedAt: new Date(Date.now() - 60_000 + index),
        owner: id,
      },
      payload: Buffer.from(JSON.stringify(payload)),
    })),
  );
  await worker.catalogue.refresh();
  return ids;
}

it("sends each event that has no delivery, and a second run doubles nothing", async () => {
  const at = await endpoint({ rateLimit: { perSecond: 50, burst: 1 } });
  const ids = await undelivered(at, 12);
  const filter = { mode: "missing" as const, subscriptionId: at.subscription.id };
  const id = await recover(filter);
  await ended(id);
  expect(await recordOf(id)).toMatchObject({
    status: "done",
    progress: { found: 12, sent: 12, delivered: 12, skipped: {} },
  });
  expect(eventIds(at.receiver.requests).sort()).toEqual([...ids].sort());
  for (const event of ids)
    expect(await worker.store.deliveries.get(`${event}.${at.subscription.id}`)).toMatchObject({
      eventId: event,
      groupId: at.subscription.groupId,
      status: "delivered",
      attemptCount: 1,
    });
  const again = await recover(filter);
  await ended(again);
  expect(await recordOf(again)).toMatchObject({ status: "done", progress: { found: 0, sent: 0 } });
  expect(at.receiver.requests).toHaveLength(12);
});

it("leaves out what the filter of now does not want, what is erased, and what is still being dispatched", async () => {
  const at = await endpoint({ filter: "data.total > 500" });
  const wanted = await undelivered(at, 3, { total: 900 });
  await undelivered(at, 4, { total: 1 });
  const [erased = ""] = await undelivered(at, 1, { total: 900 });
  await worker.store.erasures.erase(`event/${erased}`, "test");
  const held = await worker.client.workflow.start("retryDelivery", {
    workflowId: newId("evt"),
    taskQueue: "nobody-works-here",
    args: [],
  });
  const [underWay = ""] = await undelivered(at, 1, { total: 900 });
  await worker.store.events.takeOver(underWay, underWay, held.workflowId);
  const id = await recover({ mode: "missing", subscriptionId: at.subscription.id });
  await ended(id);
  await held.terminate();
  expect(await recordOf(id)).toMatchObject({
    status: "done",
    progress: { found: 4, sent: 3, delivered: 3, skipped: { under_way: 1 } },
  });
  expect(eventIds(at.receiver.requests).sort()).toEqual([...wanted].sort());
  expect(await worker.store.deliveries.get(`${underWay}.${at.subscription.id}`)).toBeUndefined();
});

it("skips what is not for the subscription any more when its turn comes, and makes no record of it", async () => {
  const at = await endpoint();
  const ids = await undelivered(at, 40);
  const id = await recover({ mode: "missing", subscriptionId: at.subscription.id }, { ratePerSecond: 1 });
  await at.receiver.waitFor(1);
  await worker.store.subscriptions.update(at.subscription.id, (current) => ({ ...current, filter: "false" }));
  await ended(id);
  const { progress } = (await recordOf(id)) ?? {};
  expect(progress?.skipped.filtered).toBeGreaterThan(20);
  expect((progress?.sent ?? 0) + (progress?.skipped.filtered ?? 0)).toBe(40);
  const made = await worker.store.deliveries.getMany(ids.map((event) => `${event}.${at.subscription.id}`));
  expect(made.size).toBe(progress?.sent);
});

it("never goes above the rate of the subscription, whatever it was given", async () => {
  const at = await endpoint({ rateLimit: { perSecond: 1, burst: 1 } });
  await undelivered(at, 3);
  const id = await recover({ mode: "missing", subscriptionId: at.subscription.id }, { ratePerSecond: 100 });
  await expect.poll(() => at.receiver.requests.length, until).toBe(3);
  await ended(id);
  const times = at.receiver.requests.map(({ at: time }) => time);
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1_500);
});
