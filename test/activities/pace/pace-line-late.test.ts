/**
 * A line of a process that is late: its reservations come back after their slots, and answers of the bucket take long.
 */
import { afterEach, expect, it } from "vitest";
import type { Slot, TakeOptions } from "../../../src/activities/pace/slot.js";
import { bucket, lease, newLine, setUpPaceLine, take } from "./pace-line-setup.js";

setUpPaceLine();
// Nothing here goes wrong.
afterEach(() => expect(bucket.troubles).toBe(0));

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
  bucket.answer = () => lease([now + 10_000]);
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
  bucket.answer = async () => {
    await new Promise((resolve) => setTimeout(resolve, takesMs));
    return lease([Date.now()]);
  };
  while (bucket.asked.length < 7) {
    await take(line, 1, { maxWaitMs: 5_000 }, 1_000);
    takesMs = 10;
  }
  const within = bucket.asked.map(({ notWithinMs }) => notWithinMs ?? 0);
  expect(within.slice(0, 3)).toEqual([0, 300, 240]);
  expect(within.at(-1)).toBeLessThan(100);
});
