/** Probes of an open breaker, and what an activity has read. */
import { expect, test } from "vitest";
import {
  probeAsked,
  probed,
  reportByOurClock,
  TIMING,
  withFacts,
} from "../../../src/workflows/breaker/breaker-state.js";
import { closed, OPEN, open, T0 } from "./open-breaker.js";

const NOW = T0 + 30_000;

test("a probe that was sent puts the next one off, for twice the time up to the most", () => {
  expect(probed(open(), { deliveryId: "d1" }, NOW).phase).toEqual({
    ...OPEN,
    probes: 1,
    nextProbeAt: NOW + 60_000,
    intervalMs: 120_000,
    tried: ["d1"],
  });
  expect(probed(open({ intervalMs: TIMING.maxProbeMs }), { deliveryId: "d1" }, NOW).phase).toMatchObject({
    intervalMs: TIMING.maxProbeMs,
  });
});

test("the last twenty deliveries that were probes are remembered, each once", () => {
  const tried = Array.from({ length: 20 }, (_, index) => `d${index}`);
  const triedAfter = (deliveryId: string) => (probed(open({ tried }), { deliveryId }, NOW).phase as typeof OPEN).tried;
  expect(triedAfter("d5")).toEqual([...tried.filter((id) => id !== "d5"), "d5"]);
  expect(triedAfter("new")).toEqual([...tried.slice(1), "new"]);
});

test("a pause puts the probe off to its end, unless it has ended", () => {
  expect(probed(open(), { pausedUntil: NOW + 1 }, NOW).phase).toEqual({ ...OPEN, nextProbeAt: NOW + 1 });
  const { nextProbeAt: _due, ...idle } = OPEN;
  expect(probed(open(), { pausedUntil: NOW }, NOW).phase).toEqual(idle);
});

test("a pause of a worker whose clock is ahead is as long as it was by that clock", () => {
  const ahead = 600_000;
  expect(probed(open(), { pausedUntil: NOW + ahead + 1, asOf: NOW + ahead }, NOW).phase).toEqual({
    ...OPEN,
    nextProbeAt: NOW + 1,
  });
});

test("where nothing waits no probe is due, and after a success it recovers", () => {
  const { nextProbeAt: _due, ...idle } = OPEN;
  expect(probed(open(), {}, NOW).phase).toEqual(idle);
  const phase = { kind: "recovering", since: NOW, failures: 0, openedAt: T0 };
  expect(probed(open({ successes: 1 }), {}, NOW).phase).toEqual(phase);
});

test("a person's wish for a probe makes it due, and the time between probes short", () => {
  expect(probeAsked(open({ intervalMs: 240_000 }), NOW).phase).toEqual({
    ...OPEN,
    nextProbeAt: NOW,
    intervalMs: TIMING.probeMs,
  });
});

test("there are no probes unless it is open", () => {
  expect(probed(closed, { deliveryId: "d1" }, NOW)).toBe(closed);
  expect(probeAsked(closed, NOW)).toBe(closed);
});

test("what was read takes the place of what was known", () => {
  expect(withFacts(closed, { disableAfterMs: 5, limit: 3 })).toStrictEqual({ ...closed, disableAfterMs: 5, limit: 3 });
  expect(withFacts({ ...closed, limit: 3 }, { disableAfterMs: 5 })).toStrictEqual({ ...closed, disableAfterMs: 5 });
});

test("attempts of a report began as long ago as its sender says, whatever its clock shows", () => {
  const report = { succeeded: 3, failed: 0, trailing: 0, perSecond: 4 };
  const of = (differMs: number) => ({
    ...report,
    from: NOW + differMs - 9_000,
    to: NOW + differMs - 1_000,
    asOf: NOW + differMs,
  });
  for (const differMs of [-600_000, -5_001, 5_001, 600_000])
    expect(reportByOurClock(of(differMs), NOW)).toEqual({ ...of(differMs), from: NOW - 9_000, to: NOW - 1_000 });
  for (const differMs of [-5_000, 0, 5_000]) {
    const same = of(differMs);
    expect(reportByOurClock(same, NOW)).toBe(same);
  }
  const unknown = { ...of(600_000), asOf: Number.NaN };
  expect(reportByOurClock(unknown, NOW)).toBe(unknown);
});
