/**
 * The activities as `retryDelivery` calls them. Failures of our own only delay. What the consumer does is in the
 * report.
 */
import { ActivityCancellationType, proxyActivities } from "@temporalio/workflow";
import type { Activities } from "../contract.js";

const OPTIONS = {
  startToCloseTimeout: "10 minutes",
  // Above the longest deadline of one request: the activity reports between requests.
  heartbeatTimeout: "1 minute",
  retry: { initialInterval: "1 second", backoffCoefficient: 2, maximumInterval: "30 seconds" },
} as const;
export const { recordStatus } = proxyActivities<Pick<Activities, "recordStatus">>(OPTIONS);
// What was sent before a cancel has to be known when the rest is given up.
export const { attempt } = proxyActivities<Pick<Activities, "attempt">>({
  ...OPTIONS,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});
