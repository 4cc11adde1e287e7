/** Deliveries as lists show them. */
import type { z } from "zod";
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { Delivery, Subscription } from "../../store/model.js";
import type { deliverySummary } from "./schemas.js";

/**
 * A delivery without its attempts. Its next attempt waits for the end of the pause that the consumer has asked for
 * since.
 */
export const deliverySummaryOf =
  (catalogue: Pick<Catalogue, "subscription" | "pauseEnd">) =>
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
    const subscription = catalogue.subscription(subscriptionId);
    const nextAttemptAt =
      delivery.nextAttemptAt && !waitsForEndpoint(delivery, subscription)
        ? later(delivery.nextAttemptAt, subscription ? catalogue.pauseEnd(subscription) : 0)
        : undefined;
    return {
      id,
      eventId,
      subscriptionId,
      groupId,
      eventType,
      status,
      attemptCount,
      ...(reason !== undefined && { reason: withoutActor(reason) }),
      ...(nextAttemptAt && { nextAttemptAt: nextAttemptAt.toISOString() }),
      ...(workflowId !== undefined && { workflowId }),
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
      ...newestAttemptOf(delivery),
    };
  };

/**
 * The record ends its reason with who asked for it. A consumer may not read who works at its provider, so it is told by
 * the delivery's acts alone, to those who may know. Records of earlier releases have it in the middle.
 */
const withoutActor = (reason: string): string =>
  reason.replace(/ \(by [^()]+\)$/, "").replace(/^Cancelled by [a-z]+:\S+\.$/, "Cancelled by hand.");

/** When its turn comes, nobody knows: the endpoint decides. What the record has is when it looks again by itself. */
const waitsForEndpoint = ({ status }: Delivery, subscription: Subscription | undefined): boolean =>
  status === "throttled" && (subscription?.health?.state === "failing" || subscription?.health?.state === "recovering");
const later = (a: Date, ms: number): Date => (ms > a.getTime() ? new Date(ms) : a);

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
