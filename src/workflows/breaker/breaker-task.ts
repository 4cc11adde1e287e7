/** What the breaker does next, and what its record says. Pure. All times are milliseconds since the epoch. */
import { DAY_MS } from "../durations.js";
import type { BreakerState, HealthNote } from "./breaker-contract.js";
import { DEGRADED_MS, runKeptMs } from "./breaker-state.js";

/** A record asks for reports for so long, and is renewed when half of it has passed. */
const WATCH_MS = DAY_MS;

/** What the record should say. */
export function noteOf({ phase, run, disableAfterMs = 0 }: BreakerState): HealthNote {
  switch (phase.kind) {
    case "closed":
      return phase.degraded === undefined
        ? { state: "healthy", since: 0 }
        : { state: "degraded", since: phase.since, reason: phase.degraded };
    case "disabled":
      return { state: "disabled", since: 0, reason: phase.reason };
    case "recovering":
      return {
        state: "recovering",
        since: phase.since,
        reason: "The endpoint answers again. What waited is sent slowly at first, and the oldest goes first.",
      };
    case "open": {
      const { reason, openedAt, nextProbeAt, probes, successes } = phase;
      return {
        state: "failing",
        since: openedAt,
        reason,
        ...(nextProbeAt !== undefined && { nextProbeAt }),
        ...(run && disableAfterMs > 0 && { disablesAt: run.since + disableAfterMs }),
        breaker: { state: successes > 0 ? "half_open" : "open", openedAt, probes, successes },
      };
    }
  }
}

/** Whether other processes should report what they see. */
const isWatched = ({ window, run, phase }: BreakerState): boolean =>
  phase.kind !== "disabled" && (window.length > 0 || run !== undefined || phase.kind !== "closed");

export type BreakerTask =
  | { does: "tell"; note: HealthNote; watchedUntil?: number }
  | { does: "probe" }
  | { does: "release" }
  | { does: "end" }
  | { does: "wait"; until: number };

/** What is to be done now. `state` is moved on by the clock already. */
export function taskOf(state: BreakerState, now: number): BreakerTask {
  const { phase, drain, told, watchedUntil } = state;
  const note = noteOf(state);
  const watched = isWatched(state);
  const isRenewed = watched ? watchedUntil < now + WATCH_MS / 2 : watchedUntil > 0;
  if (JSON.stringify(note) !== JSON.stringify(told ?? { state: "healthy", since: 0 }) || isRenewed || state.warning)
    return { does: "tell", note, ...(watched && { watchedUntil: now + WATCH_MS }) };
  if (phase.kind === "disabled") return { does: "end" };
  if (phase.kind === "open" && phase.nextProbeAt !== undefined && phase.nextProbeAt <= now) return { does: "probe" };
  if (drain && drain.nextAt <= now) return { does: "release" };
  if (phase.kind === "closed" && !watched && !drain) return { does: "end" };
  return { does: "wait", until: nextLook(state, now) };
}

/** When the clock alone changes something. */
function nextLook({ phase, drain, window, run, timing, disableAfterMs = 0 }: BreakerState, now: number): number {
  const times = [now + WATCH_MS / 2];
  const [oldest] = window;
  if (oldest) times.push(oldest.at + timing.windowMs + 1);
  if (drain)
    times.push(drain.nextAt, drain.since + (Math.floor((now - drain.since) / timing.rampMs) + 1) * timing.rampMs);
  if (phase.kind === "closed" && phase.degraded !== undefined) times.push(phase.since + DEGRADED_MS);
  if (phase.kind === "closed" && run) times.push(run.last + runKeptMs(timing));
  if (phase.kind === "open") {
    if (phase.nextProbeAt !== undefined) times.push(phase.nextProbeAt);
    if (run && disableAfterMs > 0)
      times.push(run.since + disableAfterMs / 2, run.since + disableAfterMs - timing.dayMs, run.since + disableAfterMs);
  }
  return Math.min(...times.filter((at) => at > now));
}
