/** What `GET /v1/overview` answers. */
import { z } from "zod";
import { SUBSCRIPTION_STATUSES } from "../../store/model.js";
import { DEGRADED } from "../readiness.js";
import { countView } from "../deliveries/schemas.js";
import { ENDPOINT_HEALTH, stateOfHealth } from "../subscriptions/health-view.js";
import { instant } from "../http/primitives.js";

/** Of a list in an overview. The lists of the API have the rest. */
export const MOST_NAMED = 5;

/** From the worst to the best. */
export const SENTENCES = ["some_failing", "some_degraded", "all_well", "none_in_service", "no_endpoint"] as const;

const countsOf = (names: readonly string[]) => z.object(Object.fromEntries(names.map((name) => [name, z.int()])));

const sentence = z.object({
  code: z
    .enum(SENTENCES)
    .meta({
      description:
        "`some_failing`: an endpoint is failing, or is disabled. `some_degraded`: one is degraded or recovering. " +
        "`all_well`: neither. `none_in_service`: no subscription is active or disabled. `no_endpoint`: there is none",
    }),
  values: z.object({
    inService: z.int().meta({ description: "Subscriptions that are active or disabled" }),
    failing: z.int().meta({ description: "Failing or disabled" }),
    degraded: z.int().meta({ description: "Degraded or recovering" }),
    waiting: z.int().optional(),
    waitingExact: z.boolean().optional(),
    oldestWaitingSeconds: z.int().optional(),
  }),
});

const named = { subscriptionId: z.string(), name: z.string(), groupId: z.string() };

const needsYou = z.object({
  approvals: z.int().optional().meta({ description: "Subscriptions that wait for an approval" }),
  furtherTypes: z.int().optional().meta({ description: "Subscriptions in service that ask for further event types" }),
  grantRequests: countView.optional(),
  recoveriesToRelease: countView
    .optional()
    .meta({ description: "Recoveries of others that wait for a second person, of all groups and apis" }),
  toFinish: z
    .int()
    .optional()
    .meta({ description: "Subscriptions of a consumer that do not go on without it: to verify, submit or resume" }),
  certificatesEnding: z
    .object({ count: z.int(), first: z.array(z.object({ ...named, at: instant })).max(MOST_NAMED) })
    .meta({ description: "Of subscriptions whose first certificate ends within 30 days, or has ended" }),
  secretsInOverlap: z.int().meta({ description: "Subscriptions that sign with an earlier secret too" }),
});

export const overviewView = z
  .object({
    sentence: sentence.meta({ description: "How it stands, as a code and its figures" }),
    subscriptions: z.object({
      total: z.int(),
      byStatus: countsOf(SUBSCRIPTION_STATUSES),
      byHealth: countsOf(ENDPOINT_HEALTH).meta({ description: "Of those that are active or disabled" }),
    }),
    waiting: countView
      .extend({
        byStatus: z.object({ pending: z.int(), retrying: z.int(), throttled: z.int(), held: z.int() }),
        oldest: instant.optional().meta({ description: "When the oldest of them was created" }),
      })
      .optional()
      .meta({ description: "Deliveries that are on their way" }),
    parked: countView.optional().meta({ description: "Deliveries that wait for a person" }),
    needsYou: needsYou.meta({ description: "What this actor may decide or has to look at" }),
    failing: z
      .array(z.object({ ...named, health: stateOfHealth, waiting: z.int().optional() }))
      .max(MOST_NAMED)
      .meta({ description: "Endpoints that are not healthy, the worst first" }),
    engine: z
      .object({
        ready: z.boolean().meta({ description: "Whether a publish would be accepted now" }),
        reason: z.string().optional().meta({ description: "Why not" }),
        degraded: z.array(z.enum(DEGRADED)).meta({ description: "What does not answer meanwhile" }),
      })
      .optional()
      .meta({ description: "For operators and admins" }),
    unread: z
      .array(z.enum(["deliveries"]))
      .meta({ description: "What could not be read in time. Its members are absent" }),
  })
  .meta({ id: "Overview" });
export type OverviewView = z.input<typeof overviewView>;
