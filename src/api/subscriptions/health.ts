/** How the endpoint of a subscription does, told from the records of its attempts. */
import { z } from "zod";
import { ratesOf } from "../../endpoint/health-rules.js";
import type { Attempt, Subscription } from "../../store/model.js";
import type { SubscriptionRecords } from "../../store/deliveries/subscription-records.js";
import { DAY_MS } from "../../workflows/durations.js";
import { instant } from "../http/primitives.js";
import { refuse } from "../http/errors.js";
import { accepted, ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { withCounters } from "../stats/subscription-rates.js";
import { findSubscription } from "./checks.js";
import { statusConflict } from "./steps/take-step.js";
import { recordToldAct } from "../access/audit.js";
import { routingOf } from "../../catalogue/routes.js";
import { subscriptionRef } from "./about-schemas.js";
import { stateOfHealth, stateOfHealthView } from "./health-view.js";

const milliseconds = z.number().optional();
const windowView = z
  .object({
    since: instant.meta({ description: "The attempts from here on are in these figures" }),
    complete: z
      .boolean()
      .meta({ description: "False if there were more than could be read. Then the figures begin later, at `since`" }),
    attempts: z.int().meta({ description: "Attempts that count: `succeeded` and `failed`" }),
    succeeded: z.int(),
    failed: z.int(),
    refused: z
      .int()
      .meta({
        description: "Answered with 400, 409, 413 or 422. That concerns one event, so it does not count towards health",
      }),
    successRate: z.number().optional().meta({ description: "0 to 1. Absent where no attempt counts" }),
    p50Ms: milliseconds.meta({ description: "Half of the answered attempts took at most so long" }),
    p95Ms: milliseconds.meta({ description: "95 of 100 answered attempts took at most so long" }),
  })
  .meta({ id: "HealthWindow" });
const attemptView = z.object({ at: instant, outcome: z.string(), status: z.int().optional() });

const breakerView = z
  .object({
    state: z
      .enum(["closed", "open", "half_open"])
      .meta({
        description:
          "`closed`: deliveries are sent, or released when it is `recovering`. `open`: they wait without an attempt. " +
          "`half_open`: they wait, and a probe has succeeded. Three successes in a row close it",
      }),
    openedAt: instant.optional(),
    nextProbeAt: instant
      .optional()
      .meta({ description: "When one waiting delivery is sent. Absent: the next delivery is sent at once" }),
    probes: z.int().optional().meta({ description: "Sent since it opened" }),
    successes: z.int().optional().meta({ description: "In a row" }),
  })
  .meta({ id: "CircuitBreaker" });

const healthView = z
  .object({
    ...stateOfHealth.shape,
    breaker: breakerView,
    hour: windowView.meta({ description: "The last hour" }),
    day: windowView.meta({ description: "The last 24 hours" }),
    waiting: z
      .object({ pending: z.int(), retrying: z.int(), throttled: z.int(), held: z.int() })
      .meta({ description: "Deliveries that wait and go on by themselves, by status" }),
    parked: z.int().meta({ description: "Deliveries that wait for a person" }),
    waitingExact: z
      .boolean()
      .meta({ description: "False if more than 10,000 wait or are parked. Then these are so many of them" }),
    lastSuccess: attemptView.optional(),
    lastFailure: attemptView.optional().meta({ description: "Refused events are among these" }),
  })
  .meta({ id: "SubscriptionHealth" });

const HOUR_MS = DAY_MS / 24;
/** A delivery of the default schedule is tried for three days. What settled late is found within this time. */
const READ_MS = 4 * DAY_MS;

function figuresOf(
  records: SubscriptionRecords,
  now: Date,
): Omit<z.input<typeof healthView>, "breaker" | keyof typeof stateOfHealth.shape> {
  const { attempts, completeSince, waiting, parked, waitingExact, lastSuccess, lastFailure } = records;
  const window = (ms: number): z.input<typeof windowView> => {
    const asked = new Date(now.getTime() - ms);
    const complete = completeSince <= asked;
    const since = complete ? asked : completeSince;
    return { since: since.toISOString(), complete, ...ratesOf(attempts, since) };
  };
  return {
    hour: window(HOUR_MS),
    day: window(DAY_MS),
    waiting: { pending: 0, retrying: 0, throttled: 0, held: 0, ...waiting },
    parked,
    waitingExact,
    ...(lastSuccess && { lastSuccess: shown(lastSuccess) }),
    ...(lastFailure && { lastFailure: shown(lastFailure) }),
  };
}

function breakerOf({ status, health }: Subscription): z.input<typeof breakerView> {
  if (status === "disabled" || !health?.breaker) return { state: "closed" };
  const { openedAt, ...rest } = health.breaker;
  return {
    ...rest,
    openedAt: openedAt.toISOString(),
    ...(health.nextProbeAt && { nextProbeAt: health.nextProbeAt.toISOString() }),
  };
}

const shown = ({ at, outcome, status }: Attempt): z.input<typeof attemptView> => ({
  at: at.toISOString(),
  outcome,
  ...(status !== undefined && { status }),
});

async function tryNow(context: RequestContext<"store" | "catalogue" | "operations">, id: string) {
  const subscription = await findSubscription(context, id);
  if (!subscription) return refuse("not_found");
  if (routingOf(subscription, "") !== "sent") return statusConflict(subscription);
  if (subscription.health?.state !== "failing")
    return refuse("status_conflict", "Its breaker is not open. Deliveries do not wait for the endpoint.");
  await context.dependencies.operations.tryEndpoint(subscription);
  await recordToldAct(context, "subscription.probe", id, {});
  return accepted(stateOfHealthView(subscription));
}

export const subscriptionHealthRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/subscriptions/{id}/probe",
    operationId: "probeSubscription",
    tag: "Subscriptions",
    act: "subscriptions:run",
    summary: "Try a failing endpoint now",
    description:
      "The oldest waiting delivery is sent now, and the time between probes begins anew. If nothing waits, then the " +
      "next delivery is sent at once.",
    params: z.strictObject({ id: subscriptionRef }),
    response: { status: 202, description: "Its health, as it was before", schema: stateOfHealth },
    problems: ["status_conflict"],
    handle: async (context: RequestContext<"store" | "catalogue" | "operations">, { params: { id } }) =>
      tryNow(context, id),
  }),
  route({
    method: "get",
    path: "/v1/subscriptions/{id}/health",
    operationId: "readSubscriptionHealth",
    tag: "Subscriptions",
    act: "subscriptions:read",
    summary: "How the endpoint of a subscription is doing",
    description:
      "The state is what its record notes, over all workers. The figures are told from the records of its newest " +
      "1,000 deliveries of four days, and of 1,000 that wait for another attempt. Where more was attempted within " +
      "a window, its figures are from counters, and times are within 10 %. Failures of our own are no attempts, so " +
      "they never count.",
    params: z.strictObject({ id: subscriptionRef }),
    response: { status: 200, description: "Its health", schema: healthView },
    async handle(context: RequestContext<"store" | "catalogue">, { params: { id } }) {
      const subscription = await findSubscription(context, id);
      if (!subscription) return refuse("not_found");
      const now = new Date();
      const since = new Date(now.getTime() - READ_MS);
      const { store } = context.dependencies;
      const told = await withCounters(store, id, figuresOf(await store.deliveries.recordsOf(id, since), now), now);
      return ok({ ...stateOfHealthView(subscription), breaker: breakerOf(subscription), ...told });
    },
  }),
];
