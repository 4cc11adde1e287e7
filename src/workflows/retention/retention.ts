/**
 * `retention`: removes what is older than the retention of its api, step by step. A schedule starts it every hour. It
 * has no input, because a schedule keeps its input for ever, and the key of the day that seals it is destroyed.
 */
import { continueAsNew, proxyActivities, setCurrentDetails, workflowInfo } from "@temporalio/workflow";
import { isRunFull } from "../run-age.js";
import { type RetentionActivities, type RetentionCount, type RetentionCursor } from "./retention-contract.js";

const { retentionStep, recordRetention } = proxyActivities<RetentionActivities>({
  startToCloseTimeout: "10 minutes",
  heartbeatTimeout: "1 minute",
  retry: { initialInterval: "1 second", backoffCoefficient: 2, maximumInterval: "1 minute" },
});

/**
 * Ends when nothing is left that is old enough. A run that is full records what it has removed, and goes on in a new
 * one.
 */
export async function retention(after?: RetentionCursor): Promise<RetentionCount> {
  const { workflowId, runId } = workflowInfo();
  const count: RetentionCount = { events: {}, deliveries: 0, open: 0, held: 0 };
  let cursor = after;
  do {
    const { next, ...removed } = await retentionStep(cursor === undefined ? {} : { after: cursor });
    add(count, removed);
    cursor = next;
    setCurrentDetails(detailsOf(count));
  } while (cursor !== undefined && !isRunFull());
  await recordRetention({ run: `${workflowId}/${runId}`, count });
  if (cursor !== undefined) await continueAsNew<typeof retention>(cursor);
  return count;
}

function add(total: RetentionCount, { events, deliveries, open, held, atLeast }: RetentionCount): void {
  if (atLeast) total.atLeast = true;
  for (const [apiId, removed] of Object.entries(events)) total.events[apiId] = (total.events[apiId] ?? 0) + removed;
  total.deliveries += deliveries;
  total.open += open;
  total.held += held;
}

function detailsOf({ events, deliveries, open, held, atLeast }: RetentionCount): string {
  const removed = Object.values(events).reduce((sum, count) => sum + count, 0);
  return (
    `${atLeast ? "At least " : ""}${removed} events and ${deliveries} deliveries removed. ` +
    `${open} old events are open and stay, ${held} are held.`
  );
}
