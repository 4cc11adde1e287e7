/** Endpoints that hang hold few of a worker's slots for activities: the retries of all others go on. */
import { MockActivityEnvironment } from "@temporalio/testing";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { RetryItem } from "../../../src/workflows/contract.js";
import { newGate } from "../../support/gate.js";
import { running, receive, recordOf, setUpRetryRun } from "../retry-run-setup.js";
import { type RunningWorker, startRunningWorker } from "../running-worker.js";
import { singleRetries } from "../single-retries.js";

/** Runs to one endpoint at once, and slots of a worker. */
const EACH = 12;
const SLOTS = 100;

describe("a run of retries", () => {
  setUpRetryRun();

  it("gives its slot back at once where its endpoint has its share of them, and spends nothing", async () => {
    const gate = newGate();
    const hanging = await receive(async () => {
      await gate.pass();
      return { status: 204 };
    });
    const subscription = await running.subscribe(hanging.url, { retry: { timeoutMs: 300_000 } });
    const items = await running.pending(subscription, EACH + 2);
    const [one, held] = items.slice(EACH);
    if (!one || !held) throw new Error("too few items");
    const runs = items.slice(0, EACH).map((item) => running.attempt(subscription, [item]));
    await hanging.waitFor(EACH);
    const before = Date.now();
    const [away] = await running.attempt(subscription, [one]);
    // It comes back as it was, later.
    expect(away).toEqual({ ...one, dueAt: expect.any(Number) as number });
    expect(away?.dueAt).toBeGreaterThan(before);
    // What was held was not looked at, so it must not wait for the next day.
    const asHeld: RetryItem = { ...held, status: "held" };
    expect(await running.attempt(subscription, [asHeld])).toMatchObject([{ status: "pending", attempts: 0 }]);
    // A later run of the same activity does not know what the earlier one has sent.
    expect(await running.attempt(subscription, [one], { number: 2 })).toMatchObject([{ unsure: true, attempts: 0 }]);
    expect(hanging.requests).toHaveLength(EACH);
    expect(await recordOf(one)).toMatchObject({ status: "pending", attemptCount: 0 });
    // Another endpoint is not concerned.
    const prompt = await receive();
    const other = await running.subscribe(prompt.url);
    expect(await running.attempt(other, await running.pending(other, 3))).toMatchObject(
      Array.from({ length: 3 }, () => ({ status: "delivered" })),
    );
    gate.open();
    expect((await Promise.all(runs)).flat()).toMatchObject(
      Array.from({ length: EACH }, () => ({ status: "delivered" })),
    );
    expect(await running.attempt(subscription, away ? [away] : [])).toMatchObject([{ status: "delivered" }]);
    expect(await running.attempt(subscription, [held])).toMatchObject([{ status: "delivered" }]);
    expect(hanging.requests).toHaveLength(EACH + 2);
  });

  it("leaves its place when its worker stops waiting for it", async () => {
    const gate = newGate();
    const hanging = await receive(async () => {
      await gate.pass();
      return { status: 204 };
    });
    const subscription = await running.subscribe(hanging.url, { retry: { timeoutMs: 300_000 } });
    const items = await running.pending(subscription, EACH + 1);
    const mocks = Array.from({ length: EACH }, () => new MockActivityEnvironment());
    const runs = mocks.map((environment, n) => running.attempt(subscription, items.slice(n, n + 1), { environment }));
    await hanging.waitFor(EACH);
    for (const mock of mocks) mock.cancel();
    await Promise.all(runs);
    gate.open();
    expect(await running.attempt(subscription, items.slice(EACH))).toMatchObject([{ status: "delivered" }]);
  });
});

describe("a worker", () => {
  let worker: RunningWorker;
  beforeAll(async () => {
    worker = await startRunningWorker({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  });
  afterAll(() => worker?.close());
  const until = { timeout: 100_000, interval: 50 };

  it("delivers what is retried elsewhere while more endpoints hang than it has slots for", async () => {
    const gate = newGate();
    const hanging = await worker.receive({ respond: () => gate.pass().then(() => ({ status: 204 })) });
    // Nothing of it may time out on a busy machine.
    const { eventType, subscriptions } = await worker.subscribe(
      Array.from({ length: 4 }, (_, n) => hanging.url.replace("/hook", `/${n}`)),
      { retry: { timeoutMs: 300_000 } },
    );
    const ids: string[] = [];
    // Each endpoint gets 32 requests at once where nothing else bounds them, and four of them more than all slots.
    for (const subscription of subscriptions)
      ids.push(...(await singleRetries(worker, eventType, subscription, 35)).map(({ deliveryId }) => deliveryId));
    expect(ids.length).toBeGreaterThan(SLOTS);
    await hanging.waitFor(4 * EACH, 100_000);

    let answers = 0;
    const failing = await worker.receive({ respond: () => ({ status: ++answers < 2 ? 503 : 204 }) });
    const other = await worker.subscribe([failing.url], { retry: { scheduleSeconds: [1] } });
    const eventId = await worker.publish(other.eventType, {});
    const statusOf = async (id: string) => (await worker.store.deliveries.get(id))?.status;
    await expect.poll(() => statusOf(`${eventId}.${other.subscriptions[0]?.id}`), until).toBe("delivered");
    expect(hanging.requests).toHaveLength(4 * EACH);

    gate.open();
    for (const id of ids) await expect.poll(() => statusOf(id), until).toBe("delivered");
    // Nothing was sent twice, and no attempt was spent on waiting.
    expect(hanging.requests).toHaveLength(ids.length);
    expect(new Set(hanging.requests.map(({ headers }) => headers["webhook-attempt"]))).toEqual(new Set(["1"]));
  });
});
