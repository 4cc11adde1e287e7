/**
 * Publishing. The record of an event is what makes it durable. Many records go into one write, and one write is under
 * way at a time. The answer follows it at once. The first attempts begin right after the answer where the worker lives
 * in this process. The workflow that looks after the event follows in a batch (batches.ts).
 */
import type { Client } from "@temporalio/client";
import type { Logger } from "pino";
import type { Catalogue } from "../../../catalogue/catalogue.js";
import type { DispatchGauge } from "../../../dispatch-gauge.js";
import type { Metrics } from "../../../metrics.js";
import type { Store } from "../../../store/store.js";
import type { PublishedEvent } from "../../../workflows/contract.js";
import type { AcceptableEvent, Publisher, PublishResult } from "../../dependencies.js";
import { type Batches, createBatches } from "./batches.js";
import { createCarried } from "./carried.js";
import { createCommits, report } from "./commits.js";
import type { EarlyAttempts } from "./early.js";
import { createExistingEvents } from "./existing-event.js";
import { createOwnerIds, type OwnerIds } from "./owner-ids.js";
import { createRecentIds } from "./recent-ids.js";
import { startBatch } from "./start-batch.js";
import { type StartDependencies, startDeliverEvent } from "./start-workflow.js";
import { prepare, sameContent, unavailable, type Waiting } from "./waiting-event.js";

export interface PublisherDependencies {
  client: Client;
  store: Store;
  catalogue: Catalogue;
  metrics: Metrics;
  log: Logger;
  /** Names this process among all that share the store. */
  process: string;
  /** Present where the worker runs in the same process: starts are eager and dispatches counted. */
  gauge?: DispatchGauge;
  /** Present where first attempts leave right after the answer. */
  early?: EarlyAttempts;
  taskQueue?: string;
  /** See StartDependencies. */
  packed?: true;
  settings: { batchMax: number; startsInFlight: number; dispatchesInFlight: number; backlogMax: number };
}

/** A publisher that can be taken apart. */
export interface RunningPublisher extends Publisher {
  /** Announced ids of this process, also for what it takes over from others. */
  readonly owners: OwnerIds;
  /** Whether one more event would be taken now: its workflow may wait. */
  hasRoom(): boolean;
  /**
   * Takes no more, and starts what waits, for at most `ms` milliseconds. What is left is started by another process.
   */
  close(ms?: number): Promise<void>;
}

const CLOSE_WITHIN_MS = 5_000;

/** The publisher of one API process. */
export function createPublisher(dependencies: PublisherDependencies): RunningPublisher {
  const { store, gauge, metrics, log, settings } = dependencies;
  const recent = createRecentIds(store.erasures);
  /** Ids given by publishers that are under way in this process. */
  const underWay = new Map<string, Waiting>();
  const owners = createOwnerIds({ owners: store.owners, process: dependencies.process, log });
  const batches = batchesOf(dependencies, owners);
  const carried = carriedOf(dependencies);
  const existing = createExistingEvents(dependencies, (waiting, owner) => carried.add(waiting, owner));
  const commits = createCommits({ ...dependencies, owners, batches, recent, existing, carried });
  gauge?.onFall(() => batches.pump());
  let closed = false;

  function publishOne(event: AcceptableEvent): Promise<PublishResult> {
    const waiting = prepare(event);
    const { id } = waiting.event;
    if (closed) return Promise.resolve(unavailable(id));
    if (event.id !== undefined) {
      const before = recent.get(id);
      if (before) return Promise.resolve(again(before, waiting.event));
      const earlier = underWay.get(id);
      if (earlier) return repeated(earlier, waiting.event);
      underWay.set(id, waiting);
      void waiting.promise.finally(() => underWay.delete(id));
    }
    commits.add(waiting);
    return waiting.promise;
  }

  return {
    owners,
    publish: async (events) => counted(metrics, await Promise.all(events.map(publishOne))),
    hasRoom: () => !closed && batches.backlog < settings.backlogMax,
    async close(ms = CLOSE_WITHIN_MS) {
      closed = true;
      const until = performance.now() + ms;
      await commits.close(ms);
      await batches.drain(until - performance.now());
      await owners.close();
    },
  };
}

const startingOf = (dependencies: PublisherDependencies): StartDependencies => ({
  ...dependencies,
  eager: dependencies.gauge !== undefined,
});

function batchesOf(dependencies: PublisherDependencies, owners: OwnerIds): Batches {
  const { settings, gauge, metrics } = dependencies;
  const starting = startingOf(dependencies);
  return createBatches({
    owners,
    settings,
    mayDispatch: () => (gauge?.count ?? 0) < settings.dispatchesInFlight,
    start: (batch) => startBatch({ ...dependencies, starting, owners }, batch),
    onBacklog: (events) => metrics.backlog.set(events),
  });
}

function carriedOf(dependencies: PublisherDependencies) {
  const { settings, metrics, log, catalogue } = dependencies;
  const starting = startingOf(dependencies);
  return createCarried({
    settings,
    start: ({ workflowId, events, ms }) => {
      metrics.batchSize.observe(events.length);
      return startDeliverEvent(starting, { workflowId, input: { events, catalogueVersion: catalogue.version }, ms });
    },
    onStarted: (some, { workflowId, accepted }) => {
      for (const waiting of some) report(log, waiting, { workflow: workflowId, accepted });
    },
  });
}

/** What this process committed a moment ago is answered without asking the store. */
function again(before: { sha256: string; type: string }, event: PublishedEvent): PublishResult {
  const { id } = event;
  return sameContent(before, event) ? { ok: true, id, duplicate: true } : { ok: false, id, code: "event_id_conflict" };
}

async function repeated(earlier: Waiting, event: PublishedEvent): Promise<PublishResult> {
  if (!sameContent(earlier.event, event)) return { ok: false, id: event.id, code: "event_id_conflict" };
  const result = await earlier.promise;
  return result.ok ? { ...result, duplicate: true } : result;
}

function counted(metrics: Metrics, results: PublishResult[]): PublishResult[] {
  for (const result of results) {
    if (!result.ok) metrics.refused.inc({ code: result.code });
    else if (result.duplicate) metrics.duplicates.inc();
    else metrics.accepted.inc();
  }
  return results;
}
