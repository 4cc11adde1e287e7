/** A `retryDelivery` of several subscriptions: each has its own pace, and all of them go on in a new run. */
import { describe, expect, it } from "vitest";
import type { WorkflowHandle } from "@temporalio/client";
import { type RetryDeliveryInput, type RetryItem, SEARCH_ATTRIBUTE } from "../../src/workflows/contract.js";
import { newGate } from "../support/gate.js";
import { consumer, retryInput } from "./engine.js";
import { engine, setUpRetryDelivery, start, within } from "./retry-delivery-setup.js";

setUpRetryDelivery();

const HOUR = 3_600_000;

/** One input of so many subscriptions with so many deliveries each. */
function several(subscriptions: number, count: number, over: Partial<RetryItem> = {}): RetryDeliveryInput {
  const [first = retryInput(count, over), ...rest] = Array.from({ length: subscriptions }, () =>
    retryInput(count, over),
  );
  return { ...first, others: rest.map(({ subscriptionId, groupId, items }) => ({ subscriptionId, groupId, items })) };
}
const idsOf = ({ subscriptionId, others = [] }: RetryDeliveryInput): string[] => [
  subscriptionId,
  ...others.map((each) => each.subscriptionId),
];
const itemsOf = (handle: WorkflowHandle) => handle.query<RetryItem[]>("state");

/** Whom each run of the activity was for. A run of deliveries of another subscription fails. */
function watched(side: ReturnType<typeof consumer>) {
  const runs: string[] = [];
  const attempt = (order: { subscriptionId: string; items: RetryItem[] }) => {
    if (!order.items.every(({ deliveryId }) => deliveryId.endsWith(`.${order.subscriptionId}`)))
      throw new Error("deliveries of several subscriptions in one run");
    runs.push(order.subscriptionId);
    return side.activities.attempt(order);
  };
  return { runs, activities: { ...side.activities, attempt } };
}

describe("retryDelivery of several subscriptions", () => {
  it("attempts each in runs of its own", async () => {
    const side = consumer((_item, number) => (number < 2 ? { status: "retrying", dueAt: 0 } : { status: "delivered" }));
    const { runs, activities } = watched(side);
    const worker = await engine.work(activities, { maxCachedWorkflows: 0 });
    const input = several(30, 2);
    await (await start(input)).result();
    await worker.stop();
    expect(side.calls).toHaveLength(30 * 2 * 2);
    expect([...new Set(runs)].sort()).toEqual(idsOf(input).sort());
  });

  it("goes on with one while runs of another do not end", async () => {
    const gate = newGate();
    const side = consumer((_item, number) => (number < 4 ? { status: "retrying", dueAt: 0 } : { status: "delivered" }));
    const input = several(2, 120);
    const [hangs, goes] = idsOf(input);
    const { runs, activities } = watched(side);
    const worker = await engine.work({
      ...activities,
      attempt: async (order) => {
        if (order.subscriptionId === hangs) await gate.pass();
        return activities.attempt(order);
      },
    });
    const handle = await start(input);
    const delivered = async () =>
      (await itemsOf(handle)).filter(
        ({ status, deliveryId }) => status === "delivered" && deliveryId.endsWith(`.${goes}`),
      );
    await expect.poll(async () => (await delivered()).length, within).toBe(120);
    expect(runs).not.toContain(hangs);
    gate.open();
    await handle.result();
    await worker.stop();
    expect(side.calls).toHaveLength(2 * 120 * 4);
  });

  it("shows the subscription that most needs somebody, and then the next one", async () => {
    const input = several(2, 1, { status: "retrying", dueAt: Date.now() + HOUR });
    const [first, second] = idsOf(input);
    const side = consumer((_item, number) =>
      number < 2 ? { status: "parked", reason: "No." } : { status: "delivered" },
    );
    const worker = await engine.work(side.activities);
    const handle = await start(input);
    const shown = async () => {
      const { searchAttributes } = await handle.describe();
      return [SEARCH_ATTRIBUTE.status, SEARCH_ATTRIBUTE.subscription].map((name) => searchAttributes[name]?.[0]);
    };
    await expect.poll(shown, within).toEqual(["retrying", first]);
    await handle.signal("retry", { subscriptionId: second });
    await expect.poll(shown, within).toEqual(["parked", second]);
    const { currentDetails } = await handle.query<{ currentDetails: string }>("__temporal_workflow_metadata");
    expect(currentDetails).toContain(`for \`${second}\``);
    expect(currentDetails).toContain(`{"subscriptionId": "${second}"}`);
    await handle.signal("retry", { subscriptionId: second });
    await expect.poll(shown, within).toEqual(["retrying", first]);
    await handle.signal("cancel", { subscriptionId: first });
    await handle.result();
    await worker.stop();
    expect(side.calls).toHaveLength(2);
  });

  it("wakes one and leaves the others asleep", async () => {
    const input = several(3, 1, { status: "throttled", dueAt: Date.now() + HOUR });
    const side = consumer(() => ({ status: "delivered" }));
    const { runs, activities } = watched(side);
    const worker = await engine.work(activities);
    const handle = await start(input);
    const [, second] = idsOf(input);
    await handle.signal("wake", { subscriptionId: second });
    await expect
      .poll(async () => (await itemsOf(handle)).map(({ status }) => status), within)
      .toEqual(["throttled", "delivered", "throttled"]);
    expect(runs).toEqual([second]);
    // Without an argument, as earlier releases send it, all of them.
    await handle.signal("wake");
    await handle.result();
    await worker.stop();
    expect(runs).toHaveLength(3);
  });

  it("wakes at the time that was meant, if the clock of the worker that lets it go is ten minutes ahead", async () => {
    const input = several(1, 1, { status: "throttled", dueAt: Date.now() + HOUR });
    const worker = await engine.work(consumer(() => ({ status: "delivered" })).activities);
    const handle = await start(input);
    const [deliveryId] = input.items.map((item) => item.deliveryId);
    const ahead = Date.now() + 600_000;
    await handle.signal("wake", { deliveryIds: [deliveryId], notBefore: [ahead + 100], asOf: ahead });
    await handle.result();
    await worker.stop();
    expect(Date.now()).toBeLessThan(ahead);
  });

  it("leaves to another workflow what was asked for again there, also where it was asked here meanwhile", async () => {
    const input = several(2, 1);
    const [taken] = input.items;
    const gate = newGate();
    const side = consumer(({ deliveryId }) =>
      deliveryId === taken?.deliveryId
        ? { status: "cancelled", takenBy: `resend/${deliveryId}` }
        : { status: "delivered" },
    );
    const worker = await engine.work({
      ...side.activities,
      attempt: async (order) => {
        await gate.pass();
        return side.activities.attempt(order);
      },
    });
    const handle = await start(input);
    await gate.reached;
    await handle.signal("retry", { deliveryIds: [taken?.deliveryId] });
    gate.open();
    await handle.result();
    await worker.stop();
    expect(side.calls).toHaveLength(2);
    expect(side.recorded).toEqual([]);
  });

  it("keeps every subscription when it goes on in a new run", async () => {
    const input = { ...several(3, 2, { status: "retrying", dueAt: Date.now() + HOUR }), maxRunMs: 1_500 };
    const side = consumer(() => ({ status: "delivered" }));
    const { runs, activities } = watched(side);
    const worker = await engine.work(activities);
    const handle = await start(input);
    const { runId } = await handle.describe();
    const [first, ...rest] = idsOf(input);
    await handle.signal("retry", { subscriptionId: first });
    await expect.poll(async () => (await handle.describe()).runId, within).not.toBe(runId);
    await expect.poll(async () => (await itemsOf(handle)).length, within).toBe(4);
    for (const subscriptionId of rest) await handle.signal("retry", { subscriptionId });
    await handle.result();
    await worker.stop();
    expect([...new Set(runs)].sort()).toEqual(idsOf(input).sort());
    expect(side.calls).toHaveLength(6);
  });
});
