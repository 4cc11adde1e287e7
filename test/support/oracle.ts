/**
 * Judges a run by what three sides say of it. They are the ids that the API accepted, the records that it shows, and
 * the requests that the consumer saw. Knows nothing of the service's inside.
 */
import type { Arrival } from "../../bench/sink.js";
import { type BadMoment, badMoments } from "./bad-moments.js";

/** A delivery as `GET /v1/deliveries/{id}` shows it, with only what is judged. */
export interface DeliveryRecord {
  id: string;
  status: string;
  updatedAt: string;
  attempts: { number: number; at: string; outcome: string; status?: number }[];
}

export interface Crash {
  /** What was killed or stood still. */
  what: string;
  from: number;
  until: number;
}

export interface Trial {
  /** What must have been delivered: the events that were answered with a 2xx, for each subscription they go to. */
  deliveries: readonly { eventId: string; subscriptionId: string }[];
  subscriptions: { id: string; path: string; rateLimit?: { perSecond: number; burst: number } }[];
  arrivals: readonly Arrival[];
  /** By delivery id. */
  records: ReadonlyMap<string, DeliveryRecord>;
  /** From the kill of a process until it was back, milliseconds since the epoch. */
  crashes: readonly Crash[];
  /** Most attempts that can be made and not yet recorded at one instant. */
  inFlight: number;
  /** Seconds between attempts, when the subscriptions have a schedule of their own. */
  retrySeconds?: readonly number[];
  /** p99 in milliseconds of one consumer, alone and beside a failing one. */
  isolation?: { alone: number; beside: number };
  /** Where a canary was found in plain text. Absent when it was not looked for. */
  leaks?: readonly string[];
}

export const INVARIANTS = {
  I1: "every accepted event reaches a terminal state, none is lost",
  I2: "a delivered event was seen by the consumer; twice only because of a crash",
  I3: "attempts in order, none after the terminal state, none too early",
  I4: "never faster than the rate limit",
  I5: "a failing consumer slows no other",
  I6: "no plaintext at rest or in logs",
  I7: "every signature valid on arrival",
} as const;
export type Invariant = keyof typeof INVARIANTS;

export interface Judgement {
  deliveries: number;
  /** Accepted deliveries that did not end, or of which the consumer saw nothing. */
  lost: string[];
  /** Requests that repeat one which the consumer had already taken. */
  doubled: number;
  /** How many of them came after which crash, by what it was. Several crashes may lie between: the last one counts. */
  doubledAfter: Record<string, number>;
  /** The crashes with most of them. */
  badMoments: BadMoment[];
  /** Those with no crash, and nothing down, between the first time and the second. */
  unexplained: string[];
  /**
   * What breaks each invariant, in words. An empty list means that it holds. An invariant that was not judged in this
   * run is absent.
   */
  violations: Partial<Record<Invariant, string[]>>;
}

const TERMINAL: ReadonlySet<string> = new Set(["delivered", "exhausted", "cancelled"]);
/** Jitter of the retry schedule, and what a timer may be early by. */
const EARLIEST = 0.8;
const TIMER_MS = 5;

export function judge(trial: Trial): Judgement {
  const pairs = pairsOf(trial);
  const lost = pairs.filter(
    ({ record, arrivals }) =>
      !record || !TERMINAL.has(record.status) || (record.status === "delivered" && !arrivals.some(taken)),
  );
  const repeats = pairs.flatMap(repeatsOf);
  const unexplained = repeats.filter(
    ({ first, again }) => !trial.crashes.some(({ from, until }) => until >= first.at - TIMER_MS && from <= again.at),
  );
  const bound = trial.crashes.length * trial.inFlight;
  const violations: Judgement["violations"] = {
    I1: lost.map(({ deliveryId, record }) => `${deliveryId} is ${record?.status ?? "not recorded"}`),
    I2: [
      ...unexplained.map(
        ({ deliveryId, again }) => `${deliveryId} came again at ${new Date(again.at).toISOString()} without a crash`,
      ),
      ...(repeats.length > bound
        ? [`${repeats.length} repeats, at most ${bound} are explained by ${trial.crashes.length} crashes`]
        : []),
    ],
    I3: pairs.flatMap((pair) => [...disorder(pair), ...tooLate(pair), ...tooEarly(pair, trial.retrySeconds)]),
    I7: trial.arrivals
      .filter(({ signature }) => signature !== "valid")
      .map(({ id, signature }) => `${id}: signature ${signature}`),
  };
  const limited = trial.subscriptions.filter(({ rateLimit }) => rateLimit);
  if (limited.length > 0) violations.I4 = limited.flatMap((subscription) => tooFast(subscription, trial.arrivals));
  if (trial.isolation) violations.I5 = slowed(trial.isolation);
  if (trial.leaks) violations.I6 = [...trial.leaks];
  return {
    deliveries: pairs.length,
    lost: lost.map(({ deliveryId }) => deliveryId),
    doubled: repeats.length,
    doubledAfter: blamedOn(repeats, trial.crashes),
    badMoments: badMoments(repeats, trial.crashes),
    unexplained: unexplained.map(({ deliveryId }) => deliveryId),
    violations,
  };
}

/** The last crash before the second arrival. */
function blamedOn(repeats: readonly { again: Arrival }[], crashes: readonly Crash[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { again } of repeats) {
    const what = crashes.filter(({ from }) => from <= again.at).at(-1)?.what ?? "none";
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

/** What broke, one line each. Empty when everything that was judged holds. */
export function broken({ violations }: Judgement): string[] {
  return Object.entries(violations).flatMap(([name, found]) =>
    found.slice(0, 5).map((what) => `${name} (${INVARIANTS[name as Invariant]}), 1 of ${found.length}: ${what}`),
  );
}

interface Pair {
  deliveryId: string;
  record: DeliveryRecord | undefined;
  /** In order. */
  arrivals: Arrival[];
}

function pairsOf({ deliveries, subscriptions, arrivals, records }: Trial): Pair[] {
  const byPair = new Map<string, Arrival[]>();
  for (const arrival of arrivals) {
    const key = `${arrival.id} ${arrival.path}`;
    const earlier = byPair.get(key);
    if (earlier) earlier.push(arrival);
    else byPair.set(key, [arrival]);
  }
  const paths = new Map(subscriptions.map(({ id, path }) => [id, path]));
  return deliveries.map(({ eventId, subscriptionId }) => {
    const deliveryId = `${eventId}.${subscriptionId}`;
    return {
      deliveryId,
      record: records.get(deliveryId),
      arrivals: byPair.get(`${eventId} ${paths.get(subscriptionId)}`) ?? [],
    };
  });
}

const taken = ({ answered }: Arrival): boolean => answered >= 200 && answered < 300;

/** Arrivals after one that the consumer took, or that it could not answer because the sender was gone. */
function repeatsOf({ deliveryId, arrivals }: Pair): { deliveryId: string; first: Arrival; again: Arrival }[] {
  const first = arrivals.findIndex((arrival) => taken(arrival) || arrival.answered === 0);
  const before = arrivals[first];
  return before
    ? arrivals.slice(first + 1).map((again, index) => ({ deliveryId, first: arrivals[first + index] ?? before, again }))
    : [];
}

function disorder({ deliveryId, record }: Pair): string[] {
  const numbers = record?.attempts.map(({ number }) => number) ?? [];
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0))
    ? []
    : [`${deliveryId} numbers its attempts ${numbers.join(", ")}`];
}

function tooLate({ deliveryId, record, arrivals }: Pair): string[] {
  if (!record || !TERMINAL.has(record.status)) return [];
  const endedAt = Date.parse(record.updatedAt);
  return arrivals
    .filter(({ at }) => at > endedAt + TIMER_MS)
    .map(({ at }) => `${deliveryId} was sent ${at - endedAt} ms after it was ${record.status}`);
}

function tooEarly({ deliveryId, arrivals }: Pair, schedule: readonly number[] | undefined): string[] {
  if (!schedule) return [];
  return arrivals.flatMap((arrival, index) => {
    const before = arrivals[index - 1];
    if (!before || before.answered < 400 || arrival.attempt !== before.attempt + 1) return [];
    const seconds = schedule[Math.min(before.attempt, schedule.length) - 1] ?? 0;
    const waited = arrival.at - before.at;
    return waited >= seconds * 1_000 * EARLIEST - TIMER_MS ? [] : [`${deliveryId} waited ${waited} ms of ${seconds} s`];
  });
}

/**
 * What a request may be late by between its slot and its arrival, seconds: processes are started and killed beside it.
 * The one that is late makes the window to the next ones shorter than it was.
 */
const LATE_SECONDS = 0.25;

/**
 * Over any window W at most burst + rate × (W + lateness), plus one. The windows are all pairs of arrivals, in one
 * pass.
 */
function tooFast({ id, path, rateLimit }: Trial["subscriptions"][number], arrivals: readonly Arrival[]): string[] {
  if (!rateLimit) return [];
  const times = arrivals
    .filter((arrival) => arrival.path === path)
    .map(({ at }) => at / 1_000)
    .sort((a, b) => a - b);
  let quietest = Infinity;
  let excess = 0;
  for (const [index, time] of times.entries()) {
    const ahead = index - rateLimit.perSecond * time;
    quietest = Math.min(quietest, ahead);
    excess = Math.max(excess, ahead - quietest - rateLimit.burst - rateLimit.perSecond * LATE_SECONDS);
  }
  return excess > 0.001
    ? [`${id} got ${excess.toFixed(1)} requests more than its rate limit allows in some window`]
    : [];
}

function slowed({ alone, beside }: { alone: number; beside: number }): string[] {
  // Written so that a figure that is no number, because nothing arrived, does not hold.
  return !(beside <= 2 * alone) ? [`p99 rose from ${alone.toFixed(0)} to ${beside.toFixed(0)} ms`] : [];
}
