/** The activities of the workflow `breaker`: it tells the record, tries the endpoint, and lets go what waited. */
import type { Logger } from "pino";
import { groupBy } from "../../group-by.js";
import type { Metrics } from "../../metrics.js";
import { sideBySide } from "../../side-by-side.js";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { routingOf } from "../../catalogue/routes.js";
import type { Delivery, Subscription } from "../../store/model.js";
import type { Store } from "../../store/store.js";
import type { BreakerActivities, BreakerFacts, TellHealthOrder } from "../../workflows/breaker/breaker-contract.js";
import type { WakeSignal } from "../../workflows/contract.js";
import { DAY_MS } from "../../workflows/durations.js";
import type { Throttle } from "../pace/throttle.js";
import type { SubscriptionEffects } from "../subscription-effects.js";
import { healthOf, tellChange } from "./health-record.js";

export interface BreakerDependencies {
  store: Store;
  catalogue: Catalogue;
  effects: SubscriptionEffects;
  throttle: Throttle;
  metrics: Pick<Metrics, "breakerChanges">;
  log: Logger;
  /** Signals `wake` to a `retryDelivery`. False when it is not open any more. */
  signalWake: (workflowId: string, signal: WakeSignal) => Promise<boolean>;
  /** Days without a success after which a subscription is disabled, when it has no number of its own. 0: never. */
  disableAfterDays: number;
  /** Length of a day. For tests. */
  dayMs?: number;
}

/** The oldest that wait are looked at, so that those that were probes before can go last. */
const CANDIDATES = 25;
const SIGNALS_AT_ONCE = 16;
/** A subscription that is no more. */
const GONE = { gone: true, disableAfterMs: 0 } as const;

export function createBreakerActivities(dependencies: BreakerDependencies): BreakerActivities {
  const { store, throttle, signalWake } = dependencies;
  const factsOf = ({ rateLimit, disableAfterDays }: Subscription): BreakerFacts => ({
    ...(rateLimit && { limit: rateLimit.perSecond }),
    disableAfterMs: (disableAfterDays ?? dependencies.disableAfterDays) * (dependencies.dayMs ?? DAY_MS),
  });
  const waiting = (subscriptionId: string, limit: number, cursor?: string) =>
    store.deliveries.list(
      { limit, order: "asc", ...(cursor !== undefined && { cursor }) },
      { subscriptionId, status: ["throttled"] },
    );

  return {
    tellHealth: (order) => tellHealth(dependencies, order, factsOf),

    async probeEndpoint({ subscriptionId, tried }) {
      const subscription = await store.subscriptions.get(subscriptionId);
      if (!subscription) return GONE;
      const facts = factsOf(subscription);
      if (routingOf(subscription, "") !== "sent") return facts;
      const pausedUntil = throttle.pausedUntil(subscription);
      if (pausedUntil > Date.now()) return { ...facts, pausedUntil, asOf: Date.now() };
      const { data } = await waiting(subscriptionId, CANDIDATES);
      for (const { id, workflowId } of triedLast(data, tried)) {
        if (workflowId === undefined) continue;
        if (await signalWake(workflowId, { subscriptionId, deliveryIds: [id], pass: "probe" }))
          return { ...facts, deliveryId: id };
      }
      return facts;
    },

    async releaseWaiting({ subscriptionId, count, overMs, cursor: from }) {
      const subscription = await store.subscriptions.get(subscriptionId);
      if (!subscription) return { ...GONE, released: 0 };
      const facts = factsOf(subscription);
      if (routingOf(subscription, "") !== "sent") return { ...facts, released: 0 };
      const { data, next: cursor } = await waiting(subscriptionId, count, from);
      const now = Date.now();
      const starts = data.map(({ id, workflowId }, index) => ({
        id,
        workflowId,
        at: Math.round(now + (index * overMs) / count),
      }));
      const byWorkflow = groupBy(
        starts.filter(({ workflowId }) => workflowId !== undefined),
        ({ workflowId = "" }) => workflowId,
      );
      await sideBySide(SIGNALS_AT_ONCE, [...byWorkflow], async ([workflowId, some]) => {
        const deliveryIds = some.map(({ id }) => id);
        await signalWake(workflowId, {
          subscriptionId,
          deliveryIds,
          notBefore: some.map(({ at }) => at),
          asOf: now,
          pass: "release",
        });
      });
      return { ...facts, released: data.length, ...(cursor !== undefined && { cursor }) };
    },
  };
}

/** Oldest first. What was a probe before and waits still goes last, because it may be the reason. */
function triedLast(data: readonly Delivery[], tried: readonly string[]): Delivery[] {
  const fresh = data.filter(({ id }) => !tried.includes(id));
  const again = data.filter(({ id }) => tried.includes(id));
  return [...fresh, ...again.toSorted((a, b) => tried.indexOf(a.id) - tried.indexOf(b.id))];
}

async function tellHealth(
  dependencies: BreakerDependencies,
  order: TellHealthOrder,
  factsOf: (subscription: Subscription) => BreakerFacts,
): Promise<BreakerFacts> {
  const { store, catalogue, effects } = dependencies;
  const { subscriptionId, note, watchedUntil } = order;
  const current = await store.subscriptions.get(subscriptionId);
  if (!current) return GONE;
  const isStopped = current.status === "disabled" && note.state !== "disabled";
  if (note.state === "disabled")
    await effects.apply(current, { kind: "disable", reason: note.reason ?? "The endpoint fails." });
  const after = await store.subscriptions.update(
    subscriptionId,
    (before) => (isStopped ? withoutHealth(before, order) : withHealth(before, order)),
    { unasked: true },
  );
  await catalogue.refresh();
  if (!after) return GONE;
  if (isStopped || (note.state === "disabled" && watchedUntil === undefined && after.status !== "disabled"))
    return { ...factsOf(after), gone: true };
  tellChange(dependencies, after, order);
  return factsOf(after);
}

/**
 * A report that comes after the end of the breaker begins another one. It notes nothing of a subscription that is
 * disabled, and what the first one noted about that stays.
 */
const withoutHealth = (before: Subscription, order: TellHealthOrder): Subscription =>
  before.health?.state === "disabled" ? before : withHealth(before, { ...order, note: { state: "healthy", since: 0 } });

/** The record with the note. The same object if it says so already. */
function withHealth(before: Subscription, { note, watchedUntil }: TellHealthOrder): Subscription {
  const { health: _health, watchedUntil: _watched, ...rest } = before;
  const health = healthOf(note, before);
  if (!health && !before.health && watchedUntil === undefined && before.watchedUntil === undefined) return before;
  return {
    ...rest,
    ...(health && { health }),
    ...(watchedUntil !== undefined && { watchedUntil: new Date(watchedUntil) }),
  };
}
