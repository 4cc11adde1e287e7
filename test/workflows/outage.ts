/** A breaker's whole life: most attempts fail for half a minute, probes fail, then the endpoint answers again. */
import { randomBytes } from "node:crypto";
import type { WorkflowHandle } from "@temporalio/client";
import { expect } from "vitest";
import {
  BREAKER_SIGNAL,
  BREAKER_WORKFLOW,
  type BreakerInput,
  breakerWorkflowId,
  type OutcomeReport,
} from "../../src/workflows/breaker/breaker-contract.js";
import type { TestEngine } from "./engine.js";

/** Short, so that its history is. */
const timing = { probeMs: 200, maxProbeMs: 400, rampMs: 100, tickMs: 100, knownMs: 0 };

/** Gives the workflow once it has ended. */
export async function outageOfEndpoint(engine: TestEngine): Promise<WorkflowHandle> {
  const subscriptionId = `sub_${randomBytes(5).toString("hex")}`;
  const facts = { disableAfterMs: 0 };
  let probes = 0;
  const worker = await engine.work({
    tellHealth: async () => facts,
    probeEndpoint: async () => ({ ...facts, deliveryId: `d${(probes += 1)}` }),
    releaseWaiting: async () => ({ ...facts, released: 0 }),
  });
  const report = (succeeded: number, failed: number, agoMs = 0): Promise<WorkflowHandle> => {
    const at = Date.now() - agoMs;
    const told: OutcomeReport = { from: at, to: at, succeeded, failed, trailing: failed, asOf: at };
    return engine.client.workflow.signalWithStart<(input: BreakerInput) => Promise<void>, [OutcomeReport]>(
      BREAKER_WORKFLOW,
      {
        workflowId: breakerWorkflowId(subscriptionId),
        taskQueue: engine.taskQueue,
        args: [{ subscriptionId, timing }],
        signal: BREAKER_SIGNAL.report,
        signalArgs: [told],
      },
    );
  };
  try {
    await report(0, 60, 40_000);
    await report(0, 1, 5_000);
    await expect.poll(() => probes, { timeout: 30_000 }).toBeGreaterThan(1);
    const handle = await report(3, 0);
    await handle.result();
    return handle;
  } finally {
    await worker.stop();
  }
}
