/** What a worker makes of a record that another one wrote, whose clock was ahead. */
import { expect, it } from "vitest";
import { itemGoingOn } from "../../src/activities/first-records.js";
import { caughtUp } from "../../src/activities/retry-status.js";
import type { Delivery } from "../../src/store/model.js";
import { retryWorkflowId } from "../../src/workflows/contract.js";

const AHEAD = 240_000;
const WAIT = 30_000;

/** Written just now by such a clock: it goes on in 30 s. */
const record = (now: number): Delivery => ({
  id: "e.s",
  eventId: "e",
  subscriptionId: "s",
  groupId: "g",
  eventType: "a.b",
  status: "retrying",
  attempts: [],
  attemptCount: 2,
  createdAt: new Date(now - 60_000),
  updatedAt: new Date(now + AHEAD),
  nextAttemptAt: new Date(now + AHEAD + WAIT),
  workflowId: retryWorkflowId("batch_1"),
});

it("a dispatch that goes on waits as long as was meant", () => {
  const now = Date.now();
  const item = itemGoingOn({ owner: "batch_1", now }, record(now));
  expect(item).toMatchObject({ status: "retrying", attempts: 2, dueAt: now + WAIT });
});

it("a retry that comes after a crash waits as long as was meant", () => {
  const before = Date.now();
  const known = {
    deliveryId: "e.s",
    eventId: "e",
    eventType: "a.b",
    status: "retrying",
    attempts: 1,
    scheduleBase: 0,
  } as const;
  const { dueAt = 0, since = 0 } = caughtUp(known, record(before), retryWorkflowId("batch_1"));
  const later = Date.now() - before;
  expect(dueAt - before - WAIT).toBeGreaterThanOrEqual(0);
  expect(dueAt - before - WAIT).toBeLessThanOrEqual(later);
  expect(since - before).toBeLessThanOrEqual(later);
});
