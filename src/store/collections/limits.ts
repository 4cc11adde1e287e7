/**
 * Limits that all processes share: at most so many uses of a key within a time. Each key has one document with the
 * times of its last uses. So the limit is exact over any window, also over the change of a minute.
 */
import type { Collection } from "mongodb";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";
import { createExclusiveTurns, type Exclusive } from "../mongo/exclusive.js";
import { createExpiry } from "../mongo/oldest-first.js";
import { CLOCK_SLACK_MS } from "../../workflows/clocks.js";
import { StoreError } from "../store-error.js";

/** A key's takings at rest, milliseconds since the epoch, ascending. */
export interface LimitDocument {
  _id: string;
  times: number[];
  /** Raised by every write, because each is a compare-and-set. */
  version: number;
  expiresAt: Date;
}

export interface Limit {
  /** The name of what is limited, for example `verify/grp_…/hooks.example.com`. */
  key: string;
  /** Most takings within `windowMs`, 1 to 1,000. */
  most: number;
  windowMs: number;
}

export type Taking = { ok: true } | { ok: false; key: string; retryAfterMs: number };

export interface LimitStore {
  /**
   * Takes one of each of these limits, in their order. The first limit that is used up refuses, and the later ones are
   * not touched. Throws StoreError `unavailable`. What cannot be counted must not be done.
   */
  take(limits: readonly Limit[]): Promise<Taking>;
  /** Forgets what has expired. MongoDB does so itself (TTL index), but FerretDB cannot. */
  removeExpired(): Promise<void>;
}

/** So many uses are kept in a document, which bounds its size. */
const MOST = 1_000;
const MOST_KEY = 400;
const TRIES = 20;
/** So many refusals are remembered by this process, so that repeated ones cost the store nothing. */
const REMEMBERED = 10_000;

/** A use lies ahead where it was counted by a clock that is ahead. It counts from the first look at it. */
function timesWithin(document: LimitDocument | null, now: number, windowMs: number) {
  const kept = (document?.times ?? []).filter((time) => time > now - windowMs).slice(-MOST);
  return {
    times: kept.map((time) => Math.min(time, now)),
    wereAhead: kept.some((time) => time > now + CLOCK_SLACK_MS),
  };
}

/**
 * The store of limits over its collection. FerretDB has no TTL index, so there it removes what has expired from time to
 * time.
 */
export function createLimitStore(
  collection: Collection<LimitDocument>,
  { exclusive, ferretDb }: { exclusive: Exclusive; ferretDb: boolean },
): LimitStore {
  const inTurn = createExclusiveTurns();
  const refusedUntil = new Map<string, number>();
  const nameOf = (key: string): string => `limits/${key}`;
  const expiry = createExpiry(collection, { field: "expiresAt", ferretDb, lock: { exclusive, nameOf } });

  /** Milliseconds to wait. Undefined when it was taken. */
  async function takeOne({ key, most, windowMs }: Limit): Promise<number | undefined> {
    for (let tries = 0; tries < TRIES; tries++) {
      const document = await guarded((within) => collection.findOne({ _id: key }, within));
      const now = Date.now();
      const { times, wereAhead } = timesWithin(document, now, windowMs);
      const oldest = times.at(-Math.min(most, MOST));
      if (oldest !== undefined) {
        if (document && wereAhead) await replace(document, { times, expiresAt: new Date(now + windowMs) });
        return oldest + windowMs - now;
      }
      const next = { times: [...times, now], expiresAt: new Date(now + windowMs) };
      if (document ? await replace(document, next) : await insert(key, next)) return undefined;
    }
    throw new StoreError("unavailable", "A limit is being counted by too many at once. Try again.");
  }
  async function replace(
    { _id, version }: LimitDocument,
    next: Pick<LimitDocument, "times" | "expiresAt">,
  ): Promise<boolean> {
    const result = await guarded((within) =>
      collection.updateOne({ _id, version }, { $set: { ...next, version: version + 1 } }, within),
    );
    return result.matchedCount === 1;
  }
  async function insert(_id: string, next: Pick<LimitDocument, "times" | "expiresAt">): Promise<boolean> {
    try {
      await guarded((within) => collection.insertOne({ _id, ...next, version: 1 }, within));
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  return {
    async take(limits) {
      expiry.now();
      for (const limit of limits) {
        const key = limit.key.slice(0, MOST_KEY);
        const known = (refusedUntil.get(key) ?? 0) - Date.now();
        const wait =
          known > 0 ? known : await inTurn([key], () => exclusive(nameOf(key), () => takeOne({ ...limit, key })));
        if (wait === undefined) continue;
        if (refusedUntil.size >= REMEMBERED) refusedUntil.clear();
        refusedUntil.set(key, Date.now() + wait);
        return { ok: false, key, retryAfterMs: wait };
      }
      return { ok: true };
    },
    removeExpired: () => expiry.remove(),
  };
}
