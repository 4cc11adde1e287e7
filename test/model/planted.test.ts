/** The model finds bugs: each of these is planted in one decision, and an order is found that shows it. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Decisions, DECISIONS } from "./decisions.js";
import { judge } from "./promises.js";
import { MOST } from "./steps.js";

const orders = fc.array(fc.nat({ max: MOST - 1 }), { minLength: 5, maxLength: 60, size: "max" });
/** So many orders find each of them. */
const MOST_ORDERS = 10_000;

const PLANTED: Record<string, Partial<Decisions>> = {
  "a take-over that does not ask for the workflow": { refusesDuplicate: () => false },
  "a rerun that does not read the records": { isDoubtful: () => false, isOutOfDate: () => false },
  "an event that is sent without a look at its owner": {
    claimOf: (event, known) => {
      const claim = DECISIONS.claimOf(event, known);
      return claim === "insert" ? "insert-beside" : claim;
    },
  },
  "an announcement that goes while a write may still land": {
    abandonmentOf: ({ hasEnded }) => (hasEnded ? "finish" : "wait"),
  },
  "an attempt that was begun elsewhere and is made again at once": {
    begunOf: (dependencies, listing, events, foreign) => ({
      ...DECISIONS.begunOf(dependencies, listing, events, foreign),
      elsewhere: new Map(),
    }),
  },
};

it.each(Object.entries(PLANTED))("finds %s", (_name, bug) => {
  const planted = { ...DECISIONS, ...bug };
  const found = fc.check(
    fc.property(orders, (order) => judge(order, planted).length === 0),
    { seed: 7, numRuns: MOST_ORDERS, endOnFailure: true },
  );
  expect(found.failed, `${found.numRuns} orders`).toBe(true);
  // Without the bug the same order breaks nothing.
  expect(judge(found.counterexample?.[0] ?? [])).toEqual([]);
});
