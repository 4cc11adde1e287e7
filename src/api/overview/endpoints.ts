/** What an overview tells of the endpoints. It is reckoned from the subscriptions in memory and reads nothing. */
import { type Subscription, SUBSCRIPTION_STATUSES } from "../../store/model.js";
import { subscriptionName } from "../../store/subscription-name.js";
import { DAY_MS } from "../../workflows/durations.js";
import { firstCertificateEnd } from "../subscriptions/certificate-end.js";
import { ENDPOINT_HEALTH, stateOfHealthView } from "../subscriptions/health-view.js";
import { MOST_NAMED, type OverviewView } from "./schemas.js";

/** From here on a certificate needs somebody. */
const ENDING_MS = 30 * DAY_MS;
/** From the worst to the best. A disabled one gets nothing until a person resumes it. */
const WORST_FIRST = ["disabled", "failing", "recovering", "degraded"] as const;

type Health = (typeof ENDPOINT_HEALTH)[number];

/** Whether events are to be sent to it, so that its health counts. */
const isInService = ({ status }: Subscription): boolean => status === "active" || status === "disabled";

const namedOf = (subscription: Subscription) => ({
  subscriptionId: subscription.id,
  name: subscriptionName(subscription),
  groupId: subscription.groupId,
});

/** How many there are, by status and by health. */
export function countEndpoints(subscriptions: readonly Subscription[]): OverviewView["subscriptions"] {
  const byStatus: Record<string, number> = Object.fromEntries(SUBSCRIPTION_STATUSES.map((status) => [status, 0]));
  const byHealth: Record<string, number> = Object.fromEntries(ENDPOINT_HEALTH.map((state) => [state, 0]));
  for (const subscription of subscriptions) {
    byStatus[subscription.status] = (byStatus[subscription.status] ?? 0) + 1;
    if (!isInService(subscription)) continue;
    const { state } = stateOfHealthView(subscription);
    byHealth[state] = (byHealth[state] ?? 0) + 1;
  }
  return { total: subscriptions.length, byStatus, byHealth };
}

/** The endpoints that are not healthy: the worst first, and of those the ones that are so for the longest. */
export function unhealthyEndpoints(
  subscriptions: readonly Subscription[],
  waiting: ReadonlyMap<string, number> | undefined,
): OverviewView["failing"] {
  const rank = (state: Health): number => WORST_FIRST.findIndex((each) => each === state);
  return subscriptions
    .filter(isInService)
    .map((subscription) => ({ subscription, health: stateOfHealthView(subscription) }))
    .filter(({ health }) => health.state !== "healthy")
    .sort(
      (a, b) =>
        rank(a.health.state) - rank(b.health.state) || (a.health.since ?? "").localeCompare(b.health.since ?? ""),
    )
    .slice(0, MOST_NAMED)
    .map(({ subscription, health }) => ({
      ...namedOf(subscription),
      health,
      ...(waiting && { waiting: waiting.get(subscription.id) ?? 0 }),
    }));
}

/** Subscriptions whose first certificate ends soon, the next one first. */
export function endingCertificates(
  subscriptions: readonly Subscription[],
  now: number,
): OverviewView["needsYou"]["certificatesEnding"] {
  const ending = subscriptions
    .flatMap((subscription) => {
      const end = firstCertificateEnd(subscription);
      return end && end.getTime() < now + ENDING_MS ? [{ subscription, end }] : [];
    })
    .sort((a, b) => a.end.getTime() - b.end.getTime());
  const first = ending
    .slice(0, MOST_NAMED)
    .map(({ subscription, end }) => ({ ...namedOf(subscription), at: end.toISOString() }));
  return { count: ending.length, first };
}

/** Whether it signs with an earlier secret beside the newest. */
export const isInOverlap = ({ secrets }: Subscription, now: number): boolean =>
  secrets.slice(1).some(({ expiresAt }) => (expiresAt?.getTime() ?? 0) > now);

/** Nothing more happens to these unless the consumer goes on. */
export const waitsForConsumer = ({ status, needsVerification }: Subscription): boolean =>
  ["draft", "verified", "approved", "rejected"].includes(status) || needsVerification === true;
