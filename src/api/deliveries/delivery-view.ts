/** Deliveries as lists show them. */
import type { z } from "zod";
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { Delivery } from "../../store/model.js";
import type { deliverySummary } from "./schemas.js";

/**
 * A delivery without its attempts. Its next attempt waits for the end of the pause that the consumer has asked for
 * since.
 */
export const deliverySummaryOf =
  (catalogue: Pick<Catalogue, "subscription">) =>
  (delivery: Delivery): z.input<typeof deliverySummary> => {
    const {
      id,
      eventId,
      subscriptionId,
      groupId,
      eventType,
      status,
      reason,
      attemptCount,
      workflowId,
      createdAt,
      updatedAt,
    } = delivery;
    const nextAttemptAt =
      delivery.nextAttemptAt && later(delivery.nextAttemptAt, catalogue.subscription(subscriptionId)?.throttledUntil);
    return {
      id,
      eventId,
      subscriptionId,
      groupId,
      eventType,
      status,
      attemptCount,
      ...(reason !== undefined && { reason }),
      ...(nextAttemptAt && { nextAttemptAt: nextAttemptAt.toISOString() }),
      ...(workflowId !== undefined && { workflowId }),
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
      ...newestAttemptOf(delivery),
    };
  };
const later = (a: Date, b: Date | undefined): Date => (b && b > a ? b : a);

/** What the attempts say, so that it holds for deliveries of earlier releases too. */
function newestAttemptOf({
  attempts,
}: Delivery): Pick<z.input<typeof deliverySummary>, "lastStatus" | "lastOutcome" | "lastDurationMs" | "deliveredAt"> {
  const last = attempts.at(-1);
  if (!last) return {};
  const accepted = attempts.findLast(({ outcome }) => outcome === "delivered");
  return {
    ...(last.status !== undefined && { lastStatus: last.status }),
    lastOutcome: last.outcome,
    lastDurationMs: last.durationMs,
    ...(accepted && { deliveredAt: new Date(accepted.at.getTime() + accepted.durationMs).toISOString() }),
  };
}
