/** What is set in motion after the first delivery: resend, cancel, wake, recovery. */
import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from "@temporalio/client";
import { sideBySide } from "../../side-by-side.js";
import { bucketWorkflowId, SIGNAL, TASK_QUEUE, WORKFLOW } from "../../workflows/contract.js";
import type { RecoveryInput } from "../../workflows/recovery/recovery-contract.js";
import {
  BREAKER_SIGNAL,
  BREAKER_WORKFLOW,
  type BreakerInput,
  breakerStart,
} from "../../workflows/breaker/breaker-contract.js";
import type { Operations } from "../dependencies.js";
import { createSignal } from "./signal.js";
import { type OperationsDependencies, createResend } from "./resend.js";
import { createFirstSend } from "./first-send.js";
import { createCancel, createCancelAll } from "./cancel.js";

/** Signals sent at once when a subscription wakes. */
const WAKE_TOGETHER = 16;

/** Operations over the Temporal client. */
export function createOperations(dependencies: OperationsDependencies): Operations {
  const { client, store, log, parkOpenDays, taskQueue = TASK_QUEUE } = dependencies;
  const signal = createSignal(client);

  async function wake(subscriptionId: string): Promise<void> {
    const workflows = await store.deliveries.openWorkflows(subscriptionId);
    await sideBySide(WAKE_TOGETHER, workflows, async (id) => void (await signal(id, SIGNAL.wake, { subscriptionId })));
  }

  const resend = createResend(dependencies, signal);
  return {
    resend,
    sendFirst: createFirstSend(dependencies, resend),
    cancel: createCancel(store, signal),
    cancelAll: createCancelAll(store, signal),
    wake,
    configureBucket: async (subscription) => {
      const { id, rateLimit, updatedAt } = subscription;
      if (rateLimit)
        await signal(bucketWorkflowId(id), SIGNAL.configure, { rate: rateLimit, asOf: updatedAt.getTime() });
    },
    tryEndpoint: async (subscription) => {
      await client.workflow.signalWithStart<(input: BreakerInput) => Promise<void>>(BREAKER_WORKFLOW, {
        ...breakerStart(subscription),
        taskQueue,
        signal: BREAKER_SIGNAL.probe,
      });
    },
    startRecovery: async (recovery) => {
      const { id, filter, count, ratePerSecond, order } = recovery;
      const input: RecoveryInput = {
        recoveryId: id,
        filter,
        parkOpenDays,
        ...(ratePerSecond !== undefined && { ratePerSecond }),
        ...(order && { order }),
      };
      await client.workflow
        .start(WORKFLOW.recovery, {
          workflowId: `recovery/${id}`,
          workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
          taskQueue,
          args: [input],
          staticSummary: `recovery of ${count ?? "some"} deliveries`,
        })
        .catch((error: unknown) => {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        });
      log.info({ recovery: id }, "recovery started");
    },
    tellRecovery: (id, act, by) => signal(`recovery/${id}`, SIGNAL[act], { by }),
  };
}
