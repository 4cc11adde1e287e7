/**
 * Publishing: makes events durable by starting `deliverEvent` workflows, many events in one start under load (group
 * commit).
 *
 * A workflow costs about 30 ms of CPU however little it carries, 200 events in one cost 0.5 ms each. So few starts are
 * under way at once, and what arrives meanwhile goes out together in the next: a lone event leaves at once, batches
 * grow by themselves.
 */
import { type Client, WorkflowExecutionAlreadyStartedError } from "@temporalio/client";
import type { Logger } from "pino";
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { DispatchGauge } from "../../dispatch-gauge.js";
import type { Metrics } from "../../metrics.js";
import { eventsSummary } from "../../catalogue/workflow-summary.js";
import { eventRecord } from "../../catalogue/event-record.js";
import { withinDeadline } from "../../store/deadline.js";
import { newId } from "../../store/ids.js";
import { StoreError } from "../../store/store-error.js";
import type { Store } from "../../store/store.js";
import { type DeliverEventInput, type PublishedEvent, TASK_QUEUE, WORKFLOW } from "../../workflows/contract.js";
import { escapeEventId } from "../../workflows/event-id.js";
import { PackedInput } from "../../workflows/payload-converter.js";
import type { AcceptableEvent, Publisher, PublishResult } from "../dependencies.js";
import { ANSWER_WITHIN_MS, prepare, sameContent, type Waiting } from "./waiting-event.js";
import { createExistingEvents } from "./existing-event.js";

export interface PublisherDependencies {
  client: Client;
  store: Store;
  catalogue: Catalogue;
  metrics: Metrics;
  log: Logger;
  /** Present where the worker runs in the same process: starts are eager and dispatches counted. */
  gauge?: DispatchGauge;
  taskQueue?: string;
  /** The client's data converter knows PackedInput (src/workflows/payload-converter.ts): cheaper, same result. */
  packed?: true;
  settings: { batchMax: number; startsInFlight: number; dispatchesInFlight: number };
}

/** Most payload bytes in one start; Temporal warns above 512 KiB a payload and refuses 2 MiB. */
const BATCH_BYTES = 512 * 1024;
/** A start with less time than this is not tried: it would be given up before the engine answers. */
const LEAST_START_MS = 250;
const RETRY_AFTER_SECONDS = 5;

/** The publisher of one API process. */
export function createPublisher(dependencies: PublisherDependencies): Publisher {
  const { gauge, metrics, settings } = dependencies;
  const queue: Waiting[] = [];
  /** Ids given by publishers that are under way in this process. */
  const underWay = new Map<string, Waiting>();
  const existing = createExistingEvents(dependencies, (waiting) => enqueue(waiting));
  let starts = 0;
  let scheduled = false;

  function enqueue(waiting: Waiting): void {
    queue.push(waiting);
    pumpSoon();
  }
  // setImmediate gathers the publishes of one turn of the event loop: without it 1,340 instead of 2,100 events/s at 256
  // clients.
  function pumpSoon(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(pump);
  }
  function pump(): void {
    scheduled = false;
    refuseLate(dependencies, queue);
    while (queue.length > 0 && starts < settings.startsInFlight && (gauge?.count ?? 0) < settings.dispatchesInFlight) {
      starts++;
      void start(takeBatch(queue, settings.batchMax)).finally(() => {
        starts--;
        pumpSoon();
      });
    }
  }
  gauge?.onFall(pumpSoon);

  async function start(batch: Waiting[]): Promise<void> {
    const first = batch[0];
    if (!first) return;
    const workflowId = first.workflowId ?? (batch.length === 1 ? escapeEventId(first.event.id) : newId("batch"));
    const { ready, known } = await recordFirst(dependencies, batch, workflowId);
    refuseLate(dependencies, ready);
    for (const waiting of known) void existing.settle(waiting);
    if (ready.length === 0) return;
    metrics.batchSize.observe(ready.length);
    gauge?.begin(workflowId);
    const outcome = await startWorkflow(dependencies, workflowId, ready);
    if (outcome !== "started") gauge?.done(workflowId);
    const start = { workflowId, batch: ready.length, outcome };
    for (const waiting of ready) settle(dependencies, waiting, start);
  }

  function publishOne(event: AcceptableEvent): Promise<PublishResult> {
    const waiting = prepare(event);
    if (event.id === undefined) {
      enqueue(waiting);
      return waiting.promise;
    }
    const earlier = underWay.get(event.id);
    if (earlier) return repeated(earlier, waiting.event);
    underWay.set(event.id, waiting);
    void waiting.promise.finally(() => underWay.delete(waiting.event.id));
    enqueue(waiting);
    return waiting.promise;
  }

  return { publish: async (events) => counted(metrics, await Promise.all(events.map(publishOne))) };
}

async function repeated(earlier: Waiting, event: PublishedEvent): Promise<PublishResult> {
  if (!sameContent(earlier.event, event)) return { ok: false, id: event.id, code: "event_id_conflict" };
  const result = await earlier.promise;
  return result.ok ? { ...result, duplicate: true } : result;
}

function takeBatch(queue: Waiting[], batchMax: number): Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const waiting of queue) {
    const size = "stored" in waiting.event.body ? 256 : waiting.payload.byteLength;
    // A start that replaces a lost owner keeps its own workflow id, so it travels alone.
    if (count > 0 && (bytes + size > BATCH_BYTES || count >= batchMax || waiting.workflowId !== undefined)) break;
    bytes += size;
    count++;
    if (waiting.workflowId !== undefined) break;
  }
  return queue.splice(0, count);
}

/**
 * Writes the records of those events that need one before the start: ids given by the publisher (the unique `_id` is
 * what tells two API processes apart, so that only one of them starts and another body answers 409), and payloads that
 * travel by reference.
 */
async function recordFirst(
  { store, catalogue, log }: PublisherDependencies,
  batch: Waiting[],
  workflowId: string,
): Promise<{ ready: Waiting[]; known: Waiting[] }> {
  const first = batch.filter(({ event }) => !event.recorded && (!event.ownId || "stored" in event.body));
  if (first.length === 0) return { ready: batch, known: [] };
  try {
    const before = new Set(
      await inTime(first, () =>
        store.events.insertMany(
          first.map(({ event, payload }) => ({
            record: eventRecord(event, payload.byteLength, catalogue, workflowId),
            payload,
          })),
        ),
      ),
    );
    const known = first.filter(({ event }) => before.has(event.id));
    for (const waiting of first) if (!before.has(waiting.event.id)) waiting.event.recorded = true;
    return { ready: batch.filter((waiting) => !known.includes(waiting)), known };
  } catch (error) {
    log.error({ err: error, events: first.length }, "events not accepted: the store did not record them");
    for (const waiting of first)
      waiting.resolve({ ok: false, id: waiting.event.id, code: "unavailable", retryAfterSeconds: RETRY_AFTER_SECONDS });
    return { ready: batch.filter((waiting) => !first.includes(waiting)), known: [] };
  }
}

/** Milliseconds that the longest waiting of these may still take. */
const leastLeft = (batch: readonly Waiting[]): number =>
  ANSWER_WITHIN_MS + Math.min(...batch.map(({ since }) => since)) - performance.now();

/**
 * Takes out and refuses what cannot be started in time any more: a stuck engine or store must not hold the answers up.
 */
function refuseLate({ log }: PublisherDependencies, waiting: Waiting[]): void {
  const latest = performance.now() - ANSWER_WITHIN_MS + LEAST_START_MS;
  const late = waiting.filter(({ since }) => since < latest);
  if (late.length === 0) return;
  waiting.splice(0, waiting.length, ...waiting.filter(({ since }) => since >= latest));
  log.error({ events: late.length }, "events not accepted: they waited too long for their start");
  for (const { event, resolve } of late)
    resolve({ ok: false, id: event.id, code: "unavailable", retryAfterSeconds: RETRY_AFTER_SECONDS });
}

/**
 * Gives up when the answer is due. What is done all the same is found by the next publish of the id: a duplicate, or a
 * record to take over.
 */
const inTime = <T>(batch: readonly Waiting[], work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  withinDeadline(leastLeft(batch), work, () => new StoreError("unavailable", "It was not done in time."));

type StartOutcome = "started" | "exists" | "unavailable";

/** The start that carried an event, with how many events it carried. */
interface FinishedStart {
  workflowId: string;
  batch: number;
  outcome: StartOutcome;
}

async function startWorkflow(
  { client, catalogue, gauge, log, packed, taskQueue = TASK_QUEUE }: PublisherDependencies,
  workflowId: string,
  batch: Waiting[],
): Promise<StartOutcome> {
  const input: DeliverEventInput = { events: batch.map(({ event }) => event), catalogueVersion: catalogue.version };
  try {
    // The deadline ends one try; the signal ends the client's own retries, which may outlast it.
    await inTime(batch, (signal) =>
      client.withAbortSignal(signal, () =>
        client.withDeadline(Date.now() + leastLeft(batch), () =>
          client.workflow.start(WORKFLOW.deliverEvent, {
            args: [packed ? new PackedInput(Buffer.from(JSON.stringify(input))) : input],
            workflowId,
            taskQueue,
            staticSummary: eventsSummary(input.events.map(({ type }) => type)),
            ...(gauge && { requestEagerStart: true }),
          }),
        ),
      ),
    );
    return "started";
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return "exists";
    log.error(
      { err: error, workflowId, events: batch.length },
      "events not accepted: Temporal did not start their workflow",
    );
    return "unavailable";
  }
}

function settle({ log }: PublisherDependencies, waiting: Waiting, { workflowId, batch, outcome }: FinishedStart): void {
  const { event } = waiting;
  const accepted = outcome !== "unavailable";
  log.info(
    {
      event: event.id,
      type: event.type,
      bytes: waiting.payload.byteLength,
      workflow: workflowId,
      batch,
      accepted,
      ms: Math.round((performance.now() - waiting.since) * 10) / 10,
    },
    "event",
  );
  waiting.resolve(
    accepted
      ? { ok: true, id: event.id, duplicate: outcome === "exists" || waiting.workflowId !== undefined }
      : { ok: false, id: event.id, code: "unavailable", retryAfterSeconds: RETRY_AFTER_SECONDS },
  );
}

function counted(metrics: Metrics, results: PublishResult[]): PublishResult[] {
  for (const result of results) {
    if (!result.ok) metrics.refused.inc({ code: result.code });
    else if (result.duplicate) metrics.duplicates.inc();
    else metrics.accepted.inc();
  }
  return results;
}
