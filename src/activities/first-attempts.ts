/**
 * The first attempts of a dispatch. They go side by side over all subscriptions, none of which may hold up the others.
 */
import { sideBySide } from "../side-by-side.js";
import { enterPlace } from "./places/attempt-place.js";
import type { Subscription } from "../store/model.js";
import type { AttemptResult, EventBytes } from "./attempt.js";
import { type BreakerGate, looksAgainAt } from "./breaker/gate.js";
import type { EndpointHealth } from "../endpoint/health.js";
import { pace } from "./pace/pace.js";
import { routingOf } from "../catalogue/routes.js";
import type { Throttle } from "./pace/throttle.js";
import type { SubscriptionEffects } from "./subscription-effects.js";
import type { WorkPlaces } from "./places/work-places.js";
import type { RetryItem } from "../workflows/contract.js";

/** One event for one subscription, on its way. */
export interface Route {
  deliveryId: string;
  event: EventBytes;
  subscription: Subscription;
  /** What the subscription's filter says, where it has one. */
  filtered?: "excluded" | { failed: string };
}

/** What became of a route in the dispatch: an attempt was made, or `retryDelivery` makes it. */
export type FirstOutcome =
  | { kind: "attempted"; result: AttemptResult }
  | { kind: "left"; status: "held" }
  /** `unsure`: another process has begun the attempt, which has ended at `dueAt` at the latest. */
  | { kind: "left"; status: "pending"; dueAt?: number; unsure?: true }
  /** The filter could not say whether it wants the event, so it is neither sent nor dropped. */
  | { kind: "left"; status: "parked"; reason: string }
  | {
      kind: "left";
      status: "throttled";
      dueAt: number;
      reservation?: NonNullable<RetryItem["reservation"]>;
      /** Why it waits, if not for a slot. */
      reason?: string;
    };

export interface FirstAttemptsDependencies {
  deliver: (order: {
    event: EventBytes;
    subscription: Subscription;
    number: number;
    inSchedule: number;
    signal?: AbortSignal;
  }) => Promise<AttemptResult>;
  health: EndpointHealth;
  effects: SubscriptionEffects;
  throttle: Throttle;
  /** Says what waits because its endpoint is failing. */
  breaker?: Pick<BreakerGate, "whyWaits">;
  /** Whether nothing of the event may be sent any more. */
  isErased?: (eventId: string) => boolean;
  /** Asked right before an attempt: whether the delivery got on record meanwhile, and is not to be sent from here. */
  isRecorded?: (route: Route) => Promise<boolean>;
  places: Pick<WorkPlaces, "attempts" | "unrecorded">;
  /** Aborted when the worker stops. What is under way finishes, and what has not begun is left to another worker. */
  stopping?: AbortSignal;
  /** Told when the attempt of a route begins. */
  onBegin?: (route: Route) => void;
  /** Attempts under way, by delivery, for another run of the dispatch. */
  sending?: Map<string, Promise<FirstOutcome>>;
  /**
   * Aborted when the engine gives the dispatch up. What has not begun gets no outcome, because another run makes it.
   */
  givenUp?: AbortSignal;
}

/**
 * Attempts begin within this time of the dispatch, or are left to `retryDelivery`. Slow endpoints are told by their
 * health, long before. This only bounds the activity. Handing over is expensive. With 1.5 s here a fan-out that the
 * machine needed 5 s for cost three times the CPU. So what waits for us, and not for its endpoint, may wait longer: one
 * process makes up to 8 dispatches of 500 events at once.
 */
const BEGIN_WITHIN_MS = { quick: 30_000, other: 15_000 };
/**
 * A throttled subscription's slots that come within this time are waited for here. Later ones stay in the bucket until
 * `retryDelivery` asks for them. It begins some time after this dispatch has ended: 1.5 s on a busy machine. Slots that
 * were reserved for that time would be missed.
 */
const THROTTLE_WAIT_MS = 1_000;
/** Requests under way at once: over all subscriptions of a dispatch, and to one of them. */
const WIDTH_ALL = 512;
const WIDTH_ONE = 32;

/** Makes the first attempts. `settled` is told each outcome as it happens. Resolves when all have one. */
export async function firstAttempts(
  dependencies: FirstAttemptsDependencies,
  routes: Route[],
  settled: (route: Route, outcome: FirstOutcome) => void,
): Promise<void> {
  const bySubscription = new Map<string, Route[]>();
  for (const route of routes) {
    const left = leftAlone(route) ?? waitsForEndpoint(dependencies, route);
    if (left) {
      settled(route, left);
      continue;
    }
    const some = bySubscription.get(route.subscription.id);
    if (some) some.push(route);
    else bySubscription.set(route.subscription.id, [route]);
  }
  const width = Math.max(1, Math.min(WIDTH_ONE, Math.floor(WIDTH_ALL / Math.max(1, bySubscription.size))));
  await Promise.all([...bySubscription.values()].map((some) => attemptSome(dependencies, some, width, settled)));
}

/** What is not attempted whatever the endpoint's state. */
function leftAlone({ subscription, event, filtered }: Route): FirstOutcome | undefined {
  if (typeof filtered === "object") return { kind: "left", status: "parked", reason: filtered.failed };
  return routingOf(subscription, event.type) === "sent" ? undefined : { kind: "left", status: "held" };
}

/** It waits while its endpoint is failing, and spends no attempt. */
export function waitsForEndpoint(
  { breaker }: Pick<FirstAttemptsDependencies, "breaker">,
  { subscription, event }: Pick<Route, "subscription" | "event">,
): FirstOutcome | undefined {
  const reason = breaker?.whyWaits(subscription, { eventType: event.type, attempts: 0 });
  const now = Date.now();
  return reason === undefined
    ? undefined
    : { kind: "left", status: "throttled", dueAt: looksAgainAt(now, now), reason };
}

async function attemptSome(
  dependencies: FirstAttemptsDependencies,
  routes: Route[],
  width: number,
  settled: (route: Route, outcome: FirstOutcome) => void,
): Promise<void> {
  const subscription = routes[0]?.subscription;
  if (!subscription) return;
  const leave = (outcome: FirstOutcome) => routes.forEach((route) => settled(route, outcome));
  const pausedUntil = dependencies.throttle.pausedUntil(subscription);
  if (pausedUntil > Date.now()) return leave({ kind: "left", status: "throttled", dueAt: pausedUntil });
  if (dependencies.effects.isUnderWay(subscription.id) || dependencies.health.verdict(subscription.id) !== "prompt")
    return leave({ kind: "left", status: "pending" });
  const { starts, later } = await pace(dependencies.throttle, subscription, routes, {
    maxWaitMs: THROTTLE_WAIT_MS,
    onlySoon: true,
  });
  for (const {
    order,
    later: { dueAt, reservation },
  } of later) {
    settled(order, { kind: "left", status: "throttled", dueAt, ...(reservation && { reservation }) });
  }
  const until = Date.now() + BEGIN_WITHIN_MS[dependencies.health.isQuick(subscription.id) ? "quick" : "other"];
  await sideBySide(width, starts, async ({ order: route, start }) => {
    const place = await enterPlace(dependencies, {
      subscription,
      start,
      since: route.event.acceptedAt,
      waitMs: until - Date.now(),
      isOver: () => dependencies.givenUp?.aborted === true,
    });
    if (dependencies.givenUp?.aborted) {
      if (typeof place === "object") place.leave();
      return;
    }
    if (place === "missed") return settled(route, { kind: "left", status: "throttled", dueAt: Date.now() });
    try {
      const waits = waitsForEndpoint(dependencies, route);
      if (waits) settled(route, waits);
      else if (
        place === "full" ||
        dependencies.stopping?.aborted ||
        dependencies.isErased?.(route.event.id) ||
        Date.now() > until ||
        dependencies.health.verdict(subscription.id) !== "prompt"
      )
        settled(route, { kind: "left", status: "pending" });
      else if (!(await dependencies.isRecorded?.(route)) && !dependencies.givenUp?.aborted)
        settled(route, await attempted(dependencies, route));
    } finally {
      if (typeof place === "object") place.leave();
    }
  });
}

async function attempted(
  { deliver, sending, onBegin }: FirstAttemptsDependencies,
  route: Route,
): Promise<FirstOutcome> {
  const { event, subscription, deliveryId } = route;
  onBegin?.(route);
  const attempt = deliver({ event, subscription, number: 1, inSchedule: 0 }).then((result): FirstOutcome => ({
    kind: "attempted",
    result,
  }));
  sending?.set(deliveryId, attempt);
  try {
    return await attempt;
  } finally {
    sending?.delete(deliveryId);
  }
}
