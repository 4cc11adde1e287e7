/** Which crashes had how many events delivered twice. A few bad ones look in a sum like all of them. */
import type { Crash } from "./oracle.js";

export interface Repeat {
  /** When the consumer had it, and when it had it again. Milliseconds since the epoch. */
  first: { at: number };
  again: { at: number };
}

export interface BadMoment {
  /** What was killed, and as which one of all. */
  what: string;
  nth: number;
  repeats: number;
  /** First arrivals, from the earliest to the latest, milliseconds before the crash. */
  before: [number, number];
  /** Second arrivals, milliseconds after the crash. */
  after: [number, number];
  /** Milliseconds until it was back. */
  down: number;
}

/**
 * The crashes with most repeats, the worst first. A repeat is counted for the first crash that ends after its first
 * arrival. One with no crash in between is left out.
 */
export function badMoments(repeats: readonly Repeat[], crashes: readonly Crash[], most = 5): BadMoment[] {
  const byCrash = new Map<Crash, Repeat[]>();
  for (const repeat of repeats) {
    const crash = crashes.find(({ from, until }) => until >= repeat.first.at && from <= repeat.again.at);
    if (crash) byCrash.set(crash, [...(byCrash.get(crash) ?? []), repeat]);
  }
  const range = (values: number[]): [number, number] => [Math.min(...values), Math.max(...values)];
  return [...byCrash]
    .map(([crash, found]) => ({
      what: crash.what,
      nth: crashes.indexOf(crash) + 1,
      repeats: found.length,
      before: range(found.map(({ first }) => crash.from - first.at)),
      after: range(found.map(({ again }) => again.at - crash.from)),
      down: crash.until - crash.from,
    }))
    .sort((a, b) => b.repeats - a.repeats)
    .slice(0, most);
}
