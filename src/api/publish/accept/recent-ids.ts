/**
 * Ids that this process committed lately. A publisher that repeats its ids after a fault is answered from here, so that
 * the repeats cost the store nothing.
 */
import { LRUCache } from "lru-cache";
import type { Store } from "../../../store/store.js";
import { HOUR_MS } from "../../../workflows/durations.js";
import type { PublishedEvent } from "../../../workflows/contract.js";

/** What is enough to answer a repeat. */
export type RecentEvent = Pick<PublishedEvent, "sha256" | "type">;

/** Some 300 bytes each. */
const MOST = 20_000;
/**
 * The retention removes an event a day after its acceptance at the earliest. From then on its id is free, so nobody may
 * be told that it is a repeat.
 */
const KEPT_MS = HOUR_MS;

export interface RecentIds {
  get(id: string): RecentEvent | undefined;
  add(event: PublishedEvent): void;
}

/**
 * Bounded by number and age, the oldest out first. Any erasure empties it: which ids are meant is not worth a question.
 */
export function createRecentIds(
  erasures: Pick<Store["erasures"], "onErasure">,
  clock: { now(): number } = performance,
): RecentIds {
  const recent = new LRUCache<string, RecentEvent>({ max: MOST, ttl: KEPT_MS, ttlResolution: 0, perf: clock });
  erasures.onErasure(() => recent.clear());
  return { get: (id) => recent.get(id), add: ({ id, sha256, type }) => void recent.set(id, { sha256, type }) };
}
