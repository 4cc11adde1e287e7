/** First attempts that leave before the workflow of their event is started, on a running worker. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Delivery } from "../../../src/store/model.js";
import { deliveryIdOf } from "../../../src/workflows/event-id.js";
import { type RunningWorker, startRunningWorker } from "../running-worker.js";

let worker: RunningWorker;
beforeAll(async () => {
  worker = await startRunningWorker({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    startsEarly: true,
  });
});
afterAll(() => worker?.close());

const deliveryOf = (eventId: string, subscriptionId = ""): Promise<Delivery | undefined> =>
  worker.store.deliveries.get(deliveryIdOf(eventId, subscriptionId));
const statusOf = async (eventId: string, subscriptionId?: string): Promise<string | undefined> =>
  (await deliveryOf(eventId, subscriptionId))?.status;
describe("an attempt that left early", () => {
  it("is adopted by the workflow: it arrives once, and is on record once", async () => {
    const receiver = await worker.receive();
    const { eventType, subscriptions } = await worker.subscribe([receiver.url]);
    const ids = await Promise.all(Array.from({ length: 30 }, (_, n) => worker.publish(eventType, { n })));
    for (const id of ids) await worker.ownerEnded(id);
    await expect.poll(() => receiver.requests.length).toBe(30);
    for (const id of ids)
      expect(await deliveryOf(id, subscriptions[0]?.id)).toMatchObject({ status: "delivered", attemptCount: 1 });
  });

  it("and failed is retried by the workflow that adopts it, as the second attempt", async () => {
    let answer = 500;
    const receiver = await worker.receive({ respond: () => ({ status: answer }) });
    const { eventType, subscriptions } = await worker.subscribe([receiver.url], { retry: { scheduleSeconds: [1, 1] } });
    const id = await worker.publish(eventType, { n: 1 });
    await expect.poll(() => statusOf(id, subscriptions[0]?.id)).toBe("retrying");
    answer = 200;
    await expect.poll(() => statusOf(id, subscriptions[0]?.id)).toBe("delivered");
    expect(receiver.requests.map(({ headers }) => headers["webhook-attempt"])).toEqual(["1", "2"]);
    expect((await deliveryOf(id, subscriptions[0]?.id))?.attempts).toHaveLength(2);
  });

  it("has its effect: 410 disables the subscription", async () => {
    const receiver = await worker.receive({ respond: () => ({ status: 410 }) });
    const { eventType, subscriptions } = await worker.subscribe([receiver.url]);
    const id = await worker.publish(eventType, { n: 1 });
    await expect.poll(() => statusOf(id, subscriptions[0]?.id)).toBe("parked");
    await expect
      .poll(async () => (await worker.store.subscriptions.get(subscriptions[0]?.id ?? ""))?.status)
      .toBe("disabled");
    // The store says so a moment before the catalogue in memory does.
    const later = await worker.publish(eventType, { n: 2 });
    await expect.poll(() => statusOf(later, subscriptions[0]?.id)).toBe("held");
    expect(receiver.requests).toHaveLength(1);
  });

  it("is adopted also where the subscription is gone by then", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const receiver = await worker.receive({ respond: () => held.then(() => ({ status: 500 })) });
    const { eventType, subscriptions } = await worker.subscribe([receiver.url]);
    const id = await worker.publish(eventType, { n: 1 });
    await expect.poll(() => receiver.requests.length).toBe(1);
    await worker.store.subscriptions.delete(subscriptions[0]?.id ?? "");
    await worker.catalogue.refresh();
    release();
    await worker.ownerEnded(id);
    await expect.poll(() => statusOf(id, subscriptions[0]?.id)).toBe("cancelled");
    expect((await deliveryOf(id, subscriptions[0]?.id))?.attempts).toHaveLength(1);
  });
});

describe("what does not leave early", () => {
  it("is delivered by the workflow: a rate limit, a pause, a fan-out that is wide", async () => {
    const receiver = await worker.receive();
    const limited = await worker.subscribe([receiver.url], { rateLimit: { perSecond: 100, burst: 10 } });
    const paused = await worker.subscribe([receiver.url], { status: "paused" });
    const wide = await worker.subscribe(
      Array.from({ length: 201 }, (_, index) => receiver.url.replace("/hook", `/wide/${index}`)),
    );
    const [first, second, third] = [
      await worker.publish(limited.eventType, 1),
      await worker.publish(paused.eventType, 2),
      await worker.publish(wide.eventType, 3),
    ];
    await expect.poll(() => statusOf(first, limited.subscriptions[0]?.id)).toBe("delivered");
    await expect.poll(() => statusOf(second, paused.subscriptions[0]?.id)).toBe("held");
    await expect.poll(() => receiver.requests.filter(({ path }) => path.startsWith("/wide/")).length).toBe(201);
    await worker.ownerEnded(third);
    expect(receiver.requests).toHaveLength(202);
  });

  it("is an event whose content was erased right after it was accepted", async () => {
    const receiver = await worker.receive();
    const { eventType } = await worker.subscribe([receiver.url], { rateLimit: { perSecond: 1, burst: 1 } });
    const [first, erased] = [await worker.publish(eventType, 1), await worker.publish(eventType, 2)];
    await worker.store.erasures.erase(`event/${erased}`, "test");
    await worker.ownerEnded(first);
    await worker.ownerEnded(erased);
    const ids = receiver.requests.map(({ headers }) => headers["webhook-id"]);
    expect(ids.filter((id) => id === erased).length).toBeLessThanOrEqual(1);
    expect((await worker.store.events.get(erased))?.expungedAt).toBeDefined();
  });
});
