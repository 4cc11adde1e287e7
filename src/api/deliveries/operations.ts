/** What is set in motion after the first delivery: resend, cancel, wake, recovery. */
import { sideBySide } from "../../side-by-side.js";
import { bucketWorkflowId, SIGNAL, TASK_QUEUE, WORKFLOW } from "../../workflows/contract.js";
import type { Operations } from "../dependencies.js";
import { createSignal } from "./signal.js";
import { type OperationsDependencies, createResend } from "./resend.js";
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

  return {
    resend: createResend(dependencies, signal),
    cancel: createCancel(store, signal),
    cancelAll: createCancelAll(store, signal),
    wake,
    configureBucket: async (subscription) => {
      const { id, rateLimit, updatedAt } = subscription;
      if (rateLimit)
        await signal(bucketWorkflowId(id), SIGNAL.configure, { rate: rateLimit, asOf: updatedAt.getTime() });
    },
    startRecovery: async (recovery) => {
      await client.workflow.start(WORKFLOW.recovery, {
        workflowId: `recovery/${recovery.id}`,
        taskQueue,
        args: [{ recoveryId: recovery.id, filter: recovery.filter, parkOpenDays }],
        staticSummary: `recovery of ${recovery.count ?? "some"} deliveries`,
      });
      log.info({ recovery: recovery.id }, "recovery started");
    },
    tellRecovery: (id, act, by) => signal(`recovery/${id}`, SIGNAL[act], { by }),
  };
}
