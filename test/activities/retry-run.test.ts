/** One run of the activity `attempt`: what it tells the engine, what cancels it, and what changes while it lasts. */
import { MockActivityEnvironment } from "@temporalio/testing";
import { describe, expect, it } from "vitest";
import type { RetryItem } from "../../src/workflows/contract.js";
import { newGate } from "../support/gate.js";
import { type Receiver } from "../support/receiver.js";
import { running, receive, statuses, recordOf, setUpRetryRun } from "./retry-run-setup.js";

setUpRetryRun();

/** Answers once the gate is open. `WIDTH` requests are under way at once, so what is beyond them waits. */
async function holding() {
  const gate = newGate();
  const receiver = await receive(async () => {
    await gate.pass();
    return { status: 204 };
  });
  return { gate, receiver };
}
const WIDTH = 10;
const sentTo = ({ requests }: Receiver) => requests.map(({ headers }) => headers["webhook-id"]);

describe("towards the engine", () => {
  it("gives a sign of life before every request", async () => {
    const receiver = await receive();
    const subscription = await running.subscribe(receiver.url);
    const mock = new MockActivityEnvironment();
    let [beats, requests] = [0, 0];
    mock.on("heartbeat", () => (beats += 1));
    receiver.respond = () => {
      requests += 1;
      expect(beats).toBeGreaterThanOrEqual(requests);
      return { status: 204 };
    };
    const items = await running.pending(subscription, 25);
    expect(new Set(statuses(await running.attempt(subscription, items, { environment: mock })))).toEqual(
      new Set(["delivered"]),
    );
    expect(beats).toBe(25);
  });

  it(
    "begins nothing more once it is cancelled, ends the requests under way, and reports what was " + "delivered",
    async () => {
      const gate = newGate();
      const receiver = await receive(async ({ number }) => {
        if (number > 5) await gate.pass();
        return { status: 204 };
      });
      const subscription = await running.subscribe(receiver.url);
      const items = await running.pending(subscription, 5 + 2 * WIDTH);
      const mock = new MockActivityEnvironment();
      const run = running.attempt(subscription, items, { environment: mock });
      await receiver.waitFor(5 + WIDTH);
      mock.cancel();
      // The endpoint never answers the others: only a request that is ended lets the activity report.
      const reached = await run;
      gate.open();
      expect(statuses(reached).filter((status) => status === "delivered")).toHaveLength(5);
      expect(reached.filter(({ status }) => status !== "delivered")).toEqual(
        items.filter((_item, index) => reached[index]?.status !== "delivered"),
      );
      expect(receiver.requests).toHaveLength(5 + WIDTH);
      for (const item of reached)
        expect(await recordOf(item)).toMatchObject({ status: item.status, attemptCount: item.attempts });
    },
  );
});

describe("what changes while a run lasts", () => {
  it.each(["suspended", "disabled"] as const)("a subscription that is %s gets nothing more", async (status) => {
    const { gate, receiver } = await holding();
    const subscription = await running.subscribe(receiver.url);
    const items = await running.pending(subscription, WIDTH + 3);
    const run = running.attempt(subscription, items);
    await receiver.waitFor(WIDTH);
    await running.store.subscriptions.update(subscription.id, (current) => ({ ...current, status }));
    await running.catalogue.refresh();
    gate.open();
    const reached = await run;
    expect(statuses(reached)).toEqual(items.map((_item, index) => (index < WIDTH ? "delivered" : "pending")));
    expect(receiver.requests).toHaveLength(WIDTH);
    // It is looked at anew, and held then.
    expect(statuses(await running.attempt(subscription, reached.slice(WIDTH)))).toEqual(["held", "held", "held"]);
  });

  it("a new URL gets what is left, and the old one nothing more", async () => {
    const { gate, receiver } = await holding();
    const moved = await receive();
    const subscription = await running.subscribe(receiver.url);
    const items = await running.pending(subscription, WIDTH + 2);
    const run = running.attempt(subscription, items);
    await receiver.waitFor(WIDTH);
    await running.store.subscriptions.update(subscription.id, (current) => ({ ...current, url: moved.url }));
    await running.catalogue.refresh();
    gate.open();
    const left = (await run).slice(WIDTH);
    expect(
      left.every(
        ({ status, attempts, dueAt = Infinity }) => status === "pending" && attempts === 0 && dueAt <= Date.now(),
      ),
    ).toBe(true);
    expect(statuses(await running.attempt(subscription, left))).toEqual(["delivered", "delivered"]);
    expect([receiver.requests.length, moved.requests.length]).toEqual([WIDTH, 2]);
  });

  it("an event that is erased is not sent, though its bytes are in memory", async () => {
    const { gate, receiver } = await holding();
    const subscription = await running.subscribe(receiver.url);
    const items = await running.pending(subscription, WIDTH + 2);
    const run = running.attempt(subscription, items);
    await receiver.waitFor(WIDTH);
    const [erased, other] = items.slice(WIDTH);
    await running.store.erasures.erase(`event/${erased?.eventId ?? ""}`, "key:1");
    gate.open();
    const [first, second] = (await run).slice(WIDTH);
    expect([first?.status, second?.status]).toEqual(["pending", "delivered"]);
    expect(sentTo(receiver)).not.toContain(erased?.eventId);
    expect(sentTo(receiver)).toContain(other?.eventId);
    const [again] = await running.attempt(subscription, first ? [first] : []);
    expect(again).toMatchObject({ status: "cancelled", reason: "The event's content was erased." });
  });
});

describe("a result that could not be recorded", () => {
  const result = {
    status: "delivered" as const,
    attempt: { number: 1, at: new Date(), outcome: "delivered", status: 200, durationMs: 1 },
  };

  it("is recorded by the next run instead of sending again", async () => {
    const receiver = await receive();
    const subscription = await running.subscribe(receiver.url);
    const [item] = await running.pending(subscription, 1);
    if (!item) throw new Error("no item");
    running.dependencies.unrecordedRetries.set(item.deliveryId, { ...item, status: "delivered", attempts: 1, result });
    expect(await running.attempt(subscription, [item], { number: 2 })).toMatchObject([
      { status: "delivered", attempts: 1 },
    ]);
    expect(receiver.requests).toHaveLength(0);
    expect(await recordOf(item)).toMatchObject({
      status: "delivered",
      attemptCount: 1,
      attempts: [{ number: 1, status: 200 }],
    });
    expect(running.dependencies.unrecordedRetries.size).toBe(0);
  });

  it("of an attempt before that is forgotten: the delivery is sent again as it should be", async () => {
    const receiver = await receive();
    const subscription = await running.subscribe(receiver.url);
    const [item] = await running.pending(subscription, 1, { attempts: 1 });
    if (!item) throw new Error("no item");
    running.dependencies.unrecordedRetries.set(item.deliveryId, {
      ...item,
      status: "retrying",
      attempts: 1,
      result: { ...result, status: "retrying", dueAt: 0 },
    });
    expect(await running.attempt(subscription, [item])).toMatchObject([{ status: "delivered", attempts: 2 }]);
    expect(sentTo(receiver)).toEqual([item.eventId]);
    expect(receiver.requests[0]?.headers["webhook-attempt"]).toBe("2");
    expect(running.dependencies.unrecordedRetries.size).toBe(0);
  });

  it("counts as none when it was a failure of our own", async () => {
    const receiver = await receive();
    const subscription = await running.subscribe(receiver.url);
    const [item] = await running.pending(subscription, 1, { attempts: 1 });
    if (!item) throw new Error("no item");
    const dueAt = Date.now() + 10_000;
    running.dependencies.unrecordedRetries.set(item.deliveryId, {
      ...item,
      status: "retrying",
      dueAt,
      result: { status: "retrying", dueAt },
    });
    expect(await running.attempt(subscription, [item])).toMatchObject([{ status: "retrying", attempts: 1, dueAt }]);
    expect(receiver.requests).toHaveLength(0);
  });
});

describe("a run after one that was lost", () => {
  it("reports what is on record beyond what the workflow knows, and makes the rest", async () => {
    const receiver = await receive();
    const subscription = await running.subscribe(receiver.url);
    const items = await running.pending(subscription, 2);
    const [first, second] = items;
    const nextAttemptAt = new Date(Date.now() + 60_000);
    await running.store.deliveries.record([
      { id: first?.deliveryId ?? "", status: "retrying", attemptCount: 1, nextAttemptAt, reason: "HTTP 503" },
    ]);
    expect(await running.attempt(subscription, items, { number: 2 })).toMatchObject([
      { status: "retrying", attempts: 1, dueAt: nextAttemptAt.getTime(), reason: "HTTP 503", unsure: true },
      { status: "delivered", attempts: 1 },
    ]);
    expect(sentTo(receiver)).toEqual([second?.eventId]);
  });
});

describe("a delivery that was settled and asked for again, so that another workflow has it", () => {
  const askAgain = async ({ deliveryId: id }: RetryItem): Promise<void> => {
    const settled = { id, status: "delivered", attemptCount: 1, workflowId: null } as const;
    const asked = { id, status: "pending", workflowId: `resend/${id}`, asked: true } as const;
    for (const change of [settled, asked]) expect(await running.store.deliveries.record([change])).toEqual([]);
  };
  const left = ({ deliveryId }: RetryItem) => ({
    status: "cancelled",
    reason: `It was asked for again. The workflow resend/${deliveryId} goes on with it.`,
    takenBy: `resend/${deliveryId}`,
  });

  it("is not sent by the run that begins anew, and its record stays the other one's", async () => {
    const receiver = await receive();
    const subscription = await running.subscribe(receiver.url);
    const [item] = await running.pending(subscription, 1);
    if (!item) throw new Error("no item");
    await askAgain(item);
    expect(await running.attempt(subscription, [item], { number: 2 })).toMatchObject([left(item)]);
    expect(receiver.requests).toHaveLength(0);
    expect(await recordOf(item)).toMatchObject({ status: "pending", workflowId: `resend/${item.deliveryId}` });
  });

  it("is let go by a run that was sending it meanwhile, and that attempt is on record", async () => {
    const items: RetryItem[] = [];
    const receiver = await receive(async () => {
      for (const each of items) await askAgain(each);
      return { status: 503 };
    });
    const subscription = await running.subscribe(receiver.url);
    items.push(...(await running.pending(subscription, 1)));
    const [item] = items;
    if (!item) throw new Error("no item");
    expect(await running.attempt(subscription, [item])).toMatchObject([left(item)]);
    expect(await recordOf(item)).toMatchObject({ attemptCount: 2, workflowId: `resend/${item.deliveryId}` });
  });
});

describe("what stands where it is", () => {
  it("says so once, and since when", async () => {
    const receiver = await receive();
    const subscription = await running.subscribe(receiver.url, { status: "paused", statusReason: "maintenance" });
    const [item] = await running.pending(subscription, 1);
    if (!item) throw new Error("no item");
    const [held] = await running.attempt(subscription, [item]);
    expect(held).toMatchObject({ status: "held", reason: "The subscription is paused: maintenance", attempts: 0 });
    const before = await recordOf(item);
    const since = (held?.since ?? 0) - 60_000;
    expect(await running.attempt(subscription, [{ ...item, ...held, since }])).toMatchObject([
      { status: "held", since },
    ]);
    expect(await recordOf(item)).toEqual(before);
    expect(receiver.requests).toHaveLength(0);
  });

  it("waits for the end of a pause that the consumer asked for", async () => {
    const receiver = await receive();
    const until = Date.now() + 3_600_000;
    const subscription = await running.subscribe(receiver.url, { throttledUntil: new Date(until) });
    const items = await running.pending(subscription, 2);
    expect(await running.attempt(subscription, items)).toMatchObject(
      items.map(() => ({ status: "throttled", dueAt: until, attempts: 0 })),
    );
    for (const item of items) expect((await recordOf(item))?.nextAttemptAt).toEqual(new Date(until));
    expect(receiver.requests).toHaveLength(0);
  });

  it("does not wait for a grant when it is a test event", async () => {
    const receiver = await receive();
    const subscription = await running.subscribe(receiver.url);
    const items = [
      ...(await running.pending(subscription, 1, { eventType: "sealpost.test" })),
      ...(await running.pending(subscription, 1, { eventType: "never.granted" })),
    ];
    expect(await running.attempt(subscription, items)).toMatchObject([
      { status: "delivered" },
      { status: "held", reason: "The group is no longer granted this event type." },
    ]);
  });
});
