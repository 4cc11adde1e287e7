/** How much work of each kind a process does at once. Past it work waits in the process, oldest first. */
import { type Turnstile, createTurnstile } from "../../turnstile.js";
import { createRecordLag, type RecordLag } from "../record/record-lag.js";
import type { InFlight, Metrics } from "../../metrics.js";

export interface WorkPlaces {
  /**
   * Dispatches that read, sign and send. One of which only slow attempts are left gives its place away, so an endpoint
   * that hangs holds none.
   */
  dispatches: Turnstile;
  /** Those among them that read what an earlier run has got done. Once that is read, the place is free again. */
  reruns: Turnstile;
  /** HTTP attempts, whoever makes them: right after the commit, in a dispatch or in a retry. */
  attempts: Turnstile;
  /** Outcomes of attempts that are not on record yet. Past its bound no attempt begins, though it has a place. */
  unrecorded: RecordLag;
  /** Runs of retries. Each holds one of the worker's slots for activities until the last of its attempts has ended. */
  retries: Turnstile;
  /** Those among them whose endpoint has a rate limit. They sleep until their turn, so more of them have a place. */
  pacedRetries: Turnstile;
  /** Those of them that read or write at the moment. */
  pacedStoreWork: Turnstile;
}

/** Runs of retries without a rate limit, over all endpoints. */
const RETRIES = 100;
/**
 * Runs with a rate limit, over all endpoints and to one of them. A run comes 1.5 s before its turn, so 100 of them with
 * one delivery each keep up with 60 a second. With the bound of the others it was 8 a second.
 */
const PACED_RETRIES = { most: 200, each: 100 };
/**
 * They wake together, and a hundred reads at once take a busy FerretDB longer than the deadline of each. Runs without a
 * rate limit need no such bound, as fewer of them have a place.
 */
const PACED_STORE_WORK = 12;
/** Slots for activities that one worker has (src/workers/temporal.ts). */
export const ACTIVITY_SLOTS = RETRIES + PACED_RETRIES.most;
/**
 * Runs of retries to one endpoint. A run makes up to 10 requests at once, so four of them use all connections of an
 * endpoint. The bound is higher because many runs have a single delivery.
 */
const RETRIES_EACH = 12;

/** Attempts to one endpoint: as many as it gets connections (src/endpoint/agents.ts). */
const ATTEMPTS_EACH = 32;
/** A rerun reads up to 1,000 records, and on FerretDB one by one. */
const RERUNS_AT_ONCE = 2;
/**
 * A dispatch is a local activity. So while it waits for a place, it holds one of the 40 slots for workflow tasks. After
 * 60 kills some hundred reruns held all of them, and a new event was at its endpoint after more than three minutes.
 * What finds no room here comes back later, and holds nothing meanwhile (dispatch-place.ts). Other dispatches need no
 * bound: they go as fast as the process can.
 */
const RERUNS_WAITING = 8;

/** The places of a process. */
export function createWorkPlaces({
  dispatches,
  attempts,
  metrics,
}: {
  dispatches: number;
  attempts: number;
  metrics: Pick<Metrics, "inFlight" | "inFlightLimit" | "waiting">;
}): WorkPlaces {
  const gauges = (kind: InFlight): ((underWay: number, inLine: number) => void) => {
    const [inFlight, waiting] = [metrics.inFlight.labels({ kind }), metrics.waiting.labels({ kind })];
    const onChange = (underWay: number, inLine: number): void => {
      inFlight.set(underWay);
      waiting.set(inLine);
    };
    onChange(0, 0);
    return onChange;
  };
  const places = (kind: InFlight, most: number, bounds: { each?: number; mostWaiting?: number } = {}): Turnstile => {
    metrics.inFlightLimit.set({ kind }, most);
    return createTurnstile({ most, ...bounds, onChange: gauges(kind) });
  };
  return {
    dispatches: places("dispatches", dispatches),
    reruns: places("reruns", Math.min(dispatches, RERUNS_AT_ONCE), { mostWaiting: RERUNS_WAITING }),
    attempts: places("attempts", attempts, { each: ATTEMPTS_EACH }),
    unrecorded: createRecordLag(gauges("unrecorded")),
    retries: places("retries", RETRIES, { each: RETRIES_EACH }),
    pacedRetries: places("paced_retries", PACED_RETRIES.most, { each: PACED_RETRIES.each }),
    pacedStoreWork: createTurnstile({ most: PACED_STORE_WORK }),
  };
}
