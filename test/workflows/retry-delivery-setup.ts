import { randomBytes } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import type { WorkflowHandle } from "@temporalio/client";
import { type RetryDeliveryInput } from "../../src/workflows/contract.js";
import { searchAttributesOf } from "../../src/workflows/search-attributes.js";
import { testEngine, type TestEngine } from "./engine.js";

export let engine: TestEngine;

export const start = (input: RetryDeliveryInput): Promise<WorkflowHandle> =>
  engine.client.workflow.start("retryDelivery", {
    workflowId: `retry/${randomBytes(5).toString("hex")}`,
    taskQueue: engine.taskQueue,
    args: [input],
    typedSearchAttributes: searchAttributesOf(input),
  });
export const within = { timeout: 30_000, interval: 50 };

/** What each of the files needs that begin with `retry-delivery`: call it once at the top. */
export function setUpRetryDelivery(): void {
  beforeAll(async () => void (engine = await testEngine()));
  afterAll(() => engine.close());
}
