/** Who waits for nothing far away (`onlySoon`) and who does, at one bucket with its real arithmetic. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createLead } from "../../../src/activities/pace/lead.js";
import { PaceLine } from "../../../src/activities/pace/pace-line.js";
import type { Slot } from "../../../src/activities/pace/slot.js";
import type { Lease, LeaseRequest } from "../../../src/workflows/contract.js";
import { lease, newBucket } from "../../../src/workflows/gcra.js";

const START = 1_800_000_000_000;
/** One slot at once, and then one every 101 ms. */
const RATE = { perSecond: 10, burst: 1 };
const HURRIED = { maxWaitMs: 500, onlySoon: true };

let ask: (request: LeaseRequest) => Lease;
beforeEach(() => {
  vi.useFakeTimers({ now: START });
  let state = newBucket(RATE, 1, START);
  ask = (request) => {
    const given = lease(state, request, Date.now());
    state = given.state;
    return given.lease;
  };
});
afterEach(() => void vi.useRealTimers());

const newLine = () =>
  new PaceLine(RATE, 1, {
    ask: (request) => Promise.resolve(ask(request)),
    onTrouble: (error) => {
      throw error;
    },
    lead: createLead(() => Date.now()),
  });
const kinds = (slots: Slot[]) => slots.map(({ kind }) => kind);
async function after(taken: Promise<Slot[]>): Promise<Slot[]> {
  await vi.advanceTimersByTimeAsync(1);
  return taken;
}

it("has the slots that come in time, and the rest goes elsewhere at once, without a reservation", async () => {
  const slots = await after(newLine().take(20, HURRIED));
  expect(kinds(slots)).toEqual([
    ...Array.from({ length: 5 }, () => "start"),
    ...Array.from({ length: 15 }, () => "later"),
  ]);
  expect(slots.at(-1)).toEqual({ kind: "later", dueAt: START });
});

it("leaves the later slots to the next one who asks", async () => {
  const line = newLine();
  await after(line.take(20, HURRIED));
  await vi.advanceTimersByTimeAsync(600);
  // Five slots were used, so the sixth is at hand by now. With 20 of them reserved it would be 1.4 s away.
  expect(await after(line.take(1, { maxWaitMs: 100 }))).toMatchObject([{ kind: "start" }]);
});

it("takes no slot from one beside it that may wait longer", async () => {
  const line = newLine();
  const [patient, hurried] = [line.take(8, { maxWaitMs: 500 }), line.take(2, HURRIED)];
  const slots = await after(patient);
  expect(kinds(slots)).toEqual([...Array.from({ length: 5 }, () => "start"), "later", "later", "later"]);
  expect(slots.at(-1)).toHaveProperty("reservation");
  expect(await after(hurried)).toEqual(Array.from({ length: 2 }, () => ({ kind: "later", dueAt: START })));
});

it("goes elsewhere where a bucket of an earlier release knows nothing of those in a hurry", async () => {
  const today = ask;
  ask = ({ soon: _unknown, ...request }) => today(request);
  expect(await after(newLine().take(1, HURRIED))).toEqual([{ kind: "later", dueAt: START }]);
});
