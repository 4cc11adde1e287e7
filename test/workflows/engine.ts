/** A worker with the real bundle on a task queue of its own; activities are given by the test, as they are what a workflow ends at. */
import { randomBytes } from "node:crypto";
import { Client, Connection } from "@temporalio/client";
import { NativeConnection, Worker, type WorkflowBundleOption } from "@temporalio/worker";
import { inject } from "vitest";
import { loadBundle } from "../../src/workers/bundle.js";
import { type Activities, type AttemptReport, type RetryDeliveryInput, type RetryItem } from "../../src/workflows/contract.js";

export interface TestEngine {
  client: Client;
  /** On the workers' own connection, which is what makes eager starts possible. */
  eager: Client;
  taskQueue: string;
  /** Runs a worker until `stop` of what it gives. */
  work(activities: Partial<Activities>, options?: { maxCachedWorkflows?: number; bundle?: WorkflowBundleOption }): Promise<{ stop(): Promise<void> }>;
  close(): Promise<void>;
}

let bundle: ReturnType<typeof loadBundle> | undefined;

export async function testEngine(): Promise<TestEngine> {
  const address = inject("temporalAddress");
  const [connection, native] = await Promise.all([Connection.connect({ address }), NativeConnection.connect({ address })]);
  const taskQueue = `test-${randomBytes(5).toString("hex")}`;
  const stops = new Set<() => Promise<void>>();
  return {
    client: new Client({ connection }),
    eager: new Client({ connection: native }),
    taskQueue,
    async work(activities, options = {}) {
      const { bundle: given, ...rest } = options;
      const worker = await Worker.create({ connection: native, taskQueue, workflowBundle: given ?? (await (bundle ??= loadBundle())), activities, ...rest });
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
      await Promise.all([connection.close(), native.close()]);
    },
  };
}

/** Deliveries of one made-up subscription, due now. */
export function retryInput(count: number, over: Partial<RetryItem> = {}): RetryDeliveryInput {
  const subscriptionId = `sub_${randomBytes(5).toString("hex")}`;
  return {
    subscriptionId, groupId: "grp_test", parkOpenDays: 7,
    items: Array.from({ length: count }, (_, index) => {
      const eventId = `evt_${randomBytes(5).toString("hex")}_${index}`;
      return { deliveryId: `${eventId}.${subscriptionId}`, eventId, eventType: "test.made", status: "pending", attempts: 0, scheduleBase: 0, ...over };
    }),
  };
}

/** A consumer's side: what it answers to the n-th attempt (1, 2, …) of a delivery; every call is written down. */
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
  const recordStatus = async ({ items, by }: { items: RetryItem[]; by?: string }): Promise<void> => void recorded.push({ items, ...(by !== undefined && { by }) });
  return { calls, recorded, chunks, activities: { attempt, recordStatus } };
}
