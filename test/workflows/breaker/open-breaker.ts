import type { BreakerPhase, BreakerState } from "../../../src/workflows/breaker/breaker-contract.js";
import { newBreaker } from "../../../src/workflows/breaker/breaker-state.js";

export type Open = Extract<BreakerPhase, { kind: "open" }>;

export const T0 = 1_000_000_000;
export const OPEN: Open = {
  kind: "open",
  reason: "It failed.",
  openedAt: T0,
  intervalMs: 60_000,
  nextProbeAt: T0 + 30_000,
  probes: 0,
  successes: 0,
  tried: [],
  warned: 0,
};
/** A breaker that was closed at T0. */
export const closed = newBreaker({ subscriptionId: "sub_1" }, T0);
/** The same, open. */
export const open = (more: Partial<Open> = {}): BreakerState => ({ ...closed, phase: { ...OPEN, ...more } });
