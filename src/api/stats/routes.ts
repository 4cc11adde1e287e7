/** Counts over time, for charts. */
import { z } from "zod";
import { apiRef, groupRef } from "../catalogue/schemas.js";
import { refuse } from "../http/errors.js";
import { eventTypeName, instant, instantOrAgo } from "../http/primitives.js";
import { type ApiRoute, ok, type RequestContext, route } from "../route.js";
import { subscriptionId } from "../subscriptions/schemas.js";
import { type Readable, readableBy } from "./scopes.js";
import { createSeries, type Grouping, GROUPINGS, groupingsOf, type Metric, METRICS, MOST_SERIES } from "./series.js";
import { INTERVALS, LONGEST_DAYS, MOST_POINTS, timesOf, type Window, windowOf } from "./window.js";

const query = z.strictObject({
  metric: z
    .enum(METRICS)
    .meta({
      description:
        "`deliveries`: how many reached a status. `attempts`: how many were made. `latency`: how long answered " +
        "attempts took",
    }),
  groupBy: z
    .enum(GROUPINGS)
    .optional()
    .meta({
      description:
        "One series for each. `status` is for deliveries. `outcome`, `fault` and `httpStatus` are for attempts. " +
        "`subscription`, `group` and `eventType` are for all",
    }),
  interval: z
    .enum(INTERVALS)
    .optional()
    .meta({ description: `Length of a point, in UTC. When absent, the smallest with at most ${MOST_POINTS} points` }),
  since: instantOrAgo
    .optional()
    .meta({ description: `An instant, or -15m, -24h, -7d ago. -24h when absent. At most ${LONGEST_DAYS} days` }),
  until: instantOrAgo.optional().meta({ description: "Before this instant. Now when absent" }),
  subscriptionId: subscriptionId.optional(),
  groupId: groupRef.optional(),
  eventType: eventTypeName.optional(),
  apiId: apiRef.optional(),
});

const milliseconds = z.number().optional();
const seriesView = z
  .object({
    key: z
      .string()
      .meta({
        description:
          "What is counted: a status, an id or a name. `all` without `groupBy`. `other`: not among the largest " +
          `${MOST_SERIES}. For httpStatus, \`none\` are attempts without an answer`,
      }),
    label: z.string().optional().meta({ description: "For `outcome`: the words of its `key`, in English" }),
    values: z.array(z.int()).optional().meta({ description: "One for each of `times`. Absent for `latency`" }),
    p50: z.array(z.number().nullable()).optional().meta({ description: "For `latency`: milliseconds, null if none" }),
    p95: z.array(z.number().nullable()).optional(),
    total: z.int().meta({ description: "The sum. For `latency`: how many attempts were answered" }),
    p50Ms: milliseconds.meta({ description: "For `latency`: over the whole window, within 10 %" }),
    p95Ms: milliseconds,
  })
  .meta({ id: "StatsSeries" });
const statsView = z
  .object({
    metric: z.enum(METRICS),
    groupBy: z.enum(GROUPINGS).optional(),
    interval: z.enum(INTERVALS),
    since: instant.meta({ description: "The beginning of the first point" }),
    until: instant.meta({ description: "The end of the last point, which may be in the future" }),
    times: z.array(instant).meta({ description: "When each point begins" }),
    series: z.array(seriesView).meta({ description: `The largest first, at most ${MOST_SERIES} and \`other\`` }),
    complete: z.boolean().meta({ description: "False if there were more counters than are read for one answer" }),
    widened: z
      .boolean()
      .optional()
      .meta({ description: "True if no interval was asked for and 1m was too small for this window" }),
  })
  .meta({ id: "Stats" });

export const statsRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/stats",
    operationId: "readStats",
    tag: "Deliveries",
    act: "deliveries:read",
    summary: "Count deliveries and attempts over time",
    description:
      "From counters that are kept while deliveries are recorded, so that no delivery is read. A consumer sees those " +
      "of its groups, a provider key that is limited to some apis those of their event types. A delivery counts in " +
      "each status that it reaches: delivered, parked, exhausted, cancelled. What is recorded is counted within five " +
      "seconds. What a process that was killed had not yet written is missing. Counts of a deleted subscription stay " +
      "only in the sums of its api.",
    query,
    response: { status: 200, description: "The series", schema: statsView },
    async handle(context: Context, { query: asked }) {
      const { metric, groupBy } = asked;
      if (groupBy !== undefined && !groupingsOf(metric).includes(groupBy))
        return invalid("groupBy", `must be one of ${groupingsOf(metric).join(", ")} for metric=${metric}`);
      const window = windowOf(asked, new Date());
      if ("refused" in window) return invalid(window.path, window.refused);
      const bySubscription = groupBy === "subscription" || groupBy === "group";
      const readable = readableBy(context.actor, context.dependencies.catalogue, { ...asked, bySubscription });
      return readable ? ok(await statsOf(context, { metric, groupBy, window }, readable)) : refuse("not_found");
    },
  }),
];

type Context = RequestContext<"store" | "catalogue">;

async function statsOf(
  { dependencies: { store, catalogue } }: Context,
  { metric, groupBy, window }: { metric: Metric; groupBy: Grouping | undefined; window: Window },
  { scopes, accepts }: Readable,
): Promise<z.input<typeof statsView>> {
  const made = createSeries({ metric, groupBy, window, groupOf: (id) => catalogue.subscription(id)?.groupId });
  const { tier, from, to, interval, widened } = window;
  const complete = await store.stats.read({ tier, from, to, scopes }, (slot) => {
    if (accepts(slot)) made.take(slot);
  });
  return {
    metric,
    ...(groupBy !== undefined && { groupBy }),
    interval,
    since: at(from),
    until: at(to),
    times: timesOf(window).map(at),
    series: made.series(),
    complete,
    ...(widened && { widened }),
  };
}

const invalid = (name: string, message: string) =>
  refuse("invalid_request", undefined, { errors: [{ path: `query.${name}`, message }] });

const at = (ms: number): string => new Date(ms).toISOString();
