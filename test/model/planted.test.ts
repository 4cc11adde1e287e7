/**
 * The model finds bugs. Each of these is planted in one decision. An order is found that breaks the promise that the
 * bug is about, within far fewer orders than CI runs.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { type Decisions, DECISIONS, LOOKS_AT_NO_WORKFLOW } from "./decisions.js";
import { ORDERS_OF_STEPS } from "./orders.js";
import { judge } from "./promises.js";

const MOST_ORDERS = 10_000;
/** A busy machine takes many times as long as a quiet one. */
const PATIENCE_MS = 30 * 60_000;

interface Planted {
  bug: Partial<Decisions>;
  /** What one of the broken promises says. */
  breaks: RegExp;
}

const PLANTED: Record<string, Planted> = {
  "a record that is written without compare-and-set": {
    bug: {
      matches: (document, guard) => ("seq" in guard ? document !== undefined : DECISIONS.matches(document, guard)),
    },
    breaks: /was on record and is overwritten/,
  },
  "a take-over that does not ask for the workflow": {
    bug: { refusesDuplicate: () => false },
    breaks: /sent again though the run that had sent it was not lost/,
  },
  "an outcome that is adopted twice": {
    bug: { addedAttempt: (record, outcome) => DECISIONS.addedAttempt({ ...record, attempts: [] }, outcome) },
    breaks: /is on record twice/,
  },
  "a settled status that is left by itself": {
    bug: {
      decideRecord: (...given) => {
        const decide = DECISIONS.decideRecord(...given);
        return (current, change) => decide(current, { ...change, asked: true });
      },
    },
    breaks: /left \w+ for \w+ by itself/,
  },
  "an erased event that is sent": { bug: { isErasedLately: () => false }, breaks: /after its event was erased/ },
  "a rerun that does not read the records": {
    bug: { isDoubtful: () => false, isOutOfDate: () => false },
    breaks: /was sent again/,
  },
  "an event that is sent without a look at its owner": {
    bug: {
      claimOf: (event, known) => {
        const claim = DECISIONS.claimOf(event, known);
        return claim === "insert" ? "insert-beside" : claim;
      },
    },
    breaks: /was sent again/,
  },
  "a retry that goes on with what another workflow was asked to send": {
    bug: LOOKS_AT_NO_WORKFLOW,
    breaks: /was sent (again|by)/,
  },
  "an announcement that goes while a write may still land": {
    bug: { abandonmentOf: (seen) => (DECISIONS.abandonmentOf(seen) === "wait" ? "wait" : "finish") },
    breaks: /is lost/,
  },
  "a write that is taken for lost by the clock, while the store stands still": {
    bug: { answeredForMs: ({ passedMs }) => passedMs },
    breaks: /is lost/,
  },
  "an attempt that was begun elsewhere and is made again at once": {
    bug: {
      begunOf: (dependencies, listing, events, foreign) => ({
        ...DECISIONS.begunOf(dependencies, listing, events, foreign),
        elsewhere: new Map(),
      }),
    },
    breaks: /was sent again/,
  },
};

it.each(Object.entries(PLANTED))("finds %s", { timeout: PATIENCE_MS }, (_name, { bug, breaks }) => {
  const planted = { ...DECISIONS, ...bug };
  const found = fc.check(
    fc.property(ORDERS_OF_STEPS, (order) => !judge(order, planted).some((broken) => breaks.test(broken))),
    { seed: 7, numRuns: MOST_ORDERS, endOnFailure: true },
  );
  expect(found.failed, `${found.numRuns} orders`).toBe(true);
  // Without the bug the same order breaks nothing.
  expect(judge(found.counterexample?.[0] ?? [])).toEqual([]);
});
