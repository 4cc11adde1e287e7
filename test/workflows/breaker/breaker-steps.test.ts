/** Each step of the breaker by itself, to the millisecond. What the steps come to is in breaker-state.test.ts. */
import { describe, expect, test } from "vitest";
import type { BreakerPhase, BreakerState, OutcomeReport } from "../../../src/workflows/breaker/breaker-contract.js";
import {
  DEGRADED_MS,
  MOST_RELEASED,
  movedOn,
  newBreaker,
  rateOf,
  released,
  releasedNow,
  reported,
  runKeptMs,
  TIMING,
} from "../../../src/workflows/breaker/breaker-state.js";
import { closed, type Open, OPEN, open, T0 } from "./open-breaker.js";

const DAY = 86_400_000;
const MINUTE = 60_000;
const recovering = (failures = 0): BreakerState => ({
  ...closed,
  phase: { kind: "recovering", since: T0, failures, openedAt: T0 - MINUTE },
});
const report = (at: number, more: Partial<OutcomeReport>): OutcomeReport => ({
  from: at,
  to: at,
  succeeded: 0,
  failed: 0,
  trailing: 0,
  asOf: at,
  ...more,
});
const failed = (at: number, trailing: number, more: Partial<OutcomeReport> = {}) =>
  report(at, { failed: trailing, trailing, ...more });

describe("a new breaker", () => {
  test("is closed, and has seen nothing", () => {
    const phase = { kind: "closed", since: T0 };
    expect(closed).toEqual({ timing: TIMING, window: [], phase, perSecond: 0, watchedUntil: 0 });
    expect(newBreaker({ subscriptionId: "sub_1", timing: { tickMs: 7 } }, T0).timing).toEqual({ ...TIMING, tickMs: 7 });
  });

  test.each(["failing", "recovering"])("that the record calls %s is open, and is tried at once", (state) => {
    const reason = "It is tried before anything else is sent.";
    const since = T0 - MINUTE;
    const phase = { ...OPEN, reason, openedAt: since, nextProbeAt: T0 };
    expect(newBreaker({ subscriptionId: "sub_1", adopted: { state, since } }, T0).phase).toEqual(phase);
    // Every process knows it by now, so what they report counts.
    const late = newBreaker({ subscriptionId: "sub_1", adopted: { state, since: T0 } }, T0).phase;
    expect(late).toEqual({ ...phase, openedAt: T0 - TIMING.knownMs });
  });

  test.each(["healthy", "degraded", "disabled"])("that the record calls %s is closed", (state) => {
    expect(newBreaker({ subscriptionId: "sub_1", adopted: { state, since: 5 } }, T0).phase).toEqual(closed.phase);
  });

  test("never waits longer between probes than it may", () => {
    const timing = { probeMs: 10, maxProbeMs: 15 };
    const adopted = { state: "failing", since: 5 };
    expect(newBreaker({ subscriptionId: "sub_1", adopted, timing }, T0).phase).toMatchObject({ intervalMs: 15 });
  });
});

describe("a report", () => {
  test("from a clock that is ahead counts as of now", () => {
    expect(reported(closed, { ...failed(T0 + 500, 1), from: T0 + 100 }, T0)).toMatchObject({
      run: { since: T0, last: T0 },
      window: [{ at: T0, succeeded: 0, failed: 1 }],
    });
  });

  test("without attempts leaves what was counted, and tells the pace", () => {
    const before = reported(closed, failed(T0, 2, { perSecond: 3 }), T0);
    expect(before).toMatchObject({ perSecond: 3, run: { failed: 2 } });
    expect(reported(before, report(T0 + DAY, {}), T0 + DAY)).toEqual(before);
    expect(reported(before, report(T0, { perSecond: 4 }), T0)).toEqual({ ...before, perSecond: 4 });
  });

  test("takes the place of what is older than the window", () => {
    const before = reported(closed, failed(T0, 2), T0);
    const at = T0 + TIMING.windowMs;
    expect(reported(before, failed(at, 1), at).window.map((slice) => slice.failed)).toEqual([2, 1]);
    expect(reported(before, failed(at + 1, 1), at + 1).window.map((slice) => slice.failed)).toEqual([1]);
  });

  test("with a success ends the run of failures", () => {
    const before = reported(closed, failed(T0, 2), T0);
    expect(reported(before, report(T0 + 1, { succeeded: 1 }), T0 + 1)).not.toHaveProperty("run");
  });

  const known = T0 + TIMING.knownMs;
  const phaseAfter = (state: BreakerState, given: OutcomeReport) => reported(state, given, given.to).phase;
  test("that something waits makes a probe due if none is", () => {
    const { nextProbeAt: _due, ...idle } = OPEN;
    expect(phaseAfter({ ...closed, phase: idle }, report(known, { waits: true }))).toEqual({
      ...idle,
      nextProbeAt: known,
    });
    expect(phaseAfter({ ...closed, phase: idle }, report(known, {}))).toEqual(idle);
    expect(phaseAfter(open(), report(known, { waits: true }))).toEqual(OPEN);
  });

  test("of a success brings the next probe forward, and three of them close it", () => {
    expect(phaseAfter(open({ successes: 1 }), report(known, { succeeded: 1 }))).toEqual({
      ...OPEN,
      successes: 2,
      intervalMs: TIMING.probeMs,
      nextProbeAt: known,
    });
    expect(phaseAfter(open({ successes: 1 }), report(known, { succeeded: 2 }))).toEqual({
      kind: "recovering",
      since: known,
      failures: 0,
      openedAt: T0,
    });
  });

  test("of a failure takes the successes before it away", () => {
    expect(phaseAfter(open({ successes: 2 }), failed(known, 1))).toEqual(OPEN);
    for (const succeeded of [1, 5])
      expect(phaseAfter(open({ successes: 2 }), failed(known, 1, { succeeded }))).toEqual(OPEN);
  });

  test("of a process that did not know that it is open decides nothing", () => {
    for (const given of [failed(known - 1, 1), report(known - 1, { succeeded: 3 })])
      expect(phaseAfter(open({ successes: 2 }), given)).toEqual({ ...OPEN, successes: 2 });
  });

  test("of three failures in a row opens it again while what waited is released", () => {
    const drain = { since: T0, from: 1, full: 10, limited: false, nextAt: T0, passAt: T0 };
    const after = reported({ ...recovering(2), drain }, failed(T0 + 5, 1), T0 + 5);
    expect(after.phase).toEqual({
      ...OPEN,
      reason: "3 attempts in a row failed again after it had answered.",
      openedAt: T0 + 5,
      nextProbeAt: T0 + 30_005,
    });
    expect(after).not.toHaveProperty("drain");
    expect(phaseAfter(recovering(1), failed(T0 + 5, 1))).toMatchObject({ kind: "recovering", failures: 2 });
    expect(phaseAfter(recovering(2), failed(T0 + 5, 1, { succeeded: 1 }))).toMatchObject({ failures: 1 });
    expect(phaseAfter(recovering(2), report(T0 + 5, { succeeded: 1 }))).toMatchObject({ failures: 0 });
  });

  test("of attempts from before it recovered does not open it again", () => {
    expect(phaseAfter(recovering(2), failed(T0 - 1, 1))).toEqual(recovering(2).phase);
    expect(phaseAfter(recovering(2), failed(T0, 1))).toMatchObject({ kind: "open" });
    expect(phaseAfter(recovering(2), report(T0 + 5, { waits: true }))).toEqual(recovering(2).phase);
  });
});

describe("as the clock moves on", () => {
  const run = { since: T0, last: T0, failed: 3, days: 1, lastDay: 0 };

  test("the failures of two days ago say nothing, where it is closed", () => {
    expect(runKeptMs(TIMING)).toBe(2 * DAY);
    expect(movedOn({ ...closed, run }, T0 + 2 * DAY - 1).run).toEqual(run);
    expect(movedOn({ ...closed, run }, T0 + 2 * DAY)).not.toHaveProperty("run");
  });

  test("the window moves on, whatever the state", () => {
    const window = [{ at: T0, succeeded: 1, failed: 0 }];
    const disabled: BreakerPhase = { kind: "disabled", reason: "gone" };
    for (const state of [closed, open(), { ...closed, phase: disabled }])
      expect(movedOn({ ...state, window }, T0 + TIMING.windowMs + 1)).toEqual(state);
  });

  test("a degraded one stays so for a minute, and then is healthy", () => {
    const window = [{ at: T0, succeeded: 18, failed: 2 }];
    const degraded = movedOn({ ...closed, window }, T0 + 5);
    const reason = "18 of the last 20 attempts succeeded, within 15 minutes.";
    expect(degraded.phase).toEqual({ kind: "closed", since: T0 + 5, degraded: reason });
    expect(movedOn(degraded, T0 + 9).phase).toEqual(degraded.phase);
    const better = { ...degraded, window: [] };
    expect(movedOn(better, T0 + 4 + DEGRADED_MS).phase).toEqual(degraded.phase);
    expect(movedOn(better, T0 + 5 + DEGRADED_MS).phase).toEqual({ kind: "closed", since: T0 + 5 + DEGRADED_MS });
  });

  test("a failing one opens, and nothing more is released", () => {
    const drain = { since: T0, from: 1, full: 10, limited: false, nextAt: T0, passAt: T0 };
    const long = { ...run, last: T0 + TIMING.runMs, failed: 10 };
    const after = movedOn({ ...closed, run: long, drain }, T0 + TIMING.runMs);
    expect(after.phase).toMatchObject({
      kind: "open",
      reason: "None of the last 10 attempts succeeded, over 5 minutes.",
      openedAt: T0 + TIMING.runMs,
    });
    expect(after).not.toHaveProperty("drain");
  });

  const failing = (days: number, disableAfterMs: number): BreakerState => ({
    ...open(),
    run: { ...run, days },
    disableAfterMs,
  });
  test("one that failed on every day is disabled, to the millisecond", () => {
    expect(movedOn(failing(5, 5 * DAY), T0 + 5 * DAY - 1).phase.kind).toBe("open");
    expect(movedOn(failing(5, 5 * DAY), T0 + 5 * DAY).phase).toEqual({
      kind: "disabled",
      reason: "No attempt has succeeded for 5 days. The endpoint seems to be gone.",
    });
    expect(movedOn(failing(1, DAY), T0 + DAY).phase).toMatchObject({
      reason: "No attempt has succeeded for 1 day. The endpoint seems to be gone.",
    });
    expect(movedOn(failing(4, 5 * DAY), T0 + 9 * DAY).phase.kind).toBe("open");
    expect(movedOn(failing(9, 0), T0 + 9 * DAY).phase.kind).toBe("open");
    expect(movedOn({ ...open(), disableAfterMs: DAY }, T0 + 9 * DAY)).toEqual({ ...open(), disableAfterMs: DAY });
  });

  test("it is warned of that at half of the time, and a day before, once each", () => {
    const at = (days: number, warned = 0) => {
      const state = { ...failing(1, 4 * DAY), phase: { ...OPEN, warned } };
      const after = movedOn(state, T0 + days * DAY);
      return [after.warning, (after.phase as Open).warned];
    };
    expect(at(2 - 1 / DAY)).toEqual([undefined, 0]);
    expect(at(2)).toEqual(["half", 1]);
    expect(at(2.5, 1)).toEqual([undefined, 1]);
    expect(at(3, 1)).toEqual(["last_day", 2]);
    expect(at(3.5, 2)).toEqual([undefined, 2]);
    // Of a single day the half is the last day too.
    const short = { ...failing(1, DAY), phase: { ...OPEN, warned: 0 } };
    expect(movedOn(short, T0 + DAY / 2 - 1)).not.toHaveProperty("warning");
    expect(movedOn(short, T0 + DAY / 2).warning).toBe("last_day");
    expect(movedOn(failing(1, 0), T0 + DAY)).not.toHaveProperty("warning");
  });

  test("what waited begins to be released, and at the full rate it is closed and the failures are forgotten", () => {
    const window = [{ at: T0, succeeded: 3, failed: 9 }];
    const state = { ...recovering(), run, window };
    const slow = movedOn(state, T0 + 5);
    const drain = { since: T0 + 5, from: 1, full: 10, limited: false, nextAt: T0 + 5, passAt: T0 + 5 };
    expect(slow).toEqual({ ...state, drain });
    const full = movedOn(slow, T0 + 5 + 4 * TIMING.rampMs);
    expect(full).toEqual({ ...recovering(), drain, window: [], phase: { kind: "closed", since: T0 + 40_005 } });
    expect(movedOn(slow, T0 + 4 + 4 * TIMING.rampMs).phase.kind).toBe("recovering");
    expect(movedOn({ ...recovering(), perSecond: 50 }, T0).drain).toMatchObject({ from: 5, full: 50, limited: false });
    expect(movedOn({ ...recovering(), limit: 5 }, T0).drain).toMatchObject({ from: 0.5, full: 5, limited: true });
  });
});

describe("what waited", () => {
  const drain = { since: T0, from: 1, full: 10, limited: false, nextAt: T0, passAt: T0 };

  test("is released at a rate that doubles, up to the limit if there is one", () => {
    const rates = (limited: boolean) =>
      [0, 9_999, 10_000, 40_000, DAY].map((ms) => rateOf({ ...drain, limited }, T0 + ms, TIMING));
    expect(rates(false)).toEqual([1, 1, 2, 16, 2 ** 20]);
    expect(rates(true)).toEqual([1, 1, 2, 10, 10]);
  });

  test("is released for five seconds at a time, at least one and not too many", () => {
    expect([0.01, 0.5, 1, 1_000].map((from) => releasedNow({ ...drain, from }, T0, TIMING))).toEqual([
      1,
      3,
      5,
      MOST_RELEASED,
    ]);
  });

  test("goes on at the next step, and a step that is late is not made up for", () => {
    const state = { ...recovering(), drain };
    expect(released(state, "next", T0 + 1).drain).toEqual({ ...drain, cursor: "next", nextAt: T0 + 5_000 });
    expect(released(state, "next", T0 + 9_000).drain).toEqual({ ...drain, cursor: "next", nextAt: T0 + 11_500 });
    expect(released(recovering(), "next", T0)).toEqual(recovering());
  });

  test("is looked for once more from its beginning, until a pass began when all processes knew", () => {
    const at = T0 + 1;
    const again = released({ ...recovering(), drain: { ...drain, cursor: "last" } }, undefined, at).drain;
    expect(again).toEqual({ ...drain, nextAt: T0 + 5_000, passAt: T0 + 5_000 });
    const knownAt = T0 + TIMING.knownMs;
    expect(released({ ...closed, drain }, undefined, at).drain).toEqual({ ...drain, nextAt: knownAt, passAt: knownAt });
    expect(released({ ...closed, drain }, undefined, T0 + MINUTE).drain).toMatchObject({ nextAt: T0 + MINUTE });
    const passed = { ...drain, passAt: knownAt };
    expect(released({ ...closed, drain: passed }, undefined, knownAt)).toEqual(closed);
    expect(released({ ...recovering(), drain: passed }, undefined, knownAt)).toHaveProperty("drain");
  });
});
