import { expect, it } from "vitest";
import { newId } from "../../src/store/ids.js";
import type { Delivery } from "../../src/store/model.js";
import { retryWorkflowId, SIGNAL } from "../../src/workflows/contract.js";
import { setUpWorker, worker } from "./running-worker-setup.js";

setUpWorker();

const until = { timeout: 40_000, interval: 50 };
const failing = { respond: () => ({ status: 503 }) };
/** So long that only a signal brings the next attempt. */
const HOURS = { retry: { scheduleSeconds: [7_200] } };
const record = async (eventId: string, subscriptionId: string): Promise<Delivery | undefined> =>
  worker.store.deliveries.get(`${eventId}.${subscriptionId}`);
const untilStatus = (eventId: string, subscriptionId: string, status: Delivery["status"]) =>
  expect.poll(async () => (await record(eventId, subscriptionId))?.status, until).toBe(status);
/** The record is there a moment before the workflow that looks after it. */
const retryNow = (eventId: string) =>
  expect
    .poll(
      async () =>
        worker.client.workflow
          .getHandle(retryWorkflowId(await worker.ownerOf(eventId)))
          .signal(SIGNAL.retry, {})
          .then(
            () => "told",
            () => "not yet",
          ),
      until,
    )
    .toBe("told");

/** An event whose first attempt was answered 503. */
async function retrying(retry: object = HOURS) {
  const receiver = await worker.receive(failing);
  const {
    eventType,
    subscriptions: [subscription],
  } = await worker.subscribe([receiver.url], retry);
  if (!subscription) throw new Error("no subscription");
  const id = await worker.publish(eventType, { secret: "kingfisher" });
  await untilStatus(id, subscription.id, "retrying");
  return { receiver, eventType, subscription, id };
}

it("tries again by the schedule until it is delivered, and records each attempt once", async () => {
  let answers = 0;
  const receiver = await worker.receive({ respond: () => ({ status: ++answers < 3 ? 500 : 204 }) });
  const {
    eventType,
    subscriptions: [subscription],
  } = await worker.subscribe([receiver.url], { retry: { scheduleSeconds: [1, 1, 1] } });
  const id = await worker.publish(eventType, {});
  await untilStatus(id, subscription?.id ?? "", "delivered");
  expect(await record(id, subscription?.id ?? "")).toMatchObject({
    attemptCount: 3,
    attempts: [
      { number: 1, status: 500 },
      { number: 2, status: 500 },
      { number: 3, status: 204 },
    ],
  });
  expect(receiver.requests.map(({ headers }) => headers["webhook-attempt"])).toEqual(["1", "2", "3"]);
});

it("cancels what waits for a subscription that was deleted", async () => {
  const { receiver, subscription, id } = await retrying();
  await worker.store.subscriptions.delete(subscription.id);
  await retryNow(id);
  await untilStatus(id, subscription.id, "cancelled");
  expect(await record(id, subscription.id)).toMatchObject({ attemptCount: 1, reason: "The subscription was deleted." });
  await worker.client.workflow.getHandle(retryWorkflowId(await worker.ownerOf(id))).result();
  expect(receiver.requests).toHaveLength(1);
});

it("goes to the URL that the subscription has now", async () => {
  const { receiver, subscription, id } = await retrying();
  const moved = await worker.receive();
  await worker.store.subscriptions.update(subscription.id, (current) => ({ ...current, url: moved.url }));
  await retryNow(id);
  await untilStatus(id, subscription.id, "delivered");
  expect([receiver.requests.length, moved.requests.length]).toEqual([1, 1]);
});

it("holds what is due while the subscription is paused, and delivers it on resume", async () => {
  const { receiver, subscription, id } = await retrying();
  await worker.store.subscriptions.update(subscription.id, (current) => ({
    ...current,
    status: "paused",
    statusReason: "maintenance",
  }));
  await retryNow(id);
  await untilStatus(id, subscription.id, "held");
  expect(await record(id, subscription.id)).toMatchObject({
    attemptCount: 1,
    reason: "The subscription is paused: maintenance",
  });
  receiver.respond = () => ({ status: 204 });
  await worker.store.subscriptions.update(subscription.id, (current) => ({ ...current, status: "active" }));
  await worker.wake(id);
  await untilStatus(id, subscription.id, "delivered");
  expect(receiver.requests).toHaveLength(2);
});

it("holds what the group is no longer granted, and delivers it once it is again", async () => {
  const { receiver, subscription, id } = await retrying();
  const { groupId } = (await worker.store.subscriptions.get(subscription.id)) ?? { groupId: "" };
  const grants = (await worker.store.groups.get(groupId))?.grants ?? [];
  await worker.store.groups.update(groupId, (group) => ({ ...group, grants: [] }));
  await retryNow(id);
  await untilStatus(id, subscription.id, "held");
  expect(await record(id, subscription.id)).toMatchObject({
    attemptCount: 1,
    reason: "The group is no longer granted this event type.",
  });
  receiver.respond = () => ({ status: 204 });
  await worker.store.groups.update(groupId, (group) => ({ ...group, grants }));
  await retryNow(id);
  await untilStatus(id, subscription.id, "delivered");
  expect(receiver.requests).toHaveLength(2);
});

it("sends nothing twice when the result could not be recorded", async () => {
  const { receiver, subscription, id } = await retrying();
  receiver.respond = () => {
    worker.proxy.set("holdRequests");
    return { status: 204 };
  };
  await retryNow(id);
  await receiver.waitFor(2);
  await expect.poll(() => worker.proxy.held(), until).toBeGreaterThan(800);
  worker.proxy.set("refuse");
  await expect(worker.catalogue.refresh()).rejects.toMatchObject({ code: "unavailable" });
  worker.proxy.set("pass");
  await untilStatus(id, subscription.id, "delivered");
  expect((await record(id, subscription.id))?.attemptCount).toBe(2);
  expect(receiver.requests).toHaveLength(2);
});

/** What the worker still has in its memory is no question here: the event is one that another process dispatched. */
async function dispatchedElsewhere() {
  const receiver = await worker.receive();
  const {
    eventType,
    subscriptions: [subscription],
  } = await worker.subscribe([receiver.url]);
  if (!subscription) throw new Error("no subscription");
  const make = async (apiId: string) => {
    const id = newId("evt");
    const deliveryId = `${id}.${subscription.id}`;
    await worker.store.events.insertMany([
      {
        record: {
          id,
          type: eventType,
          apiId,
          contentType: "text/plain",
          sha256: "",
          size: 4,
          acceptedAt: new Date(),
          owner: id,
        },
        payload: Buffer.from("text"),
      },
    ]);
    await worker.store.deliveries.insertMany([
      {
        id: deliveryId,
        eventId: id,
        subscriptionId: subscription.id,
        groupId: subscription.groupId,
        eventType,
        status: "pending",
        createdAt: new Date(),
        updatedAt: new Date(),
        attemptCount: 0,
        attempts: [],
      },
    ]);
    return {
      id,
      item: { deliveryId, eventId: id, eventType, status: "pending" as const, attempts: 0, scheduleBase: 0 },
    };
  };
  const retry = async (...items: Awaited<ReturnType<typeof make>>["item"][]) =>
    worker.client.workflow.start("retryDelivery", {
      args: [{ subscriptionId: subscription.id, groupId: subscription.groupId, items, parkOpenDays: 7 }],
      workflowId: newId("retry"),
      taskQueue: worker.taskQueue,
    });
  return { receiver, subscription, make, retry };
}

it("cancels what was erased with its key, spends no attempt, and delivers the rest of the batch", async () => {
  const { receiver, subscription, make, retry } = await dispatchedElsewhere();
  const erased = await make("api_erased");
  const kept = await make("api_kept");
  await worker.store.keyring.destroy("api/api_erased");
  await (await retry(erased.item, kept.item)).result();
  expect(await record(erased.id, subscription.id)).toMatchObject({
    status: "cancelled",
    attemptCount: 0,
    reason: "The event's content was erased.",
  });
  expect(await record(kept.id, subscription.id)).toMatchObject({ status: "delivered", attemptCount: 1 });
  expect(receiver.requests).toHaveLength(1);
});

it("parks what no key opens, with the way out, and delivers it once the key is back", async () => {
  const { receiver, subscription, make, retry } = await dispatchedElsewhere();
  const locked = await make("api_locked");
  const kept = await make("api_open");
  const dataKeys = worker.dataKeys();
  const document = await dataKeys.findOne({ _id: "api/api_locked#1" });
  await dataKeys.deleteOne({ _id: "api/api_locked#1" });
  const handle = await retry(locked.item, kept.item);
  await untilStatus(locked.id, subscription.id, "parked");
  await untilStatus(kept.id, subscription.id, "delivered");
  expect(await record(locked.id, subscription.id)).toMatchObject({
    attemptCount: 0,
    reason: expect.stringMatching(/put the missing master key back, then retry/) as string,
  });
  if (document) await dataKeys.insertOne(document);
  await handle.signal(SIGNAL.retry, {});
  await untilStatus(locked.id, subscription.id, "delivered");
  expect(receiver.requests).toHaveLength(2);
});
