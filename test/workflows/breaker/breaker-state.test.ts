import { describe, expect, test } from "vitest";
import type { BreakerState, OutcomeReport } from "../../../src/workflows/breaker/breaker-contract.js";
import {
  movedOn,
  newBreaker,
  probeAsked,
  probed,
  rateOf,
  released,
  releasedNow,
  reported,
  TIMING,
  withFacts,
} from "../../../src/workflows/breaker/breaker-state.js";
import { noteOf, taskOf } from "../../../src/workflows/breaker/breaker-task.js";

const MINUTE = 60_000;
const DAY = 86_400_000;
const T0 = 1_000_000_000;
const fresh = (): BreakerState => newBreaker({ subscriptionId: "sub_1" }, T0);
const failures = (at: number, failed: number): OutcomeReport => ({
  from: at,
  to: at,
  succeeded: 0,
  failed,
  trailing: failed,
  asOf: at,
});
const successes = (at: number, succeeded: number): OutcomeReport => ({ ...failures(at, 0), succeeded });
const after = (state: BreakerState, report: OutcomeReport): BreakerState =>
  movedOn(reported(state, report, report.to), report.to);
/** As the workflow does it: the record knows what is to be told. */
const told = (state: BreakerState, at: number): BreakerState => {
  const task = taskOf(state, at);
  const { warning: _warning, ...rest } = state;
  return task.does === "tell" ? { ...rest, told: task.note, watchedUntil: task.watchedUntil ?? 0 } : state;
};
/** Most attempts fail for half a minute from this instant on. */
const failing = (from: number, first = 25): BreakerState =>
  after(after(fresh(), failures(from, first)), failures(from + 30_000, 25));
const opened = (): BreakerState => failing(T0 - 30_000);
const kindOf = ({ phase }: BreakerState) => phase.kind;

describe("it opens", () => {
  test("at less than half of fifty, and not at forty-nine", () => {
    expect(kindOf(failing(T0, 24))).toBe("closed");
    expect(kindOf(failing(T0, 25))).toBe("open");
  });

  test("never by one burst, however large it is, and not before half a minute of failures", () => {
    const burst = after(after(fresh(), failures(T0, 200)), failures(T0 + 2_000, 200));
    expect(noteOf(burst)).toMatchObject({ state: "degraded" });
    expect(kindOf(movedOn(burst, T0 + 10 * MINUTE))).toBe("closed");
    expect(kindOf(after(burst, failures(T0 + 29_999, 1)))).toBe("closed");
    expect(kindOf(after(burst, failures(T0 + 30_000, 1)))).toBe("open");
  });

  test("never while it answers again, though most attempts of the last minutes have failed", () => {
    const back = after(after(fresh(), failures(T0, 200)), successes(T0 + 20_000, 3));
    expect(kindOf(after(back, failures(T0 + 31_000, 2)))).toBe("closed");
    // The half minute begins anew with the next slice of failures.
    const again = after(back, failures(T0 + 40_000, 5));
    expect(kindOf(after(again, failures(T0 + 69_999, 1)))).toBe("closed");
    expect(kindOf(after(again, failures(T0 + 70_000, 1)))).toBe("open");
  });

  test("as it did before, in a run of an earlier release", () => {
    const { lastsMs: _none, ...timing } = TIMING;
    expect(kindOf(after({ ...fresh(), timing }, failures(T0, 50)))).toBe("open");
  });

  test("at ten failures in a row over five minutes, from whatever process they come", () => {
    let state = fresh();
    for (let made = 0; made < 9; made++) state = after(state, failures(T0 + made * 40_000, 1));
    expect(kindOf(state)).toBe("closed");
    expect(kindOf(after(state, failures(T0 + 9 * 40_000, 1)))).toBe("open");
    // A success in between, seen by another process, begins the run anew.
    expect(kindOf(after(after(state, successes(T0 + 350_000, 1)), failures(T0 + 9 * 40_000, 1)))).toBe("closed");
  });

  test("never by ten failures in a moment", () => {
    expect(kindOf(movedOn(after(fresh(), failures(T0, 10)), T0 + 6 * MINUTE))).toBe("closed");
  });
});

describe("while it is open", () => {
  test("the first probe is due after 30 s, and each that fails doubles the time, up to 15 minutes", () => {
    let state = told(opened(), T0);
    const waits: number[] = [];
    let at = T0;
    for (let probes = 0; probes < 8; probes++) {
      const before = at;
      for (let task = taskOf(state, at); task.does === "wait"; task = taskOf(state, at)) {
        at = task.until;
        state = told(movedOn(state, at), at);
      }
      expect(taskOf(state, at)).toEqual({ does: "probe" });
      waits.push((at - before) / 1_000);
      state = told(after(probed(state, { deliveryId: `d${probes}` }, at), failures(at, 1)), at);
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
  });

  test("a Retry-After puts the probe off", () => {
    const state = probed(opened(), { pausedUntil: T0 + 3_600_000 }, T0 + 30_000);
    expect(noteOf(state)).toMatchObject({ nextProbeAt: T0 + 3_600_000, breaker: { probes: 0 } });
  });

  test("without anything that waits no probe is due, until something waits", () => {
    const idle = probed(opened(), {}, T0 + 30_000);
    expect(noteOf(idle)).not.toHaveProperty("nextProbeAt");
    const state = reported(idle, { ...failures(T0 + 90_000, 0), waits: true }, T0 + 90_000);
    expect(noteOf(state)).toMatchObject({ nextProbeAt: T0 + 90_000 });
  });

  test("a person's request makes the probe due at once, and the time between probes short again", () => {
    let state = opened();
    for (let probes = 0; probes < 5; probes++) state = probed(state, { deliveryId: "d" }, T0 + probes);
    state = probeAsked(state, T0 + 1_000);
    expect(noteOf(state)).toMatchObject({ nextProbeAt: T0 + 1_000 });
    expect(noteOf(probed(state, { deliveryId: "d" }, T0 + 1_000))).toMatchObject({ nextProbeAt: T0 + 31_000 });
  });

  test("three successes in a row close it, and a failure in between begins anew", () => {
    let state = opened();
    for (const [index, report] of [successes, successes, failures, successes, successes].entries())
      state = after(state, report(T0 + 30_000 + index * 1_000, 1));
    expect(noteOf(state)).toMatchObject({ state: "failing", breaker: { state: "half_open", successes: 2 } });
    expect(kindOf(after(state, successes(T0 + 40_000, 1)))).toBe("recovering");
  });

  test("what processes saw that did not know yet decides nothing", () => {
    expect(kindOf(after(opened(), successes(T0 + TIMING.knownMs - 1, 3)))).toBe("open");
    expect(kindOf(after(opened(), successes(T0 + TIMING.knownMs, 3)))).toBe("recovering");
  });

  test("where nothing is left to try it with, one success is enough", () => {
    const state = after(opened(), successes(T0 + 30_000, 1));
    expect(kindOf(probed(state, {}, T0 + 31_000))).toBe("recovering");
  });
});

describe("what waited", () => {
  const recovering = (limit?: number, perSecond = 0): BreakerState => {
    const known = { disableAfterMs: 0, ...(limit !== undefined && { limit }) };
    const state = withFacts({ ...opened(), perSecond }, known);
    return after(state, successes(T0 + 30_000, 3));
  };
  const rates = (state: BreakerState): number[] =>
    [0, 10, 20, 30, 40].map((seconds) =>
      state.drain ? rateOf(state.drain, T0 + 30_000 + seconds * 1_000, TIMING) : Number.NaN,
    );

  test("leaves at a tenth of the rate limit first, which doubles every ten seconds and is never passed", () => {
    expect(rates(recovering(50))).toEqual([5, 10, 20, 40, 50]);
    expect(rates(recovering(0.5))[0]).toBeCloseTo(0.05);
  });

  test("without a limit leaves at a tenth of what it took per second, and at one per second at least", () => {
    expect(rates(recovering(undefined, 200)).slice(0, 3)).toEqual([20, 40, 80]);
    expect(rates(recovering()).slice(0, 3)).toEqual([1, 2, 4]);
  });

  test("goes on where it stopped, and once more from the beginning after it has closed", () => {
    let state = told(recovering(50), T0 + 30_000);
    let at = T0 + 30_000;
    expect(taskOf(state, at)).toEqual({ does: "release" });
    expect(state.drain && releasedNow(state.drain, at, TIMING)).toBe(25);
    state = released(state, "page 2", at);
    expect(state.drain).toMatchObject({ cursor: "page 2", nextAt: at + TIMING.tickMs });
    at = T0 + 80_000;
    state = told(movedOn(state, at), at);
    expect(noteOf(state).state).toBe("healthy");
    state = released(state, undefined, at);
    expect(state.drain).toMatchObject({ passAt: at + TIMING.knownMs });
    expect(state.drain).not.toHaveProperty("cursor");
    state = released(movedOn(state, at + TIMING.knownMs), undefined, at + TIMING.knownMs);
    expect(state.drain).toBeUndefined();
    expect(taskOf(told(state, at + 5_000), at + 5_000)).toEqual({ does: "end" });
  });

  test("stops after three failures in a row, and it is open again", () => {
    const state = after(recovering(50), failures(T0 + 32_000, 2));
    expect(kindOf(state)).toBe("recovering");
    const again = after(state, failures(T0 + 33_000, 1));
    expect(kindOf(again)).toBe("open");
    expect(again.drain).toBeUndefined();
  });
});

describe("days without a success", () => {
  const known = (state: BreakerState) => withFacts(state, { disableAfterMs: 5 * DAY });
  const failingFor = (days: number, perDay: number, from = T0): BreakerState => {
    let state = known(failing(from));
    for (let made = 1; made <= days * perDay; made++) state = after(state, failures(from + (made * DAY) / perDay, 1));
    return state;
  };

  test("disable it after five, with the end in the record from the beginning", () => {
    expect(noteOf(failingFor(0, 1))).toMatchObject({ disablesAt: T0 + 5 * DAY });
    expect(kindOf(failingFor(4.9, 10))).toBe("open");
    expect(noteOf(failingFor(5, 10))).toMatchObject({ state: "disabled" });
  });

  test("are warned of at half of the time, and a day before", () => {
    expect(failingFor(2.4, 10).warning).toBeUndefined();
    expect(failingFor(2.5, 10).warning).toBe("half");
    const later = told(failingFor(3, 10), T0 + 3 * DAY);
    expect(movedOn(later, T0 + 4 * DAY).warning).toBe("last_day");
  });

  test("never disable it by one burst, and never where nothing was sent", () => {
    expect(kindOf(movedOn(failingFor(0, 1), T0 + 30 * DAY))).toBe("open");
    // A second burst, days later, is no day in between.
    expect(kindOf(after(failingFor(0, 1), failures(T0 + 6 * DAY, 100)))).toBe("open");
  });

  test("begin anew with a success, and never come with 0", () => {
    expect(kindOf(after(after(failingFor(4, 10), successes(T0 + 4.1 * DAY, 1)), failures(T0 + 5.2 * DAY, 1)))).toBe(
      "open",
    );
    let state = withFacts(opened(), { disableAfterMs: 0 });
    for (let day = 1; day < 50; day++) state = after(state, failures(T0 + day * DAY, 10));
    expect(kindOf(state)).toBe("open");
    expect(noteOf(state)).not.toHaveProperty("disablesAt");
  });
});

test("whatever is reported in whatever order, the state stays bounded and its times lie where they should", () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  let [state, at] = [withFacts(fresh(), { disableAfterMs: 5 * DAY }), T0];
  for (let step = 0; step < 20_000 && state.phase.kind !== "disabled"; step++) {
    at += Math.floor(random() * 20_000);
    const count = 1 + Math.floor(random() * 5);
    const chance = random();
    if (chance < 0.4) state = after(state, failures(at, count));
    else if (chance < 0.7) state = after(state, successes(at, count));
    else if (chance < 0.8) state = probed(movedOn(state, at), random() < 0.8 ? { deliveryId: `d${step}` } : {}, at);
    else state = released(movedOn(state, at), random() < 0.5 ? "next" : undefined, at);
    state = told(movedOn(state, at), at);
    expect(state.window.length).toBeLessThanOrEqual(62);
    if (state.phase.kind === "open") {
      expect(state.phase.tried.length).toBeLessThanOrEqual(20);
      expect(state.phase.intervalMs).toBeLessThanOrEqual(TIMING.maxProbeMs);
      expect(state.drain).toBeUndefined();
    }
    const task = taskOf(state, at);
    if (task.does === "wait") expect(task.until).toBeGreaterThan(at);
  }
});

test("a breaker that is started anew takes over that it was open, and tries the endpoint first", () => {
  const state = newBreaker({ subscriptionId: "sub_1", adopted: { state: "failing", since: T0 - 9_000 } }, T0);
  expect(noteOf(state)).toMatchObject({ state: "failing", since: T0 - 9_000, nextProbeAt: T0 });
  const resumed = newBreaker({ subscriptionId: "sub_1", adopted: { state: "failing", since: T0 } }, T0);
  expect(noteOf(after(resumed, successes(T0, 1)))).toMatchObject({ breaker: { successes: 1 } });
  expect(kindOf(newBreaker({ subscriptionId: "sub_1", adopted: { state: "degraded", since: T0 } }, T0))).toBe("closed");
});

test("one degraded endpoint stays so for a minute, and its deliveries do not wait", () => {
  let state = after(after(fresh(), successes(T0, 18)), failures(T0 + 1_000, 2));
  expect(noteOf(state)).toMatchObject({ state: "degraded", since: T0 + 1_000 });
  state = after(state, successes(T0 + 2_000, 100));
  expect(noteOf(state).state).toBe("degraded");
  expect(noteOf(movedOn(state, T0 + 61_000)).state).toBe("healthy");
});
