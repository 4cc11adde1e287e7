/**
 * Runs go on in new ones when they are old, keep their state, and replay. Runs of the time before that rule replay as
 * well.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { WorkflowHandle } from "@temporalio/client";
import { temporal } from "@temporalio/proto";
import { Worker } from "@temporalio/worker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleCode } from "../../src/workers/bundle.js";
import type { Lease, RetryItem } from "../../src/workflows/contract.js";
import { noProgress, type RecoveryInput } from "../../src/workflows/recovery/recovery-contract.js";
import { searchAttributesOf } from "../../src/workflows/search-attributes.js";
import { consumer, retryInput, testEngine, type TestEngine } from "./engine.js";

type History = ReturnType<typeof temporal.api.history.v1.History.fromObject>;
const within = { timeout: 30_000, interval: 50 };
const MAX_RUN_MS = 1_500;
let engine: TestEngine;
let code: string;
beforeAll(async () => void ([engine, code] = await Promise.all([testEngine(), bundleCode()])));
afterAll(() => engine.close());

const startOf = (type: string, input: object, attributes = {}): Promise<WorkflowHandle> =>
  engine.client.workflow.start(type, {
    workflowId: `age/${randomBytes(5).toString("hex")}`,
    taskQueue: engine.taskQueue,
    args: [input],
    ...attributes,
  });
const runOf = async (handle: WorkflowHandle): Promise<string> => (await handle.describe()).runId;

async function differences(...histories: History[]): Promise<(Error | undefined)[]> {
  const found: (Error | undefined)[] = [];
  const named = histories.map((history) => ({
    workflowId: history.events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? "",
    history,
  }));
  for await (const { error } of Worker.runReplayHistories({ workflowBundle: { code } }, named)) found.push(error);
  return found;
}
const historyOf = async ({ workflowId }: WorkflowHandle, runId: string): Promise<History> =>
  temporal.api.history.v1.History.fromObject(await engine.client.workflow.getHandle(workflowId, runId).fetchHistory());

describe("a run that is old goes on in a new one", () => {
  it("retryDelivery, with what is parked and held in it, whether or not its worker has it in memory", async () => {
    for (const maxCachedWorkflows of [0, 100]) {
      const side = consumer((_item, attempt) =>
        attempt === 1 ? { status: "parked", reason: "no" } : { status: "delivered" },
      );
      const worker = await engine.work(side.activities, { maxCachedWorkflows });
      try {
        const input = { ...retryInput(2), maxRunMs: MAX_RUN_MS };
        const handle = await startOf("retryDelivery", input, { typedSearchAttributes: searchAttributesOf(input) });
        const first = await runOf(handle);
        await expect.poll(() => runOf(handle), within).not.toBe(first);
        const [event] = (await historyOf(handle, first)).events.slice(-1);
        expect(event?.workflowExecutionContinuedAsNewEventAttributes).toBeTruthy();
        expect(await differences(await historyOf(handle, first))).toEqual([undefined]);
        expect(
          (await handle.query<RetryItem[]>("state")).map(({ status, attempts }) => ({ status, attempts })),
        ).toEqual([
          { status: "parked", attempts: 1 },
          { status: "parked", attempts: 1 },
        ]);
        await handle.signal("retry");
        await handle.result();
        expect(side.calls).toHaveLength(4);
      } finally {
        await worker.stop();
      }
    }
  });

  it("tokenBucket, without giving a token twice", async () => {
    const worker = await engine.work({}, { maxCachedWorkflows: 0 });
    try {
      const rate = { perSecond: 0.1, burst: 1 };
      const handle = await startOf("tokenBucket", {
        subscriptionId: "sub_1",
        rate,
        rateAsOf: 1,
        idleMs: 60_000,
        maxRunMs: MAX_RUN_MS,
      });
      const lease = () => handle.executeUpdate<Lease, [object]>("lease", { args: [{ count: 1, rate, rateAsOf: 1 }] });
      const before = await lease();
      const first = await runOf(handle);
      await expect.poll(() => runOf(handle), within).not.toBe(first);
      expect(await differences(await historyOf(handle, first))).toEqual([undefined]);
      const after = await lease();
      expect((after.slots[0] ?? 0) - (before.slots[0] ?? 0)).toBeGreaterThanOrEqual(10_000);
      expect(after.epoch).toBe(before.epoch);
      await handle.terminate();
    } finally {
      await worker.stop();
    }
  });

  it("recovery, with what it has read and what it watches", async () => {
    let given = 0;
    const worker = await engine.work({
      recoveryPage: async ({ cursor }) => ({
        deliveries: [{ id: `evt_${cursor ?? "0"}.sub_1`, attempts: 1 }],
        perSecond: 5,
        ...((given += 1) < 4 && { cursor: String(given) }),
      }),
      recoveryStep: async ({ send, watch }) => ({
        sent: send.map(({ id, attempts }) => ({ id, attempts, at: Date.now() })),
        skipped: {},
        delivered: watch.length,
        failedAgain: 0,
        watch: [],
        perSecond: 5,
      }),
      recordRecovery: async () => undefined,
    });
    try {
      const input: RecoveryInput = {
        recoveryId: randomBytes(5).toString("hex"),
        filter: { subscriptionId: "sub_1" },
        parkOpenDays: 7,
        maxRunMs: 1,
      };
      const handle = await startOf("recovery", input);
      const first = await runOf(handle);
      expect(await handle.result()).toEqual({ ...noProgress(), found: 4, sent: 4, delivered: 4 });
      expect(await runOf(handle)).not.toBe(first);
      expect(await differences(await historyOf(handle, first))).toEqual([undefined]);
    } finally {
      await worker.stop();
    }
  });
});

it("a history of before that rule, of a run that became older than it allows, still replays", async () => {
  const aged = (file: string): History => {
    const history = JSON.parse(
      readFileSync(fileURLToPath(new URL(`../histories/${file}.json`, import.meta.url)), "utf8"),
    ) as { events: { workflowExecutionStartedEventAttributes?: { input: { payloads: { data: string }[] } } }[] };
    const payload = history.events[0]?.workflowExecutionStartedEventAttributes?.input.payloads[0];
    if (!payload) throw new Error(`${file} has no input`);
    const input = JSON.parse(Buffer.from(payload.data, "base64").toString("utf8")) as object;
    payload.data = Buffer.from(JSON.stringify({ ...input, maxRunMs: 1 })).toString("base64");
    return temporal.api.history.v1.History.fromObject(history);
  };
  const found = await differences(
    aged("retryDelivery.retried"),
    aged("retryDelivery.parked"),
    aged("tokenBucket.ended"),
    aged("recovery.done"),
  );
  expect(found).toEqual([undefined, undefined, undefined, undefined]);
});
