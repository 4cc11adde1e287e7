/**
 * What attempts say of their endpoint, and their rates. Not to be confused with health.ts, which a
 * process keeps in memory for the attempts that it is about to make.
 */
import type { Attempt } from "../store/model.js";
import type { OutcomeCode } from "./outcomes.js";

/** Attempts that count towards health, of some time. */
export interface AttemptRates {
  /** Those that count: `succeeded` and `failed`. */
  attempts: number;
  succeeded: number;
  failed: number;
  /** Attempts that the endpoint refused for their event alone. They say nothing of its health. */
  refused: number;
  /** From 0 to 1. Absent where none counts. */
  successRate?: number;
  /** Milliseconds that half, and 95 of 100, of the answered attempts took at most. Absent where none was answered. */
  p50Ms?: number;
  p95Ms?: number;
}

type Counted = Pick<Attempt, "at" | "outcome" | "status" | "durationMs">;

/**
 * A 4xx that concerns one event, so that the next one may be accepted. All events are concerned by 401, 403, 404 and
 * 405, by redirects and by TLS.
 */
export const REFUSES_ONE_EVENT: ReadonlySet<number> = new Set([400, 409, 413, 422]);

const isRefused = ({ outcome, status }: Counted): boolean =>
  outcome === "http_4xx" && status !== undefined && REFUSES_ONE_EVENT.has(status);
const isSuccess = ({ outcome }: Pick<Attempt, "outcome">): boolean => outcome === "delivered";

/**
 * Nothing was sent, because this one event could not be written or signed as a request. That is no endpoint's fault.
 */
export const NOTHING_SENT: ReadonlySet<string> = new Set(["request_invalid"] satisfies OutcomeCode[]);

/** What an attempt says of its endpoint. Undefined: nothing, because it is about one event. */
export const countsAs = (attempt: Counted): "success" | "failure" | undefined =>
  isRefused(attempt) || NOTHING_SENT.has(attempt.outcome) ? undefined : isSuccess(attempt) ? "success" : "failure";

/** Rates of the attempts since then. */
export function ratesOf(attempts: readonly Counted[], since: Date): AttemptRates {
  const window = attempts.filter(({ at }) => at >= since);
  const refused = window.filter(isRefused).length;
  const succeeded = window.filter(isSuccess).length;
  const counted = window.filter((attempt) => countsAs(attempt) !== undefined).length;
  const took = window
    .flatMap(({ status, durationMs }) => (status === undefined ? [] : [durationMs]))
    .sort((a, b) => a - b);
  const [p50Ms, p95Ms] = [percentile(took, 0.5), percentile(took, 0.95)];
  return {
    attempts: counted,
    succeeded,
    failed: counted - succeeded,
    refused,
    ...(counted > 0 && { successRate: succeeded / counted }),
    ...(p50Ms !== undefined && { p50Ms }),
    ...(p95Ms !== undefined && { p95Ms }),
  };
}

/** By the nearest rank. */
const percentile = (sorted: readonly number[], share: number): number | undefined =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
