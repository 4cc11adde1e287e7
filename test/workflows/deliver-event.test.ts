import { randomBytes } from "node:crypto";
import { WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Activities, DeliverEventInput, DeliverPageInput } from "../../src/workflows/contract.js";
import { consumer, retryInput, testEngine, type TestEngine } from "./engine.js";

let engine: TestEngine;
beforeAll(async () => void (engine = await testEngine()));
afterAll(() => engine.close());

const event = () => ({
  id: `evt_${randomBytes(6).toString("hex")}`,
  type: "test.made",
  contentType: "application/json",
  body: { text: "{}" },
  sha256: "x",
  acceptedAt: Date.now(),
});
const startOf = (input: unknown, options: { workflowTaskTimeout?: "1s" } = {}) => {
  const workflowId = `evt-${randomBytes(6).toString("hex")}`;
  return engine.client.workflow.start("deliverEvent", {
    workflowId,
    taskQueue: engine.taskQueue,
    args: [input],
    ...options,
  });
};
async function withActivities<T>(activities: Partial<Activities>, act: () => Promise<T>): Promise<T> {
  // With a cache: without one the SDK drops local activities of runs that it evicts, and runs them again.
  const worker = await engine.work(activities);
  try {
    return await act();
  } finally {
    await worker.stop();
  }
}

describe("deliverEvent", () => {
  it("is done after one task when every delivery is settled, and a first run says so", async () => {
    const reruns: boolean[] = [];
    await withActivities({ dispatch: async ({ rerun }) => (reruns.push(rerun), { retries: [] }) }, async () => {
      const handle = await startOf({ events: [event()] });
      await handle.result();
      const { events } = await handle.fetchHistory();
      expect(events?.filter(({ workflowTaskCompletedEventAttributes: done }) => done)).toHaveLength(1);
      expect(reruns).toEqual([false]);
    });
  });

  it("is a first run after an eager start too", async () => {
    const reruns: boolean[] = [];
    await withActivities({ dispatch: async ({ rerun }) => (reruns.push(rerun), { retries: [] }) }, async () => {
      const handle = await engine.eager.workflow.start("deliverEvent", {
        workflowId: `evt-${randomBytes(6).toString("hex")}`,
        taskQueue: engine.taskQueue,
        args: [{ events: [event()] }],
        requestEagerStart: true,
      });
      expect(handle.eagerlyStarted).toBe(true);
      await handle.result();
      expect(reruns).toEqual([false]);
    });
  });

  it("tells the activity of a rerun when an earlier worker died after it had kept its task alive", async () => {
    const handle = await startOf({ events: [event()] } satisfies DeliverEventInput, { workflowTaskTimeout: "1s" });
    const { workflowService } = engine.client;
    const { taskToken } = await engine.client.withDeadline(Date.now() + 20_000, () =>
      workflowService.pollWorkflowTaskQueue({
        namespace: "default",
        taskQueue: { name: engine.taskQueue },
        identity: "died",
      }),
    );
    // As a worker does whose local activity takes long: the task is completed without a command, for a new one.
    await workflowService.respondWorkflowTaskCompleted({
      namespace: "default",
      taskToken,
      identity: "died",
      forceCreateNewWorkflowTask: true,
    });
    const reruns: boolean[] = [];
    await withActivities({ dispatch: async ({ rerun }) => (reruns.push(rerun), { retries: [] }) }, async () => {
      await handle.result();
      expect(new Set(reruns)).toEqual(new Set([true]));
    });
  });

  it("tells the activity of a rerun when an earlier worker died with the task", async () => {
    // A worker that took the task and is never heard of again.
    const handle = await startOf({ events: [event()] } satisfies DeliverEventInput, { workflowTaskTimeout: "1s" });
    const polled = await engine.client.withDeadline(Date.now() + 20_000, () =>
      engine.client.workflowService.pollWorkflowTaskQueue({
        namespace: "default",
        taskQueue: { name: engine.taskQueue },
        identity: "died",
      }),
    );
    expect(polled.workflowExecution?.workflowId).toBe(handle.workflowId);
    const reruns: boolean[] = [];
    await withActivities({ dispatch: async ({ rerun }) => (reruns.push(rerun), { retries: [] }) }, async () => {
      await handle.result();
      // A busy machine takes longer than the second that the task has: then it is run once more.
      expect(new Set(reruns)).toEqual(new Set([true]));
    });
  });

  it("hands what needs time to one retryDelivery, which goes on without its parent", async () => {
    const side = consumer(() => ({ status: "delivered" }));
    const { subscriptionId, groupId, items } = retryInput(1);
    const handOver = { ...retryInput(2), others: [{ subscriptionId, groupId, items }] };
    await withActivities({ ...side.activities, dispatch: async () => ({ retries: [], handOver }) }, async () => {
      const handle = await startOf({ events: [event()] });
      await handle.result();
      await engine.client.workflow.getHandle(`retries/${handle.workflowId}`).result();
      expect(side.calls).toHaveLength(3);
    });
  });

  it("starts one for each subscription where the dispatch asks for it, as earlier releases did", async () => {
    const side = consumer(() => ({ status: "delivered" }));
    const retries = [retryInput(2), retryInput(1)];
    await withActivities({ ...side.activities, dispatch: async () => ({ retries }) }, async () => {
      const handle = await startOf({ events: [event()] });
      await handle.result();
      for (const { subscriptionId } of retries)
        await engine.client.workflow.getHandle(`retry/${handle.workflowId}/${subscriptionId}`).result();
      expect(side.calls).toHaveLength(3);
    });
  });

  it("runs the pages of a wide fan-out as children", async () => {
    const page = (n: number): DeliverPageInput => ({
      owner: "x",
      events: [{ id: "evt_1" }],
      subscriptionIds: [`sub_${n}`],
      catalogueVersion: 1,
    });
    const seen: string[] = [];
    await withActivities(
      {
        dispatch: async () => ({ retries: [], pages: [page(0), page(1), page(2)] }),
        dispatchPage: async ({ subscriptionIds }) => (seen.push(...subscriptionIds), { retries: [] }),
      },
      async () => {
        const handle = await startOf({ events: [event()] });
        await handle.result();
        for (const n of [0, 1, 2]) await engine.client.workflow.getHandle(`page/${handle.workflowId}/${n}`).result();
        expect(seen.sort()).toEqual(["sub_0", "sub_1", "sub_2"]);
      },
    );
  });

  it("tries failures of our own again until they are over", async () => {
    let tries = 0;
    await withActivities(
      {
        dispatch: async () => {
          tries += 1;
          if (tries < 4) throw new Error("the store is down");
          return { retries: [] };
        },
      },
      async () => {
        await (await startOf({ events: [event()] })).result();
        expect(tries).toBe(4);
      },
    );
  });

  it.each([
    ["no input", undefined, "list with at least one event"],
    ["no events", { events: [] }, "list with at least one event"],
    ["too many", { events: Array.from({ length: 201 }, event) }, "at most 200"],
    ["half an event", { events: [{ id: "evt_1" }] }, "events[0] needs"],
    ["an event that is nothing", { events: [null] }, "events[0] needs"],
  ])("refuses %s in plain words and for good", async (_name, input, words) => {
    await withActivities({ dispatch: async () => ({ retries: [] }) }, async () => {
      const error: unknown = await (await startOf(input)).result().catch((failure: unknown) => failure);
      const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
      expect(cause).toBeInstanceOf(ApplicationFailure);
      expect(cause instanceof ApplicationFailure && { type: cause.type, final: cause.nonRetryable }).toEqual({
        type: "input_invalid",
        final: true,
      });
      expect(cause?.message).toContain(words);
    });
  });

  it("fails when the event type does not exist", async () => {
    await withActivities(
      {
        dispatch: async () => {
          throw ApplicationFailure.nonRetryable("The event type a.b does not exist: create it.", "event_type_unknown");
        },
      },
      async () => {
        const handle = await startOf({ events: [event()] });
        await expect(handle.result()).rejects.toMatchObject({
          cause: { type: "event_type_unknown", message: expect.stringContaining("a.b does not exist") as string },
        });
      },
    );
  });
});
