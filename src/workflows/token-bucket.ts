/**
 * `tokenBucket`: the pace of one subscription over all workers. It only keeps state and answers. The arithmetic is in
 * gcra.ts.
 *
 * `Date.now()` is workflow time here. It is the clock of the worker that runs the task, it is the same at every replay,
 * and it stands still within a task. Slots are absolute times, so workers whose clocks differ by d use them d early or
 * late. A difference well below 0.25 / rate stays within the rule (see gcra.ts). NTP keeps clocks within that for any
 * rate that makes sense.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  patched,
  setHandler,
} from "@temporalio/workflow";
import {
  type ConfigureSignal,
  type Lease,
  type LeaseRequest,
  type PauseSignal,
  SIGNAL,
  type TokenBucketInput,
  UPDATE,
} from "./contract.js";
import { DAY_MS } from "./durations.js";
import { isRunFull, isRunOld, maxRunMs } from "./run-age.js";
import { countsAsOwn, isOwn, lacksProof, refuseUnproven } from "./proof.js";
import { aheadMs } from "./clocks.js";
import { configure, isIdle, lease, newBucket, pause, pulledBack, wentBack } from "./gcra.js";

export const leaseUpdate = defineUpdate<Lease, [LeaseRequest]>(UPDATE.lease);
export const configureSignal = defineSignal<[ConfigureSignal]>(SIGNAL.configure);
export const pauseSignal = defineSignal<[PauseSignal]>(SIGNAL.pause);

/** A bucket that nobody asked for so long ends. The next lease starts it anew. */
const IDLE_MS = 600_000;
/**
 * The engine takes at most 2,000 updates and 10,000 signals in a run. Well before either, the state moves on to a new
 * run.
 */
const MAX_MESSAGES = 1_500;

/** No answer takes longer: nobody waits for it then. */
const LONGEST_WAIT_MS = 10_000;

/** Runs until it is idle. See the messages above. */
export async function tokenBucket(input: TokenBucketInput): Promise<void> {
  if (lacksProof(input, "internal")) return refuseUnproven(input);
  let state = input.state ?? newBucket(input.rate, input.rateAsOf, Date.now());
  let messages = 0;
  /** The time of a message. The marker is written only where the clock went back, so it costs nothing else. */
  const nowOf = (): number => {
    const now = Date.now();
    if (wentBack(state, now) && patched("clock-went-back")) state = pulledBack(state, now);
    return now;
  };
  setHandler(
    leaseUpdate,
    (request) => {
      messages += 1;
      const now = nowOf();
      const given = lease(configure(state, request.rate, request.rateAsOf, now), request, now);
      state = given.state;
      return given.lease;
    },
    { validator: checkRequest },
  );
  setHandler(configureSignal, (signal) => {
    messages += 1;
    if (countsAsOwn(signal) && isRate(signal?.rate) && Number.isFinite(signal?.asOf))
      state = configure(state, signal.rate, signal.asOf, nowOf());
  });
  setHandler(pauseSignal, (signal) => {
    messages += 1;
    if (!countsAsOwn(signal) || !Number.isFinite(signal?.untilMs)) return;
    const now = nowOf();
    state = pause(state, signal.untilMs - aheadMs(signal.asOf, now), now);
  });

  const isFull = (): boolean => messages >= MAX_MESSAGES || isRunFull();
  for (;;) {
    const seen = messages;
    // One timer for the whole quiet time: arming it anew at every message would cost two history events each. It is as
    // long as the slots given out reach, as none of them may outlive the epoch that makes it valid. But a run must not
    // grow old in it.
    const quiet = Math.max(state.tat, state.pausedUntil, Date.now()) - Date.now() + (input.idleMs ?? IDLE_MS);
    const full = await condition(isFull, Math.min(quiet, DAY_MS, maxRunMs(input)));
    if (full || isRunOld(input)) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof tokenBucket>({ ...input, rate: state.rate, rateAsOf: state.rateAsOf, state });
    }
    // A message that arrives while this ends is refused by the engine, not lost. The sender starts the bucket anew with
    // it.
    if (messages === seen && isIdle(state, Date.now())) return;
  }
}

const isRate = (rate: unknown): boolean => {
  const { perSecond, burst } = (rate ?? {}) as { perSecond?: unknown; burst?: unknown };
  return (
    typeof perSecond === "number" &&
    perSecond > 0 &&
    Number.isFinite(perSecond) &&
    typeof burst === "number" &&
    burst >= 1 &&
    Number.isFinite(burst)
  );
};

const isSoon = (soon: unknown): boolean => {
  const { count, withinMs } = (soon ?? {}) as { count?: unknown; withinMs?: unknown };
  return Number.isInteger(count) && Number(count) >= 0 && Number.isFinite(withinMs) && Number(withinMs) >= 0;
};

const isWait = (ms: unknown): boolean => typeof ms === "number" && ms >= 0 && ms <= LONGEST_WAIT_MS;

/**
 * @throws Error for a malformed request, or one that is not of our own workers: it sets the pace. The update is then
 * refused without a trace in the history
 */
function checkRequest(request: LeaseRequest): void {
  if (!isOwn(request)) throw new Error("lease: only Sealpost's own workers take leases.");
  if (!Number.isInteger(request.count) || request.count < 0)
    throw new Error("lease: count must be a whole number of at least 0.");
  if (request.soon !== undefined && !isSoon(request.soon))
    throw new Error("lease: soon needs a whole count and a withinMs, each of at least 0.");
  if (request.notWithinMs !== undefined && !isWait(request.notWithinMs))
    throw new Error("lease: notWithinMs must be from 0 to 10,000 milliseconds.");
  if (!isRate(request.rate)) throw new Error("lease: rate needs perSecond above 0 and burst of at least 1.");
  if (!Number.isFinite(request.rateAsOf)) throw new Error("lease: rateAsOf must be a time in milliseconds.");
}
