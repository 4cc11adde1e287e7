/**
 * Starts the workflows `notices`, `mail` and `chat` when something is due for them. An idle service starts nothing, so
 * the engine pays nothing.
 */
import { type Client, WorkflowExecutionAlreadyStartedError } from "@temporalio/client";
import type { Logger } from "pino";
import { byTheClock } from "../../by-the-clock.js";
import type { Metrics } from "../../metrics.js";
import type { Store } from "../../store/store.js";
import { TASK_QUEUE, WORKFLOW } from "../../workflows/contract.js";

/** Found under this id in the Temporal UI. Only one runs at a time. */
export const NOTICES_WORKFLOW_ID = "sealpost-notices";
export const MAIL_WORKFLOW_ID = "sealpost-mail";
export const CHAT_WORKFLOW_ID = "sealpost-chat";

export interface NoticeKeeperDependencies {
  store: Pick<Store, "notices" | "mail" | "chat">;
  client: Pick<Client, "workflow" | "withDeadline">;
  metrics: Pick<Metrics, "noticesWaiting" | "mailsWaiting" | "chatsWaiting" | "ownFailures">;
  log: Pick<Logger, "warn">;
  /** This process has a mail server. */
  sendsMail?: boolean;
  taskQueue?: string;
  everyMs?: number;
}

const EVERY_MS = 5_000;
const START_DEADLINE_MS = 10_000;

/** Looks by the clock until it is stopped. */
export function keepNotices(dependencies: NoticeKeeperDependencies): { stop(): Promise<void> } {
  const { store, metrics, log, sendsMail = false, everyMs = EVERY_MS } = dependencies;
  const safely = async (part: "notices" | "mail" | "chat", look: () => Promise<void>): Promise<void> => {
    try {
      await look();
    } catch (error) {
      metrics.ownFailures.inc({ part });
      log.warn({ err: error }, `${part} cannot be looked after now; tried again in some seconds`);
    }
  };
  const lookForNotices = async (): Promise<void> => {
    metrics.noticesWaiting.set(await store.notices.count());
    if ((await store.notices.due(1)).length > 0)
      await startWorkflow(dependencies, WORKFLOW.notices, NOTICES_WORKFLOW_ID);
  };
  const lookForMail = async (): Promise<void> => {
    metrics.mailsWaiting.set(await store.mail.count());
    if ((await store.mail.due(1)).length > 0) await startWorkflow(dependencies, WORKFLOW.mail, MAIL_WORKFLOW_ID);
  };
  const lookForChat = async (): Promise<void> => {
    metrics.chatsWaiting.set(await store.chat.count());
    if ((await store.chat.due(1)).length > 0) await startWorkflow(dependencies, WORKFLOW.chat, CHAT_WORKFLOW_ID);
  };
  const look = async (): Promise<void> => {
    await safely("notices", lookForNotices);
    if (sendsMail) await safely("mail", lookForMail);
    await safely("chat", lookForChat);
  };
  return byTheClock(everyMs, look, { atOnce: true });
}

/** One that runs already goes on. */
export async function startWorkflow(
  { client, taskQueue = TASK_QUEUE }: Pick<NoticeKeeperDependencies, "client" | "taskQueue">,
  type: string,
  workflowId: string,
): Promise<void> {
  await client
    .withDeadline(Date.now() + START_DEADLINE_MS, () =>
      client.workflow.start(type, { taskQueue, workflowId, args: [] }),
    )
    .catch((error: unknown) => {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    });
}
