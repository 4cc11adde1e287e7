/** The shortest orders that once broke a promise, each with what became of it. */
import { expect, it } from "vitest";
import type { RetryItem } from "../../src/workflows/contract.js";
import { DECISIONS, LOOKS_AT_NO_WORKFLOW } from "./decisions.js";
import { judged } from "./promises.js";
import { newWorld } from "./world.js";

/**
 * A retry is on record as delivered, and the engine does not hear of it. A person asks for the delivery again, which
 * begins a second workflow. The first workflow makes its activity again and reads the record. It went on beside the
 * second one, until it looked at the workflow that the record names.
 */
const TWO_WORKFLOWS = [1, 4270, 0, 0, 0, 6559, 1302, 0, 0, 0, 3182, 7418, 0, 1422, 4512, 430, 5664];

it("sends once what a person asked for while the former workflow is still open", () => {
  const world = newWorld(DECISIONS);
  expect(judged(world, TWO_WORKFLOWS)).toEqual([]);
  const blind = { ...DECISIONS, ...LOOKS_AT_NO_WORKFLOW };
  expect(judged(newWorld(blind), TWO_WORKFLOWS).join()).toMatch(/was sent again/);
  const id = "e1.s1";
  // Otherwise the numbers mean another order by now.
  expect([...world.workflows.keys()]).toEqual(expect.arrayContaining(["retries/batch2", `resend/${id}`]));
  expect(world.sent.some(({ deliveryId, asked }) => deliveryId === id && asked)).toBe(true);
  // Each request is on record as one attempt, whichever workflow made it.
  const record = world.deliveries.get(id);
  expect(record?.status).toBe("delivered");
  expect(record?.attemptCount).toBe(world.sent.filter(({ deliveryId }) => deliveryId === id).length);
});

/**
 * Two people ask for one delivery. One is answered. The write of the other is given up and lands late, so the record
 * names a workflow that nobody has started. It starts when that person asks again.
 */
const TWO_PEOPLE = [1, 0, 5390, 2528, 0, 0, 3007, 0, 1695, 0, 7575, 3996, 0, 0, 5591, 2638, 0, 1820, 0, 0, 0, 0, 0];

it("delivers what two people ask for, where the second request lands late and is repeated", () => {
  const world = newWorld(DECISIONS);
  expect(judged(world, TWO_PEOPLE)).toEqual([]);
  expect([...world.workflows.keys()]).toContain("resend/e1.s1");
  expect(world.deliveries.get("e1.s1")?.status).toBe("delivered");
});

/**
 * Two runs of one activity were taken for lost and both send. The first records that it failed. A third run reads that,
 * and the second records that it was delivered. The next attempt read no record, and sent once more.
 */
const LATE_RUN = [
  1717, 7374, 0, 0, 0, 0, 2943, 0, 0, 0, 5326, 0, 1978, 0, 2359, 4782, 0, 7836, 0, 0, 0, 0, 439, 2926, 0, 0, 5692, 0, 0,
];

it("sends nothing more once a run that was taken for lost has delivered", () => {
  expect(judged(newWorld(DECISIONS), LATE_RUN)).toEqual([]);
  const trusting = { ...DECISIONS, afterRerun: (item: RetryItem) => item };
  expect(judged(newWorld(trusting), LATE_RUN).join()).toMatch(/was sent again/);
});
