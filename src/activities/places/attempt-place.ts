/** The place of an attempt. It is taken when its slot of the rate limit has come, so that nobody holds one asleep. */
import type { Place } from "../../turnstile.js";
import type { EndpointHealth } from "../../endpoint/health.js";
import type { Start } from "../pace/slot.js";
import type { PacedSubscription, Throttle } from "../pace/throttle.js";
import type { WorkPlaces } from "./work-places.js";

export interface AttemptPlaceDependencies {
  throttle: Throttle;
  health: EndpointHealth;
  places: Pick<WorkPlaces, "attempts" | "unrecorded">;
  /** Aborted when the worker stops. */
  stopping?: AbortSignal;
}

export interface WantedAttempt {
  subscription: PacedSubscription;
  start: Start;
  /** When its event was accepted. */
  since: number;
  /** Longest wait for a place, milliseconds. */
  waitMs: number;
  /** Aborted: it waits no longer. */
  signal?: AbortSignal;
  /** Whether its run has ended meanwhile, so that it need not wait for records either. */
  isOver?: () => boolean;
}

/**
 * `missed`: its slot is over, and a new one is needed. `full`: it found no place in time, or records were behind all
 * that time. Nothing was sent.
 */
export async function enterPlace(
  { throttle, places, health, stopping }: AttemptPlaceDependencies,
  { subscription, start, since, waitMs, signal = stopping, isOver = () => false }: WantedAttempt,
): Promise<Place | "missed" | "full"> {
  if (!(await throttle.begin(subscription, start))) return "missed";
  const { id: name } = subscription;
  const until = performance.now() + waitMs;
  const troubled = health.verdict(name) !== "prompt";
  const free = troubled ? undefined : places.attempts.tryEnter(name);
  if (free && !places.unrecorded.isBehind()) return free;
  const place = free ?? (await places.attempts.enter({ name, since, troubled, waitMs: Math.max(0, waitMs), signal }));
  if (!place) return "full";
  const isFree = await places.unrecorded.caughtUp(until - performance.now(), () => signal?.aborted || isOver());
  // Its slot may have ended while it waited, and a pause may have begun.
  if (isFree && (await throttle.begin(subscription, start))) return place;
  place.leave();
  return isFree ? "missed" : "full";
}
