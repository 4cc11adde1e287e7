/**
 * First attempts that leave right after an event was committed, in the process that accepted it. The workflow of the
 * event follows a moment later. It adopts what was begun here and makes what was not.
 */
import type { Place } from "../../turnstile.js";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { routesOf, routingOf } from "../../catalogue/routes.js";
import type { Metrics } from "../../metrics.js";
import { DEFAULT_TIMEOUT_MS } from "../../workflows/schedule.js";
import type { EarlyListing, PublishedEvent } from "../../workflows/contract.js";
import { deliveryIdOf } from "../../workflows/event-id.js";
import type { EventBytes } from "../attempt.js";
import { createEarlyEntries, type EarlyEntries, type EarlyEntry } from "./early-entries.js";
import { eventBytesOf, type EventBytesSource, NO_BYTES } from "../event-bytes.js";
import { filterRoutes } from "../filter-routes.js";
import type { FirstAttemptsDependencies, FirstOutcome, Route } from "../first-attempts.js";
import { createOutcomeRecorder } from "./outcome-recorder.js";
import type { RecordOutcomesDependencies } from "../record-outcomes.js";

export interface EarlyDependencies extends FirstAttemptsDependencies, RecordOutcomesDependencies {
  catalogue: Catalogue;
  eventBytes: Pick<EventBytesSource, "keep">;
  metrics: Pick<Metrics, "earlyUnderWay">;
  /** Names this process in the inputs of workflows. */
  process: string;
  /** False while a worker of an earlier release polls: it would make every attempt again. */
  mayBegin(): boolean;
}

export interface EarlyTable extends Omit<EarlyEntries, "add" | "listing"> {
  /** Begins what may begin now. Never throws. */
  begin(owner: string, events: readonly Committed[]): void;
  /** What was begun of the events of one workflow, for its input. */
  listing(owner: string, events: readonly PublishedEvent[]): EarlyListing | undefined;
  /** Waits until all that was begun is on record, at most `ms` milliseconds. */
  close(ms: number): Promise<void>;
}

interface Committed {
  event: PublishedEvent;
  payload: Uint8Array;
}

/** An event for more subscriptions is left to the dispatch, which spreads it over all workers. */
const WIDEST = 200;
/** Attempts listed in one input: some 100 bytes each, and a payload of Temporal holds 512 KiB. */
const MOST_LISTED = 2_000;
/** Beside its time-out an attempt waits at most 15 s for a connection. The rest is for signing and a busy process. */
const LATE_MS = 25_000;
/** The table of one process. */
export function createEarlyAttempts(dependencies: EarlyDependencies): EarlyTable {
  const { catalogue, store, eventBytes, metrics, process } = dependencies;
  const entries = createEarlyEntries(process);
  const perOwner = new Map<string, number>();
  const recorder = createOutcomeRecorder(dependencies);
  const underWay = createUnderWay(metrics);
  function beginEvent(owner: string, event: PublishedEvent, bytes: EventBytes): void {
    if (store.erasures.lately(event.id)) return;
    const subscriptions = routesOf(catalogue, event);
    const before = perOwner.get(owner) ?? 0;
    if (subscriptions.length > WIDEST || before + subscriptions.length > MOST_LISTED) return;
    const routes = subscriptions.map((subscription) => ({
      deliveryId: deliveryIdOf(event.id, subscription.id),
      event: bytes,
      subscription,
    }));
    const begun: EarlyEntry[] = [];
    for (const route of filterRoutes(routes)) {
      const place = placeFor(dependencies, route);
      if (place) begun.push(attempt(owner, route, place));
    }
    if (begun.length === 0) return;
    perOwner.set(owner, before + begun.length);
    entries.add(event.id, begun);
  }
  function attempt(owner: string, route: Route, place: Place): EarlyEntry {
    const { subscription, event } = route;
    underWay.change(1);
    const sent = outcomeOf(dependencies, route);
    const entry: EarlyEntry = {
      route,
      until: Date.now() + (subscription.retry?.timeoutMs ?? DEFAULT_TIMEOUT_MS) + LATE_MS,
      recorded: sent.then((outcome) => {
        entry.outcome = withoutDetail(outcome);
        place.leave();
        underWay.change(-1);
        // Neither the bytes nor the details are needed any more, and entries are kept for longer.
        entry.route = { ...route, event: { ...event, bytes: NO_BYTES } };
        return recorder.record(owner, { route, outcome });
      }),
    };
    return entry;
  }

  return {
    begin(owner, events) {
      if (!dependencies.mayBegin()) return;
      for (const { event, payload } of events) {
        const bytes = eventBytesOf(event, payload);
        // The dispatch finds it here as well, for what is not begun now.
        eventBytes.keep([bytes]);
        beginEvent(owner, event, bytes);
      }
    },
    listing(owner, events) {
      perOwner.delete(owner);
      return entries.listing(events);
    },
    of: (eventIds) => entries.of(eventIds),
    forget: (eventIds) => entries.forget(eventIds),
    close: (ms) => recorder.close(() => underWay.isNone(), ms),
  };
}

/** What has no place now, or may not leave, is made by the dispatch. */
const placeFor = (dependencies: EarlyDependencies, route: Route): Place | undefined =>
  mayLeave(dependencies, route) ? dependencies.places.attempts.tryEnter(route.subscription.id) : undefined;

const mayLeave = (
  { throttle, health, effects, breaker, places }: EarlyDependencies,
  { subscription, event, filtered }: Route,
): boolean =>
  filtered === undefined &&
  subscription.rateLimit === undefined &&
  routingOf(subscription, event.type) === "sent" &&
  throttle.pausedUntil(subscription) <= Date.now() &&
  breaker?.whyWaits(subscription, { eventType: event.type, attempts: 0 }) === undefined &&
  !effects.isUnderWay(subscription.id) &&
  !places.unrecorded.isBehind() &&
  health.verdict(subscription.id) === "prompt";

/** The attempt itself. Never rejects. */
const outcomeOf = (
  { deliver, log }: EarlyDependencies,
  { event, subscription, deliveryId }: Route,
): Promise<FirstOutcome> =>
  deliver({ event, subscription, number: 1, inSchedule: 0 }).then(
    (result): FirstOutcome => ({ kind: "attempted", result }),
    // It is not known how far it came. So the workflow looks, and it costs the consumer no attempt.
    (error: unknown): FirstOutcome => {
      log.error({ err: error, delivery: deliveryId }, "a first attempt broke off");
      return { kind: "left", status: "pending" };
    },
  );

/** Headers and bodies of request and answer are for the record alone. */
function withoutDetail(outcome: FirstOutcome): FirstOutcome {
  if (outcome.kind !== "attempted" || !outcome.result.attempt) return outcome;
  const { detail: _recorded, ...attempt } = outcome.result.attempt;
  return { kind: "attempted", result: { ...outcome.result, attempt } };
}

/** Counts requests under way. */
function createUnderWay(metrics: EarlyDependencies["metrics"]) {
  let all = 0;
  return {
    change(by: 1 | -1): void {
      all += by;
      metrics.earlyUnderWay.set(all);
    },
    isNone: (): boolean => all === 0,
  };
}
