/** A line of a process that is late: its reservations come back after their slots, and answers of the bucket take long. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createLead } from "../../../src/activities/pace/lead.js";
import { PaceLine } from "../../../src/activities/pace/pace-line.js";
import type { Slot, TakeOptions } from "../../../src/activities/pace/slot.js";
import type { Lease, LeaseRequest, RateLimit } from "../../../src/workflows/contract.js";

const START = 1_800_000_000_000;
const RATE: RateLimit = { perSecond: 1, burst: 1 };
let asked: LeaseRequest[];
let answer: (request: LeaseRequest) => Lease | Promise<Lease>;

// The line's only outside is the clock and the bucket. Both are the test's.
beforeEach(() => {
  vi.useFakeTimers({ now: START });
  asked = [];
  answer = ({ count }) => lease(Array.from({ length: count }, (_, index) => Date.now() + index * 1_000));
});
afterEach(() => void vi.useRealTimers());

const lease = (slots: number[], more: Partial<Lease> = {}): Lease => ({
  slots,
  epoch: 1,
  toleranceMs: 100,
  nextLeaseInMs: 250,
  pausedUntil: 0,
  ...more,
});
const newLine = () =>
  new PaceLine(RATE, 1, {
    ask: async (request) => {
      asked.push(request);
      return answer(request);
    },
    onTrouble: (error) => {
      throw error;
    },
    lead: createLead(() => Date.now()),
  });
async function take(line: PaceLine, count = 1, options: TakeOptions = { maxWaitMs: 500 }, passMs = 1): Promise<Slot[]> {
  const taken = line.take(count, options);
  await vi.advanceTimersByTimeAsync(passMs);
  return taken;
}

it("a reservation that came back when it was due is not sent away again, whatever its caller waits", async () => {
  const line = newLine();
  await take(line);
  const at = Date.now() + 5_500;
  const given: TakeOptions = { maxWaitMs: 500, reservations: [{ at, epoch: 1, leadMs: 5_000 }] };
  expect(await take(line, 1, given, 0)).toMatchObject([{ kind: "start", at }]);
  // This one came by itself, long before it was due.
  const early: TakeOptions = { maxWaitMs: 500, reservations: [{ at: at + 1, epoch: 1, leadMs: 5_000 }] };
  expect(await take(line, 1, early, 0)).toMatchObject([{ kind: "later" }]);
});

it("a reservation is woken earlier once others came late", async () => {
  const line = newLine();
  await take(line);
  const now = Date.now();
  // It was due 3 s ago, and missed its slot by 2 s.
  answer = () => lease([now + 10_000]);
  const late: TakeOptions = { maxWaitMs: 500, reservations: [{ at: now - 2_000, epoch: 1, leadMs: 1_000 }] };
  const [slot] = await take(line, 1, late, 300);
  expect(slot).toMatchObject({ kind: "later", reservation: { at: now + 10_000 } });
  const { dueAt, reservation } = slot as Extract<Slot, { kind: "later" }>;
  expect(reservation?.leadMs).toBeGreaterThan(4_000);
  expect(dueAt).toBe(now + 10_000 - (reservation?.leadMs ?? 0));
});

it("messages ask for no slot that is over when the answer arrives, as long as answers are slow", async () => {
  const line = newLine();
  let takesMs = 300;
  answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, takesMs));
    return lease([Date.now()]);
  };
  while (asked.length < 7) {
    await take(line, 1, { maxWaitMs: 5_000 }, 1_000);
    takesMs = 10;
  }
  const within = asked.map(({ notWithinMs }) => notWithinMs ?? 0);
  expect(within.slice(0, 3)).toEqual([0, 300, 240]);
  expect(within.at(-1)).toBeLessThan(100);
});
