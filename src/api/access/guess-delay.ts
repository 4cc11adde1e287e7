/**
 * Delays the answer to a wrong API key. The delay grows with the number of wrong keys within the last minute, from the
 * same network and from all networks together. A right key never waits, whatever else its network sends, so nobody can
 * lock a tenant out.
 */
import { setTimeout as delay } from "node:timers/promises";
import { RateLimiterMemory } from "rate-limiter-flexible";

/**
 * The delay at the limit on wrong keys. Below the limit it grows with the square, so that a person who mistypes a key
 * notices nothing.
 */
const LONGEST_MS = 1_000;
/** All networks together may guess so many times as often as one before each waits as long. */
const NETWORKS = 20;
/**
 * So many answers may wait at once, each with its socket, in all and for one network. Further guesses are refused at
 * once.
 */
const MOST_HELD = 200;
const MOST_HELD_OF_ONE = 8;

/** Resolves with true when the answer to a wrong key may go. Resolves with false at once when too many wait already. */
export type GuessDelay = (network: string) => Promise<boolean>;

/** `perMinute` is the limit on wrong keys of one network. */
export function createGuessDelay(perMinute: number): GuessDelay {
  const counter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  const held = new Map<string, number>();
  let heldInAll = 0;
  return async (network) => {
    const [own, all] = await Promise.all([counter.penalty(`network ${network}`), counter.penalty("all")]);
    const share = Math.min(1, Math.max(own.consumedPoints / perMinute, all.consumedPoints / (perMinute * NETWORKS)));
    const waitMs = LONGEST_MS * share ** 2;
    if (waitMs < 1) return true;
    const ofOne = held.get(network) ?? 0;
    if (heldInAll >= MOST_HELD || ofOne >= MOST_HELD_OF_ONE) return false;
    held.set(network, ofOne + 1);
    heldInAll++;
    await delay(waitMs, undefined, { ref: false });
    heldInAll--;
    const left = (held.get(network) ?? 1) - 1;
    if (left > 0) held.set(network, left);
    else held.delete(network);
    return true;
  };
}
