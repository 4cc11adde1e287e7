/** A line whose only outside is the clock and the bucket. Both are the test's. */
import { afterEach, beforeEach, vi } from "vitest";
import { createLead } from "../../../src/activities/pace/lead.js";
import { PaceLine } from "../../../src/activities/pace/pace-line.js";
import type { Slot, TakeOptions } from "../../../src/activities/pace/slot.js";
import type { Lease, LeaseRequest, RateLimit } from "../../../src/workflows/contract.js";

export const START = 1_800_000_000_000;
export const RATE: RateLimit = { perSecond: 1, burst: 1 };

export const lease = (slots: number[], more: Partial<Lease> = {}): Lease => ({
  slots,
  epoch: 1,
  toleranceMs: 100,
  nextLeaseInMs: 250,
  pausedUntil: 0,
  ...more,
});

const newBucket = () => ({
  /** What it was asked. */
  asked: [] as LeaseRequest[],
  /** How often it did not answer. */
  troubles: 0,
  answer: ({ count }: LeaseRequest): Lease | Promise<Lease> =>
    lease(Array.from({ length: count }, (_, index) => Date.now() + index * 1_000)),
});
/** The bucket of the test that runs. */
export let bucket = newBucket();

/** Call it once at the top of a file. */
export function setUpPaceLine(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: START });
    bucket = newBucket();
  });
  afterEach(() => void vi.useRealTimers());
}

export const newLine = (rateAsOf = 1): PaceLine =>
  new PaceLine(RATE, rateAsOf, {
    ask: async (request) => {
      bucket.asked.push(request);
      return bucket.answer(request);
    },
    onTrouble: () => void (bucket.troubles += 1),
    lead: createLead(() => Date.now()),
  });

export async function take(
  line: PaceLine,
  count = 1,
  options: TakeOptions = { maxWaitMs: 500 },
  passMs = 1,
): Promise<Slot[]> {
  const taken = line.take(count, options);
  await vi.advanceTimersByTimeAsync(passMs);
  return taken;
}
