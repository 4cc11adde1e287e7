/** Records of first attempts, and what of them is left to `retryDelivery`. */
import type { Logger } from "pino";
import type { Delivery } from "../store/model.js";
import { StoreError } from "../store/store-error.js";
import type { Store } from "../store/store.js";
import type { RetryItem } from "../workflows/contract.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import { apiOf } from "../catalogue/routes.js";
import type { FirstOutcome, Route } from "./first-attempts.js";
import {
  addedAttempt,
  firstRecordOf,
  handedTo,
  type HandingOver,
  itemGoingOn,
  itemOf,
  withChange,
} from "./first-records.js";
import type { SubscriptionEffects } from "./subscription-effects.js";

export interface RecordOutcomesDependencies {
  catalogue: Pick<Catalogue, "eventType">;
  store: Store;
  effects: SubscriptionEffects;
  log: Logger;
  /** Whether one workflow takes all that a dispatch hands over: every worker that polls knows of such workflows. */
  sharesRetries(): boolean;
}

/** A route with what became of it. */
export interface Done {
  route: Route;
  outcome: FirstOutcome;
}

/** A route that `retryDelivery` goes on with. */
export interface LeftRoute {
  route: Route;
  item: RetryItem;
  /** Its record names the workflow of a former owner, or in its former form. */
  isMoved?: true;
}

/** Who dispatches. */
export interface Dispatching extends HandingOver {
  /** Owners before this one, whose workflows never had the events (AcceptedEventsInput). */
  former?: readonly string[];
}

/** Leaves a delivery that is on record to `retryDelivery`, if it is this owner's to go on with. */
export function keepGoing(dispatching: Dispatching, before: Delivery, route: Route, left: LeftRoute[]): void {
  const item = itemGoingOn({ ...dispatching, now: Date.now() }, before);
  if (!item) return;
  const isMoved = before.workflowId !== undefined && before.workflowId !== handedTo(dispatching, before.subscriptionId);
  left.push({ route, item, ...(isMoved && { isMoved: true as const }) });
}

/**
 * Names the workflow of this owner in the records of deliveries that a former owner's workflow was to look after. So a
 * signal finds it.
 */
export async function nameWorkflows(store: Store, handing: HandingOver, left: readonly LeftRoute[]): Promise<void> {
  const changes = left
    .filter(({ isMoved }) => isMoved)
    .map(({ route, item: { deliveryId: id, status, attempts } }) => ({
      id,
      status,
      attempts,
      workflowId: handedTo(handing, route.subscription.id),
    }));
  if (changes.length > 0) await store.deliveries.record(changes);
}

/**
 * Writes what became of routes, and puts those that need time into `left`.
 * @throws StoreError when the records cannot be written or read
 */
export async function recordAll(
  dependencies: RecordOutcomesDependencies,
  dispatching: Dispatching,
  done: readonly Done[],
  left: LeftRoute[],
): Promise<void> {
  if (done.length === 0) return;
  const { store, effects, log } = dependencies;
  const { owner, isShared } = dispatching;
  const known = await store.deliveries.insertMany(
    done.map(({ route, outcome }) =>
      firstRecordOf(
        { owner, isShared, apiId: apiOf(dependencies.catalogue, route.event.type), now: new Date() },
        route,
        outcome,
      ),
    ),
  );
  if (known.length > 0) log.warn({ owner, deliveries: known }, "delivery records were there before");
  const before = known.length > 0 ? await store.deliveries.getMany(known) : new Map<string, Delivery>();
  for (const { route, outcome } of done) {
    const record = before.get(route.deliveryId);
    if (record) keepGoing(dispatching, await withAttempt(store, record, outcome), route, left);
    const item = record ? undefined : itemOf(route, outcome);
    if (item) left.push({ route, item });
    if (outcome.kind === "attempted" && outcome.result.effect)
      await effects.apply(route.subscription, outcome.result.effect);
  }
}

/** Writers of one delivery that come between our read and our write, before we give up. */
const TRIES = 10;

/** A record that was there before, with the attempt that was made here. */
async function withAttempt(store: Store, before: Delivery, outcome: FirstOutcome): Promise<Delivery> {
  let record = before;
  for (let tries = 0; tries < TRIES; tries++) {
    const change = addedAttempt(record, outcome);
    if (!change) return record;
    const [refused] = await store.deliveries.record([change]);
    if (!refused?.stands) return withChange(record, change);
    record = refused.stands;
    // Another attempt was recorded in between, so ours has the next number. Any other refusal has recorded it.
    if (refused.why !== "outdated") return record;
  }
  throw new StoreError("unavailable", "A delivery is being changed by too many at once. Try again.");
}
