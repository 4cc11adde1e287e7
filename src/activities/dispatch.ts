/** The local activity behind `deliverEvent`: route → record events → sign and send → classify → record deliveries. */
import { activityInfo } from "@temporalio/activity";
import { ApplicationFailure } from "@temporalio/common";
import type { Subscription } from "../store/model.js";
import {
  type AcceptedEventsInput,
  type DeliverPageInput,
  type DispatchInput,
  type DispatchResult,
  MAX_DELIVERIES_PER_DISPATCH,
  type PublishedEvent,
  WORKFLOW,
} from "../workflows/contract.js";
import { deliveryIdOf } from "../workflows/event-id.js";
import type { PackedInput } from "../workflows/payload-converter.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import { deliverRoutes, type DeliverRoutesDependencies } from "./deliver-routes.js";
import { type Admitted, createRunAdmitted } from "./places/dispatch-place.js";
import type { EventBytes } from "./attempt.js";
import { begunOf } from "./early/adopt-early.js";
import { currentWorkflowId, givenUpSignal } from "./current-workflow.js";
import type { EarlyTable } from "./early/early-attempts.js";
import type { EventBytesSource } from "./event-bytes.js";
import { filterRoutes } from "./filter-routes.js";
import type { Route } from "./first-attempts.js";
import type { DispatchGauge } from "../dispatch-gauge.js";
import { claimEvents } from "./own-events.js";
import { isChecked, type PayloadCheck } from "../catalogue/payload-check.js";
import { eventsOfPublisher, failUnproven, type RecordRefusal, refusePublisher } from "../catalogue/publisher-proof.js";
import { recordRouting } from "./record-routing.js";
import type { WorkPlaces } from "./places/work-places.js";
import { isKnownType, routesOf } from "../catalogue/routes.js";

export interface DispatchDependencies extends DeliverRoutesDependencies {
  catalogue: Catalogue;
  eventBytes: EventBytesSource;
  gauge?: DispatchGauge;
  places: WorkPlaces;
  /** Told how many events a dispatch has dealt with. */
  onDispatched?: (events: number) => void;
  /** Where this process accepts events, and begins their first attempts. */
  early?: EarlyTable;
  /** Whether a process of this machine has ended. Attempts that it had begun have ended with it. */
  isGone?: (process: string) => boolean;
  payloadCheck: PayloadCheck;
  recordRefusal: RecordRefusal;
}

type Run = { rerun: boolean };

/**
 * The activities `dispatch` and `dispatchPage`. They reject only for failures of our own. The engine then runs them
 * again.
 */
export function createDispatch(dependencies: DispatchDependencies) {
  const { catalogue, eventBytes, gauge } = dependencies;
  const runAdmitted = createRunAdmitted(dependencies);

  const dispatch = (given: DispatchInput): Promise<DispatchResult> =>
    runAdmitted({ since: oldestOf(given.events), rerun: given.rerun }, (admitted) =>
      dispatchAdmitted({ ...given, rerun: admitted.rerun }, admitted),
    );

  async function dispatchAdmitted(given: DispatchInput, admitted: Admitted): Promise<DispatchResult> {
    const { rerun } = admitted;
    const [owner, signal] = [currentWorkflowId(), givenUpSignal()];
    try {
      const input = given.publisher ? await provenInput(dependencies, given, owner) : given;
      // Only an older catalogue than the publisher's is read anew, so the usual dispatch asks the store nothing here.
      await catalogue.refresh(input.catalogueVersion ?? 0);
      // A provider's own client names no version. A type made a moment ago must not fail for this process's older
      // catalogue.
      if (input.events.some(({ type }) => !isKnownType(catalogue, type))) await catalogue.refresh();
      const events = knownEvents(dependencies, input.events, owner);
      const bytes = await eventBytes.of(events);
      await refuseInvalid(dependencies, { events, bytes, rerun });
      const claimed = await claimEvents(dependencies, { owner, events, bytes, rerun, signal });
      eventBytes.keep(claimed.own.flatMap(({ id }) => bytes.get(id) ?? []));
      const routes = claimed.own.map((event) => ({ event, subscriptions: routesOf(catalogue, event) }));
      const begun = begunOf(dependencies, input.early, input.events, claimed.foreign);
      const { here, pages } = cut(owner, routes, { begun: begun.events, catalogueVersion: catalogue.version });
      const flat = flatten(here, bytes);
      const noted = recordRouting(dependencies, {
        id: owner,
        types: typesOf(claimed.own),
        routes: flat,
        ...(pages.length > 0 && { pages: pages.length }),
      });
      const result = await deliverRoutes(dependencies, {
        owner,
        rerun: claimed.rerun,
        signal,
        routes: flat,
        begun,
        ...(input.former && { former: input.former }),
        onRead: admitted.hasRead,
        onPrompt: () => {
          gauge?.done(owner);
          admitted.leave();
        },
      });
      await Promise.all([claimed.recorded, noted]);
      dependencies.onDispatched?.(input.events.length);
      dependencies.early?.forget(input.events.map(({ id }) => id));
      return { ...result, ...(pages.length > 0 && { pages }) };
    } finally {
      gauge?.done(owner);
    }
  }

  const dispatchPage = (input: DeliverPageInput & Run): Promise<DispatchResult> =>
    runAdmitted({ since: scheduledAt(), rerun: input.rerun }, (admitted) =>
      dispatchPageAdmitted(dependencies, input, admitted),
    );

  const dispatchPacked = async (input: PackedInput, run: Run): Promise<DispatchResult> => {
    const unpacked = JSON.parse(Buffer.from(input.json).toString("utf8")) as AcceptedEventsInput;
    return dispatch({ ...unpacked, rerun: run.rerun || unpacked.rerun === true });
  };

  return { dispatch, dispatchPacked, dispatchPage, recordRefusal: dependencies.recordRefusal };
}

async function dispatchPageAdmitted(
  dependencies: DispatchDependencies,
  input: DeliverPageInput,
  { rerun, hasRead: onRead, leave: onPrompt }: Admitted,
): Promise<DispatchResult> {
  const { catalogue, eventBytes } = dependencies;
  await catalogue.refresh(input.catalogueVersion);
  const bytes = await eventBytes.byId(input.events.map(({ id }) => id));
  const [id, flat] = [currentWorkflowId(), flatten(routesOfPage(catalogue, input, bytes), bytes)];
  const noted = recordRouting(dependencies, { id, types: [], routes: flat });
  const signal = givenUpSignal();
  const result = await deliverRoutes(dependencies, { owner: id, rerun, routes: flat, onRead, onPrompt, signal });
  await noted;
  return result;
}

/**
 * A publisher's own start, checked against its key as it is now. The catalogue is read anew, so that a revocation
 * counts at once. A store that does not answer is our own failure. What an earlier run has recorded was allowed then.
 */
async function provenInput(
  { catalogue, store, recordRefusal }: DispatchDependencies,
  { publisher, events: given, rerun }: DispatchInput,
  owner: string,
): Promise<DispatchInput> {
  const events = eventsOfPublisher(given);
  await catalogue.refresh();
  const recorded = rerun
    ? await store.events.getMany(events.map(({ id }) => id))
    : new Map<string, { owner: string }>();
  const unrecorded = events.filter(({ id }) => recorded.get(id)?.owner !== owner);
  const reason =
    publisher && unrecorded.length > 0
      ? refusePublisher(
          catalogue,
          publisher,
          unrecorded.map(({ type }) => type),
        )
      : undefined;
  if (reason === undefined || !publisher) return { events, rerun };
  await recordRefusal({ workflowType: WORKFLOW.deliverEvent, purpose: "publisher", by: `key:${publisher.keyId}` });
  return failUnproven(reason);
}

const typesOf = (events: readonly PublishedEvent[]): string[] => events.map(({ type }) => type);

const oldestOf = (events: readonly PublishedEvent[]): number =>
  events.reduce((oldest, { acceptedAt }) => Math.min(oldest, acceptedAt), Date.now());

/** A page does not carry when its events were accepted. It was started a moment later. */
const scheduledAt = (): number => activityInfo().scheduledTimestampMs;

/**
 * Events of types that exist. A type deleted since the event was accepted has no subscriptions left, so nothing is lost
 * with it.
 */
function knownEvents(
  { catalogue, log }: DispatchDependencies,
  events: PublishedEvent[],
  owner: string,
): PublishedEvent[] {
  const known = events.filter(({ type }) => isKnownType(catalogue, type));
  if (known.length === events.length) return events;
  const unknown = [...new Set(events.filter(({ type }) => !isKnownType(catalogue, type)).map(({ type }) => type))];
  log.warn({ owner, types: unknown }, "events of unknown types are not delivered");
  if (known.length === 0) {
    throw ApplicationFailure.nonRetryable(
      `The event type ${unknown.join(", ")} does not exist: create it (POST /v1/event-types) before publishing.`,
      "event_type_unknown",
    );
  }
  return known;
}

/**
 * Events of a provider's own Temporal client get the check that our API makes before it accepts. An event that the
 * schema of its type forbids fails the workflow, before anything is recorded or sent. What the API accepted is known by
 * its own id or its record.
 */
async function refuseInvalid(
  { catalogue, payloadCheck, store }: DispatchDependencies,
  { events, bytes, rerun }: { events: PublishedEvent[]; bytes: Map<string, EventBytes>; rerun: boolean },
): Promise<void> {
  const unchecked = events.filter(
    ({ type, ownId, recorded }) => !ownId && !recorded && isChecked(catalogue.eventType(type)),
  );
  if (unchecked.length === 0) return;
  // What an earlier run recorded was allowed then. The schema may have changed since.
  const recorded = rerun ? await store.events.getMany(unchecked.map(({ id }) => id)) : new Map<string, unknown>();
  for (const { id, type } of unchecked) {
    const [eventType, event] = [catalogue.eventType(type), bytes.get(id)];
    const faults = eventType && event && !recorded.has(id) ? payloadCheck(eventType, event) : undefined;
    if (!faults) continue;
    // Where in the schema, not in the payload. A failure's message is logged, and names in a payload may be personal
    // data.
    const list = [...new Set(faults.map(({ schemaPath, message }) => `${schemaPath} ${message}`.trim()))].join("; ");
    throw ApplicationFailure.nonRetryable(
      `The payload of ${id} is not as the schema of ${type} says: ${list}. Correct it and start the ` +
        "workflow again; nothing was sent.",
      "payload_invalid",
    );
  }
}

type Routed<E> = { event: E; subscriptions: readonly Subscription[] };

const flatten = (routes: Routed<{ id: string }>[], bytes: Map<string, EventBytes>): Route[] =>
  filterRoutes(
    routes.flatMap(({ event, subscriptions }) => {
      const opened = bytes.get(event.id);
      return opened
        ? subscriptions.map((subscription) => ({
            deliveryId: deliveryIdOf(event.id, subscription.id),
            event: opened,
            subscription,
          }))
        : [];
    }),
  );

/** Where the events of one page go. What was erased since the page was made goes nowhere. */
function routesOfPage(
  catalogue: Catalogue,
  { events, subscriptionIds }: DeliverPageInput,
  bytes: Map<string, EventBytes>,
): Routed<EventBytes>[] {
  const wanted = new Set(subscriptionIds);
  return events.flatMap((addressed) => {
    const event = bytes.get(addressed.id);
    if (!event) return [];
    const subscriptions = routesOf(catalogue, { ...addressed, type: event.type }).filter(({ id }) => wanted.has(id));
    return { event, subscriptions };
  });
}

/**
 * A fan-out that is too wide for one dispatch, cut: into what this dispatch delivers, and pages for others. Events with
 * attempts that were begun before stay here, because this dispatch knows of them.
 */
function cut(
  owner: string,
  routes: Routed<PublishedEvent>[],
  { begun, catalogueVersion }: { begun: ReadonlySet<string>; catalogueVersion: number },
): { here: Routed<PublishedEvent>[]; pages: DeliverPageInput[] } {
  const total = routes.reduce((sum, { subscriptions }) => sum + subscriptions.length, 0);
  if (total <= MAX_DELIVERIES_PER_DISPATCH) return { here: routes, pages: [] };
  const [here, others] = [
    routes.filter(({ event }) => begun.has(event.id)),
    routes.filter(({ event }) => !begun.has(event.id)),
  ];
  return { here, pages: others.length === 0 ? [] : pagesOf(owner, others, catalogueVersion) };
}

/** A wide fan-out, cut by subscription so that each page signs and sends to few endpoints over warm connections. */
function pagesOf(owner: string, routes: Routed<PublishedEvent>[], catalogueVersion: number): DeliverPageInput[] {
  const subscriptionIds = [...new Set(routes.flatMap(({ subscriptions }) => subscriptions.map(({ id }) => id)))];
  const perPage = Math.max(1, Math.floor(MAX_DELIVERIES_PER_DISPATCH / routes.length));
  const events = routes.map(({ event: { id, groups, subscriptionIds: only } }) => ({
    id,
    ...(groups && { groups }),
    ...(only && { subscriptionIds: only }),
  }));
  const pages: DeliverPageInput[] = [];
  for (let from = 0; from < subscriptionIds.length; from += perPage) {
    pages.push({ owner, events, subscriptionIds: subscriptionIds.slice(from, from + perPage), catalogueVersion });
  }
  return pages;
}
