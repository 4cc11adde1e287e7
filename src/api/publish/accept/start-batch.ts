/** The start of a batch whose events are on record. */
import type { Catalogue } from "../../../catalogue/catalogue.js";
import type { DispatchGauge } from "../../../dispatch-gauge.js";
import type { Metrics } from "../../../metrics.js";
import type { Store } from "../../../store/store.js";
import type { AcceptedEventsInput } from "../../../workflows/contract.js";
import type { Batch } from "./batches.js";
import type { OwnerIds } from "./owner-ids.js";
import type { EarlyAttempts } from "./early.js";
import { afterStart, missedBy } from "./ownership.js";
import {
  byReference,
  eventsStarted,
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

/** Starts the batch's workflow. Never rejects. `unavailable` may be tried again. */
export async function startBatch(dependencies: StartBatchDependencies, batch: Batch): Promise<StartOutcome> {
  const { starting, catalogue, metrics, gauge, early } = dependencies;
  const events = batch.ready.map(({ event }) => event);
  const listing = early?.listing(batch.owner, events);
  const input: AcceptedEventsInput = {
    events: events.map(byReference),
    catalogueVersion: catalogue.version,
    ...(listing && { early: listing }),
    ...(batch.rerun && { rerun: true }),
    ...(batch.former && { former: batch.former }),
  };
  metrics.batchSize.observe(events.length);
  gauge?.begin(batch.owner);
  const outcome = await startDeliverEvent(starting, { workflowId: batch.owner, input, ms: START_WITHIN_MS });
  if (outcome !== "started") gauge?.done(batch.owner);
  return afterStart(outcome) === "compare" ? changeOwner(dependencies, batch) : outcome;
}

/**
 * The owner was started before: by this process, whose start was not acknowledged, or by another one that took it for
 * lost. The other one has started what it found on record then. What is missing in that input gets a new owner, by a
 * compare-and-set each. So no event is in two workflows, and none is in no workflow.
 */
async function changeOwner(dependencies: StartBatchDependencies, batch: Batch): Promise<StartOutcome> {
  const { owners, store, starting } = dependencies;
  const former = batch.owner;
  try {
    const missed = missedBy(await eventsStarted(starting, former), batch.ready, ({ event }) => event.id);
    if (missed.length === 0) return "exists";
    if (!(await owners.ready(START_WITHIN_MS))) return "unavailable";
    // The same one when this is tried again: some records may name it already.
    batch.next ??= owners.take();
    const { next } = batch;
    if (next === undefined) return "unavailable";
    batch.ready = await giveOwner({ store, from: former, to: next }, missed, ({ event }) => event.id);
    batch.owner = next;
  } catch (error) {
    starting.log.error({ err: error, workflowId: former }, "a workflow that exists could not be compared; tried again");
    return "unavailable";
  }
  owners.done(former);
  batch.former = [...(batch.former ?? []), former];
  batch.rerun = true;
  delete batch.next;
  return batch.ready.length === 0 ? "started" : startBatch(dependencies, batch);
}

/**
 * Changes the owner of events by a compare-and-set each. Gives those that have the new one, whoever gave it.
 * @throws StoreError
 */
export async function giveOwner<E>(
  { store, from, to }: { store: Pick<Store, "events">; from: string; to: string },
  events: readonly E[],
  idOf: (event: E) => string,
): Promise<E[]> {
  await Promise.all(events.map((event) => store.events.takeOver(idOf(event), from, to)));
  const records = await store.events.getMany(events.map(idOf));
  return events.filter((event) => records.get(idOf(event))?.owner === to);
}
