/**
 * The arithmetic of the token bucket: GCRA (generic cell rate algorithm, ITU-T I.371), with leases. Pure. All times are
 * milliseconds since the epoch.
 *
 * What has to hold: over ANY window W the receiver sees at most burst + rate·W (+1) requests, though workers use their
 * slots late.
 *
 * - Slots. With I = 1 / (0.99·rate) and depth B, every request advances `tat` by I from max(tat, slot). It gets the
 *   slot max(now, pausedUntil, tat - (B-1)·I). Take the slots in a window [a, a+W] in order of issue. The m-th met tat
 *   ≥ a + (m-1)·I, hence slot ≥ a + (m-B)·I, hence m ≤ B + W/I. (This needs no order among the slots.)
 * - Lateness. A slot s is used within [s, s+L]. Uses in W have their slots in a window W + L: at most B + (W+L)/I ≤ B +
 *   rate·L + rate·W.
 * - Spares. A worker with little to do may keep up to S tokens that are used at any time within SPARE_MS. Each advanced
 *   `tat` when it was granted, so it is counted above unless it was granted before a - L. As never more than S are out,
 *   that is at most S more.
 *
 * Together: B + rate·L + S + rate·W, and `planOf` chooses B + rate·L + S = burst + 0.75. A quarter of a request is left
 * (5 ms at 50/s). It and the one of the rule are for clocks that differ and for unequal times on the way to the
 * receiver.
 *
 * What a changed rate costs: slots of the old epoch may be used until their workers hear of it, 2 s at most.
 */
import { aheadMs } from "./clocks.js";
import type { BucketState, Lease, LeaseRequest, RateLimit } from "./contract.js";

/**
 * Part of the rate that is given out. The missing hundredth is for rounding and clock drift. 95 % is what has to be
 * used.
 */
const USED = 0.99;
/** Lateness that a busy worker should be allowed, milliseconds, where the burst is large enough to pay for it. */
const COMFORTABLE_LATENESS_MS = 200;
/** How long a spare token may be kept, milliseconds. */
export const SPARE_MS = 1_000;
/** Most slots of one lease: a message stays below 10 KB. */
export const MAX_LEASE = 500;
/**
 * Least time between two messages to one bucket, milliseconds: 4 a second leave room for signals below the engine's 5.
 */
export const MESSAGE_INTERVAL_MS = 250;
/** Reserved slots so close together share a run of the activity, which waits for each. Milliseconds. */
export const RESERVED_TOGETHER_MS = 500;
/** Longest time that a worker is told to wait before it asks again. */
const MAX_MESSAGE_WAIT_MS = 30_000;

/** How a rate is given out. */
export interface Plan {
  /** Milliseconds between slots. */
  intervalMs: number;
  /** Slots at the same time after a quiet time (B). */
  depth: number;
  /** How late a slot may be used, milliseconds (L). */
  toleranceMs: number;
  /** Most spare tokens in the hands of workers (S). */
  spares: number;
}

/** Divides a burst between depth, lateness and spares. See the head of the file. */
export function planOf({ perSecond, burst: given }: RateLimit): Plan {
  const burst = Math.max(1, Math.floor(given));
  const perMs = perSecond / 1_000;
  const spares = Math.floor(burst / 4);
  const lateRequests = Math.max(0.75, Math.min(COMFORTABLE_LATENESS_MS * perMs, burst / 2));
  const depth = Math.max(1, Math.floor(burst + 0.75 - lateRequests - spares));
  // What rounding down the depth left over goes to the tolerance.
  return {
    intervalMs: 1 / (perMs * USED),
    depth,
    spares,
    toleranceMs: Math.floor((burst + 0.75 - depth - spares) / perMs),
  };
}

/** A full bucket that has given nothing out. The epoch is its start time, so no two lives of a bucket share one. */
export const newBucket = (rate: RateLimit, rateAsOf: number, now: number): BucketState => ({
  tat: now,
  epoch: now,
  pausedUntil: 0,
  rate,
  rateAsOf,
  spares: [],
  nextMessageAt: 0,
  asOf: now,
});

/** Whether the clock went back since the state last changed, by more than clocks of several machines differ. */
export const wentBack = ({ asOf }: BucketState, now: number): boolean => aheadMs(asOf, now) > 0;

/**
 * The state by a clock that went back: what lay ahead lies as far ahead as before. Else a clock that was 10 minutes
 * fast for a moment would hold up everything for 10 minutes. The slots that the fast clock gave out are void, as their
 * times mean nothing any more. So at most a whole burst counts as used.
 */
export function pulledBack(state: BucketState, now: number): BucketState {
  const ahead = aheadMs(state.asOf, now);
  if (ahead === 0) return state;
  const plan = planOf(state.rate);
  const pausedUntil = Math.max(0, state.pausedUntil - ahead);
  return {
    ...state,
    tat: Math.min(state.tat - ahead, Math.max(now, pausedUntil) + plan.depth * plan.intervalMs),
    pausedUntil,
    epoch: state.epoch + 1,
    spares: [],
    nextMessageAt: state.nextMessageAt - ahead,
    asOf: now,
  };
}

/** Whether nothing would be lost if this state were forgotten. */
export const isIdle = (state: BucketState, now: number): boolean =>
  state.tat <= now && state.pausedUntil <= now && state.spares.every(({ until }) => until <= now);

/**
 * Gives out `count` slots, as many of `soon` as come in time and, where nobody waits, up to `expect` spare tokens. A
 * slot that nobody would use is not given out: what it stands for stays in the bucket, for whoever asks next.
 */
export function lease(
  state: BucketState,
  { count, soon, expect = 0, notWithinMs = 0 }: Pick<LeaseRequest, "count" | "soon" | "expect" | "notWithinMs">,
  now: number,
): { state: BucketState; lease: Lease } {
  const plan = planOf(state.rate);
  let { tat } = state;
  const earliest = (): number => Math.max(now, state.pausedUntil, tat - (plan.depth - 1) * plan.intervalMs);
  const take = (most: number, until: number): number[] => {
    const taken: number[] = [];
    for (;;) {
      const slot = Math.max(earliest(), now + notWithinMs);
      if (taken.length === most || slot > until) return taken;
      taken.push(Math.ceil(slot));
      tat = Math.max(tat, slot) + plan.intervalMs;
    }
  };
  const slots = take(Math.min(count, MAX_LEASE), Number.POSITIVE_INFINITY);
  const early = soon && take(Math.min(soon.count, MAX_LEASE - slots.length), now + soon.withinMs);
  const out = state.spares.filter(({ until }) => until > now);
  let spare = 0;
  // Spares only while a request would go out at once. A token kept here must never delay one that is waiting elsewhere.
  const free = plan.spares - out.reduce((sum, each) => sum + each.count, 0);
  while (spare < Math.min(expect, free) && earliest() <= now) {
    spare += 1;
    tat = Math.max(tat, now) + plan.intervalMs;
  }
  const until = now + SPARE_MS;
  if (spare > 0) out.push({ until, count: spare });
  // The messages of all workers are spaced by a clock of their own. A worker that asks gets the next free place in it.
  const nextMessageAt = Math.min(Math.max(now, state.nextMessageAt) + MESSAGE_INTERVAL_MS, now + MAX_MESSAGE_WAIT_MS);
  return {
    state: { ...state, tat, spares: out, nextMessageAt, asOf: now },
    lease: {
      slots,
      ...(early && { soon: early }),
      epoch: state.epoch,
      toleranceMs: plan.toleranceMs,
      nextLeaseInMs: nextMessageAt - now,
      pausedUntil: state.pausedUntil,
      asOf: now,
      ...(spare > 0 && { spare: { count: spare, until } }),
    },
  };
}

/**
 * Takes a rate over when it is newer. A different rate makes everything given out void. What was used of the burst
 * stays used.
 */
export function configure(state: BucketState, rate: RateLimit, asOf: number, now: number): BucketState {
  if (asOf <= state.rateAsOf) return state;
  if (rate.perSecond === state.rate.perSecond && rate.burst === state.rate.burst) return { ...state, rateAsOf: asOf };
  const before = planOf(state.rate);
  const after = planOf(rate);
  // Slots ahead are void, so at most a whole burst of the new rate counts as used.
  const used = Math.min(Math.max(0, (state.tat - now) / before.intervalMs), after.depth);
  return {
    ...state,
    rate,
    rateAsOf: asOf,
    tat: now + used * after.intervalMs,
    epoch: Math.max(state.epoch + 1, now),
    spares: [],
    asOf: now,
  };
}

/** Nothing before `untilMs`. Afterwards the rate holds without a burst, as the consumer has just been overloaded. */
export function pause(state: BucketState, untilMs: number, now: number): BucketState {
  if (untilMs <= Math.max(state.pausedUntil, now)) return state;
  const plan = planOf(state.rate);
  return {
    ...state,
    pausedUntil: untilMs,
    tat: untilMs + (plan.depth - 1) * plan.intervalMs,
    epoch: Math.max(state.epoch + 1, now),
    spares: [],
    asOf: now,
  };
}
