import { randomBytes } from "node:crypto";
import type { Client } from "@temporalio/client";
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { Worker } from "@temporalio/worker";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createThrottle, type PacedSubscription, type Throttle } from "../../../src/activities/pace/throttle.js";
import { bucketWorkflowId, type RateLimit, type Reservation } from "../../../src/workflows/contract.js";
import { builtBundle } from "../../support/built-bundle.js";
import { provenConverter } from "../../support/proven.js";
import { mostOverLimit } from "../../support/rate.js";

const taskQueue = `throttle-${randomBytes(4).toString("hex")}`;
const log = { warn: (...said: unknown[]) => void warnings.push(said) };
const warnings: unknown[] = [];
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let environment: TestWorkflowEnvironment;
let client: Client;
let worker: Worker;
let running: Promise<void>;
const throttles: Throttle[] = [];

beforeAll(async () => {
  environment = await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") });
  client = environment.client;
  worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    dataConverter: provenConverter,
    workflowBundle: await builtBundle(),
  });
  running = worker.run();
});
afterAll(async () => {
  throttles.forEach((throttle) => throttle.close());
  worker?.shutdown();
  await running;
  await environment?.teardown();
});

const subscribed = (rateLimit?: RateLimit, updatedAt = new Date()): PacedSubscription => ({
  id: `sub_${randomBytes(6).toString("hex")}`,
  updatedAt,
  ...(rateLimit && { rateLimit }),
});
function throttleOf(current?: () => PacedSubscription): Throttle {
  const throttle = createThrottle({
    client,
    log,
    taskQueue,
    ...(current && { catalogue: { subscription: current as never, pauseEnd: () => 0 } }),
  });
  throttles.push(throttle);
  return throttle;
}

/** Sends as `attempt` does: slots, waits, and reservations that are redeemed by whichever worker is next. */
async function sender(
  workers: Throttle[],
  subscription: PacedSubscription,
  sent: number[],
  until: () => boolean,
): Promise<void> {
  let reservation: Reservation | undefined;
  for (let turn = 0; !until(); turn += 1) {
    const throttle = workers[turn % workers.length] ?? workers[0];
    if (!throttle) return;
    const [slot] = await throttle.take(subscription, 1, {
      maxWaitMs: 2_000,
      ...(reservation && { reservations: [reservation] }),
    });
    reservation = undefined;
    if (slot?.kind === "later") {
      reservation = slot.reservation;
      while (!until() && Date.now() < slot.dueAt) await pause(Math.min(100, slot.dueAt - Date.now()));
    } else if (slot && (await throttle.begin(subscription, slot)) && !until()) {
      sent.push(Date.now());
    }
  }
}

async function backlog(
  workers: Throttle[],
  subscription: PacedSubscription,
  senders: number,
  forMs: number,
): Promise<number[]> {
  const sent: number[] = [];
  const end = Date.now() + forMs;
  await Promise.all(
    Array.from({ length: senders }, (_, index) =>
      sender(
        [...workers.slice(index % workers.length), ...workers.slice(0, index % workers.length)],
        subscription,
        sent,
        () => Date.now() >= end,
      ),
    ),
  );
  return sent;
}

async function messagesOf(subscription: PacedSubscription): Promise<number[]> {
  const { events } = await client.workflow.getHandle(bucketWorkflowId(subscription.id)).fetchHistory();
  return (events ?? [])
    .filter(
      ({ workflowExecutionUpdateAcceptedEventAttributes: update, workflowExecutionSignaledEventAttributes: signal }) =>
        update ?? signal,
    )
    .map(({ eventTime }) => Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6);
}

// Beside each other: they wait for the clock.
describe.concurrent("three workers of one subscription", () => {
  it.each([
    { perSecond: 0.5, burst: 1, senders: 4, forMs: 18_000 },
    { perSecond: 5, burst: 5, senders: 20, forMs: 12_000 },
    { perSecond: 50, burst: 10, senders: 60, forMs: 8_000 },
  ])(
    "keep to $perSecond/s with a burst of $burst and use at least 95 % of it",
    async ({ perSecond, burst, senders, forMs }) => {
      const rate = { perSecond, burst };
      const subscription = subscribed(rate);
      const sent = await backlog([throttleOf(), throttleOf(), throttleOf()], subscription, senders, forMs);
      expect(mostOverLimit(sent, rate)).toBeLessThanOrEqual(1);
      // The burst is not counted: it would hide a pause in the middle.
      expect(sent.length - burst).toBeGreaterThanOrEqual(
        (0.95 * perSecond * (Math.max(...sent) - Math.min(...sent))) / 1_000,
      );
      expect(Math.max(...sent) - Math.min(...sent)).toBeGreaterThan(0.8 * forMs);
      const asked = await messagesOf(subscription);
      // The first message of each worker comes unannounced.
      expect(asked.length).toBeLessThanOrEqual(3 + (5 * forMs) / 1_000);
      expect(warnings).toEqual([]);
    },
    60_000,
  );
});

describe("a changed rate", () => {
  it("counts everywhere within 2 s, and what was given out before is void", async () => {
    const slow = { perSecond: 0.5, burst: 1 };
    const fast = { perSecond: 20, burst: 4 };
    let subscription = subscribed(slow);
    const workers = [throttleOf(() => subscription), throttleOf(() => subscription), throttleOf(() => subscription)];
    const before = subscription;
    const [first] = await workers[0]!.take(before, 1, { maxWaitMs: 2_000 });
    const old = (await workers[1]!.take(before, 4, { maxWaitMs: 500 })).map((slot) =>
      slot.kind === "later" ? slot.reservation : undefined,
    );
    expect(old.filter(Boolean)).toHaveLength(4);
    subscription = { ...before, rateLimit: fast, updatedAt: new Date(before.updatedAt.getTime() + 1) };
    const changedAt = Date.now();
    if (first?.kind === "start") expect(await workers[0]!.begin(before, first)).toBe(false);
    const redeemed = await workers[2]!.take(subscription, 4, { maxWaitMs: 2_000, reservations: old });
    expect(redeemed.every((slot) => slot.kind === "start" && slot.at < changedAt + 2_000)).toBe(true);
    const sent = await backlog(workers, subscription, 12, 3_000);
    expect(mostOverLimit(sent, fast)).toBeLessThanOrEqual(1);
    expect(sent.filter((at) => at < changedAt + 2_000).length).toBeGreaterThan(5);
  });

  it("is taken over by the bucket from whichever worker knows it first", async () => {
    const old = subscribed({ perSecond: 100, burst: 50 });
    const changed = { ...old, rateLimit: { perSecond: 1, burst: 1 }, updatedAt: new Date(old.updatedAt.getTime() + 1) };
    const [behind, ahead] = [throttleOf(), throttleOf()];
    await behind.take(old, 1, { maxWaitMs: 100 });
    await ahead.take(changed, 1, { maxWaitMs: 100 });
    await expect
      .poll(
        async () => (await behind.take(old, 20, { maxWaitMs: 500 })).filter(({ kind }) => kind === "start").length,
        { timeout: 2_000 },
      )
      .toBeLessThanOrEqual(1);
  });
});

describe("a pause", () => {
  it("holds at once where it was noticed, and through the bucket in the other workers", async () => {
    const subscription = subscribed({ perSecond: 50, burst: 20 });
    const [noticed, other] = [throttleOf(), throttleOf()];
    const [ready] = await noticed.take(subscription, 1, { maxWaitMs: 500 });
    const untilMs = Date.now() + 60_000;
    const told = noticed.pause(subscription, untilMs);
    expect(noticed.pausedUntil(subscription)).toBe(untilMs);
    if (ready?.kind === "start") expect(await noticed.begin(subscription, ready)).toBe(false);
    expect(await noticed.take(subscription, 2, { maxWaitMs: 500 })).toEqual([
      { kind: "later", dueAt: untilMs },
      { kind: "later", dueAt: untilMs },
    ]);
    await told;
    const slots = await other.take(subscription, 3, { maxWaitMs: 2_000 });
    expect(slots.map((slot) => slot.kind === "later" && slot.reservation && slot.reservation.at >= untilMs)).toEqual([
      true,
      true,
      true,
    ]);
    expect(other.pausedUntil(subscription)).toBe(untilMs);
  });

  it("holds without a rate limit too, from this process or from the subscription", async () => {
    const subscription = subscribed();
    const throttle = throttleOf();
    const [slot] = await throttle.take(subscription, 1, { maxWaitMs: 0 });
    expect(slot?.kind === "start" && (await throttle.begin(subscription, slot))).toBe(true);
    const untilMs = Date.now() + 30_000;
    expect(throttle.pausedUntil({ ...subscription, throttledUntil: new Date(untilMs) })).toBe(untilMs);
    expect(throttle.pausedUntil(subscription)).toBe(0);
    await throttle.pause(subscription, untilMs);
    expect(throttle.pausedUntil(subscription)).toBe(untilMs);
    expect(await throttle.take(subscription, 1, { maxWaitMs: 0 })).toEqual([{ kind: "later", dueAt: untilMs }]);
    await expect(client.workflow.getHandle(bucketWorkflowId(subscription.id)).describe()).rejects.toThrow();
  });
});

describe("messages", () => {
  it("are fewer than the events under light load: spare tokens serve most of them", async () => {
    const subscription = subscribed({ perSecond: 40, burst: 40 });
    const throttle = throttleOf();
    for (let sent = 0; sent < 40;) {
      const [slot] = await throttle.take(subscription, 1, { maxWaitMs: 2_000 });
      // A busy machine may miss a slot. The next one is asked for then.
      if (slot?.kind === "start" && (await throttle.begin(subscription, slot))) sent += 1;
      await pause(50);
    }
    expect((await messagesOf(subscription)).length).toBeLessThanOrEqual(20);
  });

  it("reach a bucket that is just ending", async () => {
    const throttle = throttleOf();
    const idleMs = 300;
    const slots = await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        const subscription = subscribed({ perSecond: 5, burst: 1 });
        const workflowId = bucketWorkflowId(subscription.id);
        const handle = await client.workflow.start("tokenBucket", {
          workflowId,
          taskQueue,
          args: [
            {
              subscriptionId: subscription.id,
              rate: subscription.rateLimit,
              rateAsOf: subscription.updatedAt.getTime(),
              idleMs,
            },
          ],
        });
        // Around the instant of its end, from before to after. The engine's timers are up to a second late.
        await pause(idleMs + 400 + index * 50);
        const [slot] = await throttle.take(subscription, 1, { maxWaitMs: 2_000 });
        const { firstExecutionRunId } = handle;
        return { slot, firstExecutionRunId, workflowId };
      }),
    );
    expect(slots.map(({ slot }) => slot?.kind)).toEqual(slots.map(() => "start"));
    const runs = await Promise.all(
      slots.map(
        async ({ workflowId, firstExecutionRunId }) =>
          (await client.workflow.getHandle(workflowId).describe()).runId === firstExecutionRunId,
      ),
    );
    // Both happened: some met the bucket before its end, some a new one.
    expect(new Set(runs).size).toBe(2);
  });

  it("go on in a new run of the bucket, which keeps its state", async () => {
    const subscription = subscribed({ perSecond: 1, burst: 1 });
    const throttle = throttleOf();
    await throttle.take(subscription, 3, { maxWaitMs: 100 });
    const handle = client.workflow.getHandle(bucketWorkflowId(subscription.id));
    const { runId: first, priority } = await handle.describe();
    // Its tasks go before those of all who wait for its answer.
    expect(priority).toMatchObject({ priorityKey: 1 });
    for (let sent = 0; sent < 1_600; sent += 100)
      await Promise.all(Array.from({ length: 100 }, () => handle.signal("pause", { untilMs: 1 })));
    await expect.poll(async () => (await handle.describe()).runId, { timeout: 30_000 }).not.toBe(first);
    expect((await handle.describe()).priority).toMatchObject({ priorityKey: 1 });
    const at = Date.now();
    const slots = await throttleOf().take(subscription, 30, { maxWaitMs: 0 });
    // 33 slots at one a second: only a kept state puts the last one so far away.
    const last = slots.at(-1);
    expect(last?.kind === "later" && (last.reservation?.at ?? 0) - at).toBeGreaterThan(
      29_000 - (at - subscription.updatedAt.getTime()) + 3_000,
    );
  });

  it("that fail give `later` instead of an error, and are said in the log", async () => {
    const before = warnings.length;
    const nobody = createThrottle({ client, log, taskQueue: `${taskQueue}-without-worker` });
    const [slot] = await nobody.take(subscribed({ perSecond: 1, burst: 1 }), 1, { maxWaitMs: 1_000 });
    expect(slot).toMatchObject({ kind: "later" });
    expect(warnings.length).toBe(before + 1);
    nobody.close();
  });
});
