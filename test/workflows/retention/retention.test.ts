import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WORKFLOW } from "../../../src/workflows/contract.js";
import type {
  RetentionActivities,
  RetentionCount,
  RetentionCursor,
} from "../../../src/workflows/retention/retention-contract.js";
import { impatientEngine, type TestEngine } from "../engine.js";

let engine: TestEngine;
beforeAll(async () => void (engine = await impatientEngine(40)));
afterAll(() => engine?.close());

/** So many steps with one event each, of two apis in turn. */
function steps(count: number, { failsAt = -1 }: { failsAt?: number } = {}) {
  const asked: (RetentionCursor | undefined)[] = [];
  const recorded: { run: string; count: RetentionCount }[] = [];
  let failed = false;
  const activities: RetentionActivities = {
    retentionStep: async ({ after }) => {
      asked.push(after);
      const at = after && "skip" in after ? after.skip : 0;
      if (at === failsAt && !failed) {
        failed = true;
        throw new Error("the store is away");
      }
      const removed = { events: { [`api_${at % 2}`]: 1 }, deliveries: 2, open: 1, held: 0 };
      return { ...removed, ...(at + 1 < count && { next: { skip: at + 1 } }) };
    },
    recordRetention: async (record) => void recorded.push(record),
  };
  return { asked, recorded, activities };
}

async function run(activities: RetentionActivities): Promise<RetentionCount> {
  const worker = await engine.work(activities);
  try {
    return await engine.client.workflow.execute<() => Promise<RetentionCount>>(WORKFLOW.retention, {
      workflowId: `retention-${randomBytes(4).toString("hex")}`,
      taskQueue: engine.taskQueue,
      args: [],
    });
  } finally {
    await worker.stop();
  }
}

describe("a run", () => {
  it("goes on from step to step, also past a failure of our own, and records what they did together", async () => {
    const { asked, recorded, activities } = steps(3, { failsAt: 1 });
    const count = { events: { api_0: 2, api_1: 1 }, deliveries: 6, open: 3, held: 0 };
    expect(await run(activities)).toEqual(count);
    expect(asked).toEqual([undefined, { skip: 1 }, { skip: 1 }, { skip: 2 }]);
    expect(recorded).toEqual([{ run: expect.stringMatching(/^retention-\w+\/[\w-]+$/) as string, count }]);
  });

  it("with a step that was tried again says that its counts are the least that they can be", async () => {
    const { recorded, activities } = steps(3);
    const count = await run({
      ...activities,
      retentionStep: async (input) => {
        const step = await activities.retentionStep(input);
        return input.after && "skip" in input.after && input.after.skip === 1 ? { ...step, atLeast: true } : step;
      },
    });
    expect(count).toMatchObject({ deliveries: 6, atLeast: true });
    expect(recorded[0]?.count).toEqual(count);
  });

  it("that is full records its part, and goes on in a new one", async () => {
    const { asked, recorded, activities } = steps(12);
    await run(activities);
    expect(asked).toHaveLength(12);
    expect(recorded.length).toBeGreaterThan(1);
    expect(new Set(recorded.map(({ run: id }) => id)).size).toBe(recorded.length);
    const removed = recorded.flatMap(({ count: { events } }) => Object.values(events)).reduce((sum, n) => sum + n, 0);
    expect(removed).toBe(12);
  });
});
