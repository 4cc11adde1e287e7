/** Signals to the workflows that look after deliveries. */
import { type Client, WorkflowNotFoundError } from "@temporalio/client";

/** Sends a signal. False when the workflow is not open any more. */
export type SendSignal = (workflowId: string, name: string, ...args: unknown[]) => Promise<boolean>;

export function createSignal(client: Client): SendSignal {
  return async (workflowId, name, ...args) => {
    try {
      await client.workflow.getHandle(workflowId).signal(name, ...args);
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  };
}
