/**
 * A worker with the real bundle on a task queue of its own. The test gives the activities, as they are what a workflow
 * ends at. Connections and client are those of the SDK's test environment. Time is real
 * (docs/explanation/decisions/tests-run-on-real-engines.md).
 */
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { Client } from "@temporalio/client";
import { type DataConverter, defineSearchAttributeKey } from "@temporalio/common";
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { Worker, type WorkflowBundleOption } from "@temporalio/worker";
import { inject } from "vitest";
import { usualCacheDirectory } from "../../src/workers/engines/machine.js";
import { findTemporal } from "../../src/workers/engines/temporal-program.js";
import {
  type Activities,
  type AttemptReport,
  type RetryDeliveryInput,
  type RetryItem,
  SEARCH_ATTRIBUTE,
} from "../../src/workflows/contract.js";
import type { BreakerActivities } from "../../src/workflows/breaker/breaker-contract.js";
import type { RetentionActivities } from "../../src/workflows/retention/retention-contract.js";
import type { RecoveryActivities } from "../../src/workflows/recovery/recovery-contract.js";
import { builtBundle } from "../support/built-bundle.js";
import { provenConverter } from "../support/proven.js";

export interface TestEngine {
  client: Client;
  /** On the workers' own connection, which is what makes eager starts possible. */
  eager: Client;
  taskQueue: string;
  /** Runs a worker until `stop` of what it gives. */
  work(
    activities: Partial<Activities & BreakerActivities & RecoveryActivities & RetentionActivities>,
    options?: { maxCachedWorkflows?: number; bundle?: WorkflowBundleOption; dataConverter?: DataConverter },
  ): Promise<{ stop(): Promise<void> }>;
  close(): Promise<void>;
}

/** On the server that the whole suite shares. */
export const testEngine = async (): Promise<TestEngine> =>
  engineOf(await TestWorkflowEnvironment.createFromExistingServer({ address: inject("temporalAddress") }));

/** On a server of the test's own, which suggests a new run after so many history events (4,096 as it comes). */
export async function impatientEngine(historyEvents: number): Promise<TestEngine> {
  const { path } = await findTemporal(undefined, {
    cacheDir: usualCacheDirectory() ?? tmpdir(),
    toolEnvironment: {},
    progress: () => undefined,
  });
  return engineOf(
    await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: "existing-path", path },
        ip: "127.0.0.1",
        log: { format: "pretty", level: "error" },
        searchAttributes: Object.values(SEARCH_ATTRIBUTE).map((name) => defineSearchAttributeKey(name, "KEYWORD")),
        extraArgs: ["--dynamic-config-value", `limit.historyCount.suggestContinueAsNew=${historyEvents}`],
      },
    }),
  );
}

async function engineOf(environment: TestWorkflowEnvironment): Promise<TestEngine> {
  const bundle = await builtBundle();
  const { client, nativeConnection: connection } = environment;
  const taskQueue = `test-${randomBytes(5).toString("hex")}`;
  const stops = new Set<() => Promise<void>>();
  return {
    client,
    eager: new Client({ connection }),
    taskQueue,
    async work(activities, options = {}) {
      const { bundle: given, ...rest } = options;
      const worker = await Worker.create({
        connection,
        taskQueue,
        dataConverter: provenConverter,
        workflowBundle: given ?? bundle,
        activities: { recordRefusal: async () => undefined, ...activities },
        ...rest,
      });
      const running = worker.run();
      const stop = async (): Promise<void> => {
        if (!stops.delete(stop)) return;
        worker.shutdown();
        await running;
      };
      stops.add(stop);
      return { stop };
    },
    async close() {
      await Promise.all([...stops].map((stop) => stop()));
      await environment.teardown();
    },
  };
}

/** Deliveries of one made-up subscription, due now. */
export function retryInput(count: number, over: Partial<RetryItem> = {}): RetryDeliveryInput {
  const subscriptionId = `sub_${randomBytes(5).toString("hex")}`;
  return {
    subscriptionId,
    groupId: "grp_test",
    parkOpenDays: 7,
    items: Array.from({ length: count }, (_, index) => {
      const eventId = `evt_${randomBytes(5).toString("hex")}_${index}`;
      return {
        deliveryId: `${eventId}.${subscriptionId}`,
        eventId,
        eventType: "test.made",
        status: "pending",
        attempts: 0,
        scheduleBase: 0,
        ...over,
      };
    }),
  };
}

/**
 * A consumer's side. It says what it answers to the n-th attempt (1, 2, …) of a delivery. Every call is written down.
 */
export function consumer(answer: (item: RetryItem, attempt: number) => Partial<RetryItem>) {
  const calls: { deliveryId: string; attempt: number; at: number; dueAt: number | undefined }[] = [];
  const recorded: { items: RetryItem[]; by?: string }[] = [];
  const chunks: number[] = [];
  const attempt = async ({ items }: { items: RetryItem[] }): Promise<AttemptReport> => {
    chunks.push(items.length);
    return {
      items: items.map((item) => {
        calls.push({ deliveryId: item.deliveryId, attempt: item.attempts + 1, at: Date.now(), dueAt: item.dueAt });
        const { dueAt: _due, ...rest } = item;
        return { ...rest, attempts: item.attempts + 1, since: Date.now(), ...answer(item, item.attempts + 1) };
      }),
    };
  };
  const recordStatus = async ({ items, by }: { items: RetryItem[]; by?: string }): Promise<void> =>
    void recorded.push({ items, ...(by !== undefined && { by }) });
  return { calls, recorded, chunks, activities: { attempt, recordStatus } };
}
