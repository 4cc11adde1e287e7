/** The start of a batch whose events are on record. */
import type { Catalogue } from "../../../catalogue/catalogue.js";
import type { DispatchGauge } from "../../../dispatch-gauge.js";
import type { Metrics } from "../../../metrics.js";
import type { Store } from "../../../store/store.js";
import type { AcceptedEventsInput } from "../../../workflows/contract.js";
import type { Batch } from "./batches.js";
import type { OwnerIds } from "./owner-ids.js";
import type { EarlyAttempts } from "./early.js";
import {
  byReference,
  START_WITHIN_MS,
  type StartDependencies,
  startDeliverEvent,
  type StartOutcome,
} from "./start-workflow.js";

export interface StartBatchDependencies {
  starting: StartDependencies;
  owners: OwnerIds;
  store: Pick<Store, "events">;
  catalogue: Pick<Catalogue, "version">;
  metrics: Pick<Metrics, "batchSize">;
  gauge?: DispatchGauge;
  early?: EarlyAttempts;
}

/** Starts the batch's workflow. Never rejects; `unavailable` may be tried again. */
export async function startBatch(dependencies: StartBatchDependencies, batch: Batch): Promise<StartOutcome> {
  const { starting, owners, catalogue, metrics, gauge, early } = dependencies;
  const events = batch.ready.map(({ event }) => event);
  const listing = early?.listing(batch.owner, events);
  const input: AcceptedEventsInput = {
    events: events.map(byReference),
    catalogueVersion: catalogue.version,
    ...(listing && { early: listing }),
    ...(batch.rerun && { rerun: true }),
  };
  metrics.batchSize.observe(events.length);
  gauge?.begin(batch.owner);
  const outcome = await startDeliverEvent(starting, { workflowId: batch.owner, input, ms: START_WITHIN_MS });
  if (outcome !== "started") gauge?.done(batch.owner);
  // While this process seemed to be gone, another one has started the owner with what it found on record then.
  if (outcome === "exists" && owners.wasLost(batch.owner)) return await changeOwner(dependencies, batch);
  return outcome;
}

/**
 * Gives the events of the batch a new owner, by a compare-and-set each, and starts that one as a rerun: it reads what
 * was delivered already.
 */
async function changeOwner(dependencies: StartBatchDependencies, batch: Batch): Promise<StartOutcome> {
  const { owners, store } = dependencies;
  if (!(await owners.ready(START_WITHIN_MS))) return "unavailable";
  // The same one when this is tried again: some records may name it already.
  batch.next ??= owners.take();
  const { owner: former, next } = batch;
  if (next === undefined) return "unavailable";
  try {
    await Promise.all(batch.ready.map(({ event }) => store.events.takeOver(event.id, former, next)));
    const records = await store.events.getMany(batch.ready.map(({ event }) => event.id));
    batch.ready = batch.ready.filter(({ event }) => records.get(event.id)?.owner === next);
  } catch {
    return "unavailable";
  }
  owners.done(former);
  batch.owner = next;
  batch.rerun = true;
  delete batch.next;
  return batch.ready.length === 0 ? "started" : startBatch(dependencies, batch);
}
