import { describe, expect, it } from "vitest";
import { newGate } from "../support/gate.js";
import { running, receive, statuses, recordOf, setUpRetryRun } from "./retry-run-setup.js";

setUpRetryRun();

describe("what an attempt comes to", () => {
  it("counts by the schedule that a retry by hand began afresh", async () => {
    const receiver = await receive(() => ({ status: 503 }));
    const subscription = await running.subscribe(receiver.url, { retry: { scheduleSeconds: [100, 1_000] } });
    const before = Date.now();
    const [again] = await running.attempt(
      subscription,
      await running.pending(subscription, 1, { attempts: 5, scheduleBase: 4 }),
    );
    expect(again).toMatchObject({ status: "retrying", attempts: 6, scheduleBase: 4 });
    expect((again?.dueAt ?? 0) - before).toBeGreaterThanOrEqual(800_000);
    expect(
      await running.attempt(subscription, await running.pending(subscription, 1, { attempts: 5, scheduleBase: 3 })),
    ).toMatchObject([{ status: "exhausted", attempts: 6 }]);
  });

  it("leaves the workflow with the record while it goes on, and not once it is settled", async () => {
    let status = 503;
    const receiver = await receive(() => ({ status }));
    const subscription = await running.subscribe(receiver.url);
    const [item] = await running.pending(subscription, 1);
    if (!item) throw new Error("no item");
    await running.store.deliveries.record([{ id: item.deliveryId, status: "pending", workflowId: "retry/w" }]);
    const [failed] = await running.attempt(subscription, [item]);
    expect(await recordOf(item)).toMatchObject({
      status: "retrying",
      workflowId: "retry/w",
      nextAttemptAt: new Date(failed?.dueAt ?? 0),
    });
    status = 204;
    await running.attempt(subscription, failed ? [failed] : []);
    const record = await recordOf(item);
    expect(record).toMatchObject({ status: "delivered", attemptCount: 2 });
    for (const gone of ["workflowId", "nextAttemptAt", "reason"]) expect(record).not.toHaveProperty(gone);
  });

  it("is on record before the slowest of the run has answered", async () => {
    const gate = newGate();
    const receiver = await receive(async ({ number }) => {
      if (number === 1) await gate.pass();
      return { status: 204 };
    });
    const subscription = await running.subscribe(receiver.url);
    const items = await running.pending(subscription, 30);
    const run = running.attempt(subscription, items);
    await receiver.waitFor(30);
    await expect
      .poll(
        async () =>
          [...(await running.store.deliveries.getMany(items.map(({ deliveryId }) => deliveryId))).values()].filter(
            ({ status }) => status === "delivered",
          ).length,
        { timeout: 20_000 },
      )
      .toBe(29);
    gate.open();
    expect(new Set(statuses(await run))).toEqual(new Set(["delivered"]));
  });

  it("disables the subscription when the endpoint is gone, and the rest of the run waits", async () => {
    const receiver = await receive(() => ({ status: 410 }));
    const subscription = await running.subscribe(receiver.url);
    const items = await running.pending(subscription, 40);
    const reached = await running.attempt(subscription, items);
    expect(running.catalogue.subscription(subscription.id)?.status).toBe("disabled");
    expect(reached[0]).toMatchObject({ status: "parked", reason: expect.stringMatching(/^HTTP 410/) as string });
    expect(reached.at(-1)).toMatchObject({ status: "pending", attempts: 0 });
    expect(receiver.requests.length).toBe(reached.filter(({ status }) => status === "parked").length);
  });

  it("is written down when the workflow decides: who asked, and that nothing comes any more", async () => {
    const subscription = await running.subscribe("https://example.com/hook");
    const [first, second] = await running.pending(subscription, 2);
    if (!first || !second) throw new Error("no items");
    await running.recordStatus(subscription, [{ ...first, status: "cancelled", reason: "not needed" }], "key:1");
    await running.recordStatus(subscription, [
      { ...second, status: "cancelled", reason: "The workflow was cancelled." },
    ]);
    expect([await recordOf(first), await recordOf(second)]).toMatchObject([
      { status: "cancelled", reason: "not needed (by key:1)" },
      { status: "cancelled", reason: "The workflow was cancelled." },
    ]);
  });
});
