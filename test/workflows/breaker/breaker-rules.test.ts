/** The rules at their edges. What they come to over time is in breaker-state.test.ts and in health-rules.test.ts. */
import { describe, expect, test } from "vitest";
import type { OutcomeReport, Slice } from "../../../src/workflows/breaker/breaker-contract.js";
import { runAfter, verdictOfReports, windowSince, withOutcomes } from "../../../src/workflows/breaker/breaker-rules.js";
import { newBreaker, TIMING } from "../../../src/workflows/breaker/breaker-state.js";

const DAY = 86_400_000;
const MINUTE = 60_000;
const T0 = 1_000_000_000;
const report = (more: Partial<OutcomeReport>): OutcomeReport => ({
  from: T0,
  to: T0,
  succeeded: 0,
  failed: 0,
  trailing: 0,
  asOf: T0,
  ...more,
});

describe("a run of failures", () => {
  const failed = (from: number, trailing: number, to = from) => report({ from, to, failed: trailing, trailing });
  const begun = { since: T0, last: T0 + 5, failed: 2, days: 1, lastDay: 0 };

  test("begins with the first failure of a report, and goes on with the next one", () => {
    const run = runAfter(undefined, failed(T0, 2, T0 + 5), DAY);
    expect(run).toEqual(begun);
    expect(runAfter(run, failed(T0 + 10, 3, T0 + 20), DAY)).toEqual({ ...begun, last: T0 + 20, failed: 5 });
  });

  test("reaches back to a report that came late", () => {
    expect(runAfter(begun, failed(T0 - 10, 1), DAY)).toEqual({ ...begun, since: T0 - 10, failed: 3 });
  });

  test("ends with a success, and begins anew behind it", () => {
    expect(runAfter(begun, report({ to: T0 + 10, succeeded: 1, failed: 3 }), DAY)).toBeUndefined();
    const anew = report({ from: T0 + 10, to: T0 + 20, succeeded: 1, failed: 3, trailing: 1 });
    for (const run of [begun, undefined])
      expect(runAfter(run, anew, DAY)).toEqual({ since: T0 + 20, last: T0 + 20, failed: 1, days: 1, lastDay: 0 });
  });

  test("counts each day on which an attempt failed once", () => {
    const sameDay = runAfter(begun, failed(T0 + DAY - 1, 1), DAY);
    expect(sameDay).toMatchObject({ days: 1, lastDay: 0 });
    const third = runAfter(sameDay, failed(T0 + 2 * DAY, 1), DAY);
    expect(third).toMatchObject({ days: 2, lastDay: 2 });
    expect(runAfter(third, failed(T0 + 2 * DAY + 1, 1), DAY)).toMatchObject({ days: 2, lastDay: 2 });
  });
});

describe("the window", () => {
  const slice: Slice = { at: T0, succeeded: 1, failed: 1 };

  test("puts outcomes of less than fifteen seconds together", () => {
    const joined = withOutcomes([slice], report({ to: T0 + 14_999, succeeded: 2, failed: 3 }));
    expect(joined).toEqual([{ at: T0, until: T0 + 14_999, succeeded: 3, failed: 4 }]);
    expect(withOutcomes([slice], report({ to: T0 + 15_000, failed: 3 }))).toEqual([
      slice,
      { at: T0 + 15_000, succeeded: 0, failed: 3 },
    ]);
  });

  test("does not shrink by a report that comes late", () => {
    const joined = withOutcomes([{ ...slice, until: T0 + 9_000 }], report({ to: T0 + 4_000, failed: 1 }));
    expect(joined).toEqual([{ at: T0, until: T0 + 9_000, succeeded: 1, failed: 2 }]);
  });

  test("holds what lies at its beginning", () => {
    expect([T0 - 1, T0, T0 + 1].map((since) => windowSince([slice], since).length)).toEqual([1, 1, 0]);
  });
});

describe("the verdict", () => {
  const breaker = newBreaker({ subscriptionId: "sub_1" }, T0);
  const stateOf = (window: Slice[], run?: { last: number; failed: number }) =>
    verdictOfReports(
      { ...breaker, window, ...(run && { run: { since: T0, days: 1, lastDay: 0, ...run } }) },
      T0 + MINUTE,
    ).state;
  const failures = (failed: number): Slice => ({ at: T0 + 10_000, until: T0 + 45_000, succeeded: 0, failed });

  test("is that it fails at ten failures in a row over five minutes", () => {
    expect(stateOf([], { last: T0 + TIMING.runMs, failed: 10 })).toBe("failing");
    expect(stateOf([], { last: T0 + TIMING.runMs - 1, failed: 10 })).toBe("healthy");
    expect(stateOf([], { last: T0 + TIMING.runMs, failed: 9 })).toBe("healthy");
  });

  test("is that it is degraded while a half succeeded, though all fail by now", () => {
    expect(stateOf([{ at: T0, succeeded: 24, failed: 0 }, failures(26)])).toBe("failing");
    expect(stateOf([{ at: T0, succeeded: 25, failed: 0 }, failures(25)])).toBe("degraded");
    expect(stateOf([{ at: T0, succeeded: 80, failed: 0 }, failures(25)])).toBe("degraded");
  });

  test("is that the failures are over where half of a slice succeeded, and not where one attempt did", () => {
    const slice = (at: number, succeeded: number, failed: number): Slice => ({ at: T0 + at, succeeded, failed });
    const last = { ...slice(30_000, 0, 20), until: T0 + 45_000 };
    expect(stateOf([slice(0, 0, 60), slice(15_000, 5, 5), last])).toBe("degraded");
    expect(stateOf([slice(0, 0, 60), slice(15_000, 4, 6), last])).toBe("failing");
    expect(stateOf([slice(0, 1, 30), slice(31_000, 1, 30)])).toBe("failing");
  });
});
