/** Starting `deliverEvent`. Every start of an owner is refused by the engine when that id was ever started before. */
import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from "@temporalio/client";
import { WorkflowIdReusePolicy } from "@temporalio/common";
import type { Logger } from "pino";
import { eventsSummary } from "../../../catalogue/workflow-summary.js";
import { withinDeadline } from "../../../store/deadline.js";
import { StoreError } from "../../../store/store-error.js";
import type { EventRecord } from "../../../store/model.js";
import { type AcceptedEventsInput, type PublishedEvent, TASK_QUEUE, WORKFLOW } from "../../../workflows/contract.js";
import { PackedInput } from "../../../workflows/payload-converter.js";

export interface StartDependencies {
  client: Client;
  log: Pick<Logger, "error">;
  taskQueue?: string;
  /** The client's data converter knows PackedInput (src/workflows/payload-converter.ts): cheaper, same result. */
  packed?: true;
  /** The worker runs in this process, so that the engine may answer a start with its first task. */
  eager: boolean;
}

/** For a start that can be tried again, milliseconds: nobody waits for its answer. */
export const START_WITHIN_MS = 4_000;

/**
 * `started`: the engine has it. `exists`: it was started before. `unavailable`: the engine may have it or not, and the
 * same start again does no harm.
 */
export type StartOutcome = "started" | "exists" | "unavailable";

/** Starts the workflow `workflowId` within `ms` milliseconds. Never rejects. */
export async function startDeliverEvent(
  { client, log, packed, eager, taskQueue = TASK_QUEUE }: StartDependencies,
  { workflowId, input, ms }: { workflowId: string; input: AcceptedEventsInput; ms: number },
): Promise<StartOutcome> {
  try {
    // The deadline ends one try. The signal ends the client's own retries, which may outlast it.
    await withinDeadline(
      ms,
      (signal) =>
        client.withAbortSignal(signal, () =>
          client.withDeadline(Date.now() + ms, () =>
            client.workflow.start(WORKFLOW.deliverEvent, {
              args: [packed ? new PackedInput(Buffer.from(JSON.stringify(input))) : input],
              workflowId,
              taskQueue,
              workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
              staticSummary: eventsSummary(input.events.map(({ type }) => type)),
              ...(eager && { requestEagerStart: true }),
            }),
          ),
        ),
      () => new StoreError("unavailable", "Temporal did not start the workflow in time."),
    );
    return "started";
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return "exists";
    log.error({ err: error, workflowId, events: input.events.length }, "Temporal did not start a workflow of events");
    return "unavailable";
  }
}

/**
 * An event whose bytes lie in the store, as it travels in a start. Its attributes stay in the store as well, because
 * they are content.
 */
export function byReference({ attributes: _content, ...event }: PublishedEvent): PublishedEvent {
  return { ...event, body: { stored: true }, recorded: true };
}

/** The same for an event of which only the record is at hand. */
export const fromRecord = (record: EventRecord): PublishedEvent => ({
  id: record.id,
  type: record.type,
  contentType: record.contentType,
  body: { stored: true },
  sha256: record.sha256,
  acceptedAt: record.acceptedAt.getTime(),
  recorded: true,
  ...(record.groups && { groups: record.groups }),
  ...(record.subscriptionIds && { subscriptionIds: record.subscriptionIds }),
  ...(record.hops && { hops: record.hops }),
});

/** For a look at a workflow's input, milliseconds. */
const LOOK_WITHIN_MS = 4_000;

/**
 * Ids of the events that the workflow `workflowId` was started with. Undefined when the engine does not know it, or
 * does not know it any more. Throws when the engine does not answer.
 */
export async function eventsStarted(
  { client }: Pick<StartDependencies, "client">,
  workflowId: string,
): Promise<ReadonlySet<string> | undefined> {
  try {
    const { events } = await client.withDeadline(Date.now() + LOOK_WITHIN_MS, () =>
      client.workflow.getHandle(workflowId).fetchHistory(),
    );
    let payloads = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    for (const codec of client.options.loadedDataConverter.payloadCodecs) payloads = await codec.decode(payloads);
    // Packed or not, the input is JSON (src/workflows/payload-converter.ts).
    const input = JSON.parse(Buffer.from(payloads[0]?.data ?? []).toString("utf8")) as AcceptedEventsInput;
    return new Set(input.events.map(({ id }) => id));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
