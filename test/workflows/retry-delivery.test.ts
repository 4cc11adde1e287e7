import { describe, expect, it } from "vitest";
import type { WorkflowHandle } from "@temporalio/client";
import { type RetryItem, SEARCH_ATTRIBUTE } from "../../src/workflows/contract.js";
import { searchAttributesOf } from "../../src/workflows/search-attributes.js";
import { consumer, impatientEngine, retryInput } from "./engine.js";
import { engine, start, within, setUpRetryDelivery } from "./retry-delivery-setup.js";

setUpRetryDelivery();

const statusesOf = async (handle: WorkflowHandle): Promise<string[]> =>
  (await handle.query<RetryItem[]>("state")).map(({ status }) => status);

/** Each test brings its own worker. `0` replays the history at every task. */
async function withWorker(
  side: ReturnType<typeof consumer>,
  act: () => Promise<void>,
  maxCachedWorkflows = 100,
): Promise<void> {
  const worker = await engine.work(side.activities, { maxCachedWorkflows });
  try {
    await act();
  } finally {
    await worker.stop();
  }
}

describe("retryDelivery", () => {
  it("attempts in order, never before the time, until delivered", async () => {
    const side = consumer((_item, attempt) =>
      attempt < 3 ? { status: "retrying", dueAt: Date.now() + 1_000 * attempt } : { status: "delivered" },
    );
    await withWorker(
      side,
      async () => {
        const input = retryInput(2);
        await (await start(input)).result();
        for (const { deliveryId } of input.items) {
          const calls = side.calls.filter((call) => call.deliveryId === deliveryId);
          expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
          for (const { at, dueAt = 0 } of calls) expect(at).toBeGreaterThanOrEqual(dueAt);
        }
      },
      0,
    );
  });

  it("takes what a worker with a fast clock put off as far ahead as it was meant", async () => {
    const HOUR = 3_600_000;
    const side = consumer((_item, attempt) =>
      attempt === 1 ? { status: "retrying", dueAt: Date.now() + HOUR + 200 } : { status: "delivered" },
    );
    const { attempt } = side.activities;
    const fast = {
      ...side.activities,
      attempt: async (given: Parameters<typeof attempt>[0]) => {
        const report = await attempt(given);
        return { ...report, asOf: Date.now() + HOUR };
      },
    };
    await withWorker({ ...side, activities: fast }, async () => {
      const input = retryInput(2);
      // Handed over by such a worker as well.
      const asOf = Date.now() + HOUR;
      const items = input.items.map((item) => ({ ...item, status: "retrying" as const, dueAt: asOf + 200 }));
      await (await start({ ...input, items, asOf })).result();
      expect(side.calls.map(({ attempt: number }) => number).sort()).toEqual([1, 1, 2, 2]);
    });
  });

  it("stays open while something is parked, shows it, and goes on or ends when told to", async () => {
    let mended = false;
    const side = consumer(() =>
      mended ? { status: "delivered" } : { status: "parked", reason: "HTTP 400: the consumer refused the data" },
    );
    await withWorker(
      side,
      async () => {
        const input = retryInput(3);
        const [first, second, third] = input.items;
        const handle = await start(input);
        await expect.poll(() => statusesOf(handle), within).toEqual(["parked", "parked", "parked"]);
        await expect
          .poll(async () => (await handle.describe()).searchAttributes[SEARCH_ATTRIBUTE.status], within)
          .toEqual(["parked"]);
        const { currentDetails } = await handle.query<{ currentDetails: string }>("__temporal_workflow_metadata");
        expect(currentDetails).toContain("HTTP 400: the consumer refused the data");
        expect((await handle.describe()).searchAttributes[SEARCH_ATTRIBUTE.subscription]).toEqual([
          input.subscriptionId,
        ]);
        mended = true;
        await handle.signal("retry", { deliveryIds: [first?.deliveryId] });
        await expect.poll(() => statusesOf(handle), within).toEqual(["delivered", "parked", "parked"]);
        await handle.signal("cancel", { deliveryIds: [second?.deliveryId], by: "key:1", reason: "not needed" });
        await expect.poll(() => statusesOf(handle), within).toEqual(["delivered", "cancelled", "parked"]);
        expect(side.recorded).toMatchObject([
          { by: "key:1", items: [{ deliveryId: second?.deliveryId, status: "cancelled", reason: "not needed" }] },
        ]);
        await handle.signal("retry");
        await handle.result();
        expect(side.calls.filter(({ deliveryId }) => deliveryId === third?.deliveryId)).toHaveLength(2);
        expect(side.calls.filter(({ deliveryId }) => deliveryId === second?.deliveryId)).toHaveLength(1);
      },
      0,
    );
  });

  it("takes `{}`, `null` and no input alike, in every signal", async () => {
    const side = consumer((_item, attempt) => (attempt < 4 ? { status: "parked" } : { status: "delivered" }));
    await withWorker(
      side,
      async () => {
        for (const [name, args] of Object.entries({ "{}": [{}], null: [null], none: [] })) {
          const handle = await start(retryInput(1));
          await expect.poll(() => statusesOf(handle), within).toEqual(["parked"]);
          await handle.signal("wake", ...args);
          for (const attempts of [2, 3]) {
            await handle.signal("retry", ...args);
            await expect
              .poll(async () => (await handle.query<RetryItem[]>("state")).map((item) => item.attempts), {
                ...within,
                message: name,
              })
              .toEqual([attempts]);
          }
          await handle.signal("cancel", ...args);
          await handle.result();
          expect(side.recorded.pop(), name).toMatchObject({
            items: [{ status: "cancelled", reason: "Cancelled by hand." }],
          });
        }
      },
      0,
    );
  });

  it("begins the schedule afresh at a retry by hand", async () => {
    const bases: number[] = [];
    const side = consumer((item, attempt) => {
      bases.push(item.scheduleBase);
      return attempt < 3
        ? { status: attempt === 1 ? "retrying" : "parked", dueAt: Date.now() }
        : { status: "delivered" };
    });
    await withWorker(side, async () => {
      const handle = await start(retryInput(1));
      await expect.poll(() => statusesOf(handle), within).toEqual(["parked"]);
      await handle.signal("retry");
      await handle.result();
      expect(bases).toEqual([0, 0, 2]);
    });
  });

  it("lets parked deliveries go when they waited long enough", async () => {
    const side = consumer(() => ({ status: "parked", since: Date.now() - 7 * 86_400_000 + 500 }));
    await withWorker(side, async () => {
      await (await start(retryInput(1))).result();
      expect(side.calls).toHaveLength(1);
    });
  });

  it("wakes what is held, and a wake during an attempt is not lost", async () => {
    let release: (() => void) | undefined;
    const paused = new Promise<void>((resolve) => (release = resolve));
    let asked = 0;
    const side = consumer(() => ({ status: "delivered" }));
    const attempt = async (given: { items: RetryItem[] }) => {
      asked += 1;
      if (asked > 1) return side.activities.attempt(given);
      await paused;
      return {
        items: given.items.map((item): RetryItem => ({
          ...item,
          status: "held",
          reason: "The subscription is paused.",
        })),
      };
    };
    const worker = await engine.work({ ...side.activities, attempt });
    try {
      const handle = await start(retryInput(1));
      await expect.poll(() => asked, within).toBe(1);
      await handle.signal("wake");
      release?.();
      await handle.result();
      expect(asked).toBe(2);
      const later = await start(retryInput(1, { status: "held" }));
      await expect.poll(() => statusesOf(later), within).toEqual(["held"]);
      await later.signal("wake");
      await later.result();
    } finally {
      await worker.stop();
    }
  });

  it("runs several chunks of at most 50 side by side and each delivery once", async () => {
    const side = consumer(() => ({ status: "delivered" }));
    await withWorker(side, async () => {
      const input = retryInput(330);
      await (await start(input)).result();
      expect(Math.max(...side.chunks)).toBeLessThanOrEqual(50);
      expect(new Set(side.calls.map(({ deliveryId }) => deliveryId)).size).toBe(330);
      expect(side.calls).toHaveLength(330);
    });
  });

  it("goes on in a new run with its state when the server finds its history long", async () => {
    const side = consumer((_item, attempt) => (attempt < 3 ? { status: "parked" } : { status: "delivered" }));
    const impatient = await impatientEngine(60);
    try {
      await impatient.work(side.activities);
      const input = retryInput(2);
      const handle = await impatient.client.workflow.start("retryDelivery", {
        workflowId: "retry/long",
        taskQueue: impatient.taskQueue,
        args: [input],
        typedSearchAttributes: searchAttributesOf(input),
      });
      await expect.poll(() => statusesOf(handle), within).toEqual(["parked", "parked"]);
      const { runId } = await handle.describe();
      const nothing = { deliveryIds: ["not-here"] };
      await expect
        .poll(async () => {
          await handle.signal("retry", nothing);
          return (await handle.describe()).runId;
        }, within)
        .not.toBe(runId);
      expect((await handle.query<RetryItem[]>("state")).map(({ attempts, status }) => ({ attempts, status }))).toEqual([
        { attempts: 1, status: "parked" },
        { attempts: 1, status: "parked" },
      ]);
      await handle.signal("retry");
      await expect
        .poll(async () => (await handle.query<RetryItem[]>("state")).map(({ attempts }) => attempts), within)
        .toEqual([2, 2]);
      await handle.signal("retry");
      await handle.result();
      expect(side.calls).toHaveLength(6);
    } finally {
      await impatient.close();
    }
  });

  it("records what it gives up when the workflow is cancelled", async () => {
    const side = consumer(() => ({ status: "parked" }));
    await withWorker(side, async () => {
      const handle = await start(retryInput(1));
      await expect.poll(() => statusesOf(handle), within).toEqual(["parked"]);
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow();
      expect(side.recorded).toMatchObject([{ items: [{ status: "cancelled" }] }]);
    });
  });
});
