/**
 * What happens to signals that come while a cancel is being recorded, at the end of a run that goes on in a new one.
 */
import { randomBytes } from "node:crypto";
import type { WorkflowHandle } from "@temporalio/client";
import { expect } from "vitest";
import type { RetryItem } from "../../src/workflows/contract.js";
import { searchAttributesOf } from "../../src/workflows/search-attributes.js";
import { newGate } from "../support/gate.js";
import { consumer, retryInput, type TestEngine } from "./engine.js";

/**
 * Of two deliveries the first is under way and gets cancelled, the other is parked. The run is old, so it goes on in a
 * new one right after the cancel is on record. `act` happens before that. Gives the handle, the id of that run, and
 * what became of the two within ten seconds.
 */
export async function whileCancelling(
  engine: TestEngine,
  act: (handle: WorkflowHandle, parked: string) => Promise<void>,
) {
  const side = consumer(() => ({ status: "delivered" }));
  const [attempt, record] = [newGate(), newGate()];
  const input = { ...retryInput(2), maxRunMs: 1_000 };
  const [first, second] = input.items;
  if (!first || !second) throw new Error("no items");
  second.status = "parked";
  const worker = await engine.work({
    attempt: async ({ items }) => {
      if (items[0]?.attempts !== 0 || items[0].deliveryId !== first.deliveryId)
        return side.activities.attempt({ items });
      await attempt.pass();
      return {
        items: items.map((item): RetryItem => ({
          ...item,
          status: "retrying",
          attempts: 1,
          dueAt: Date.now() + 3_600_000,
        })),
      };
    },
    recordStatus: async (given) => {
      await record.pass();
      await side.activities.recordStatus(given);
    },
  });
  try {
    const handle = await engine.client.workflow.start("retryDelivery", {
      workflowId: `late/${randomBytes(5).toString("hex")}`,
      taskQueue: engine.taskQueue,
      args: [input],
      typedSearchAttributes: searchAttributesOf(input),
    });
    await attempt.reached;
    await handle.signal("cancel", { deliveryIds: [first.deliveryId] });
    // Written when the run has found itself old.
    await expect
      .poll(
        async () => (await handle.fetchHistory()).events?.some(({ markerRecordedEventAttributes: marker }) => marker),
        { timeout: 20_000 },
      )
      .toBe(true);
    attempt.open();
    await record.reached;
    await act(handle, second.deliveryId);
    record.open();
    const { firstExecutionRunId } = handle;
    const run = engine.client.workflow.getHandle(handle.workflowId, firstExecutionRunId);
    await expect.poll(async () => (await run.describe()).status.name, { timeout: 20_000 }).toBe("CONTINUED_AS_NEW");
    const ended = expect.poll(async () => (await handle.describe()).status.name, { timeout: 10_000 }).toBe("COMPLETED");
    const isDone = await ended.then(
      () => true,
      () => false,
    );
    if (!isDone) await handle.terminate();
    const recorded = side.recorded.flatMap(({ items }) =>
      items.map(({ deliveryId, status }) => ({ deliveryId, status })),
    );
    return {
      run,
      isDone,
      attempted: side.calls.map(({ deliveryId }) => deliveryId),
      recorded,
      first: first.deliveryId,
      second: second.deliveryId,
    };
  } finally {
    // A closed one would keep the worker from stopping.
    attempt.open();
    record.open();
    await worker.stop();
  }
}
