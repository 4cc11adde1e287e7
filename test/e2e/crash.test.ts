/**
 * The small run of bench/chaos: every process dies once under load, and every fault that can be set up exactly happens
 * once.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { VICTIMS } from "../../bench/chaos/cluster.js";
import { type ChaosReport, runChaos } from "../../bench/chaos/run.js";
import { INVARIANTS, type Invariant } from "../support/oracle.js";

describe("crashes and faults", () => {
  let report: ChaosReport;

  beforeAll(async () => {
    report = await runChaos({
      kills: VICTIMS.length,
      intervalMs: 1_500,
      victims: VICTIMS,
      repeats: 1,
      pairs: 100,
      frozenMs: 4_000,
      // Their engines and disks have tests of their own. Here they would take a minute more.
      outageMs: 0,
      clocksAheadMs: 0,
      restarts: 0,
      inFlight: 100,
      publishers: 4,
      isolationSeconds: 0,
      say: () => undefined,
    });
  }, 600_000);

  it("killed every process and delivered meanwhile", () => {
    expect(report.kills).toEqual(Object.fromEntries(VICTIMS.map((victim) => [victim, 1])));
    expect(report.accepted).toBeGreaterThan(100);
  });

  // I5, that a failing consumer slows no other, needs a quiet machine: it is measured, not tested.
  it.each((Object.keys(INVARIANTS) as Invariant[]).filter((name) => name !== "I5"))("%s holds", (name) => {
    expect(report.judgement.violations[name]).toEqual([]);
  });

  it.each(["F3", "F4", "F5", "F6", "F7", "F3, F7", "F9", "F1, F9", "F23", "F21", "F4, F5, F6"])("%s", (fault) => {
    const found = report.findings.find((finding) => finding.fault === fault);
    expect(found, found?.found).toMatchObject({ ok: true });
  });
});
