/**
 * Keys with which a client repeats a request that must be done only once (draft-ietf-httpapi-idempotency-key-header). A
 * request claims its key, notes what it is about to change, and stores its answer. The answer is sealed, because
 * answers hold secrets that are shown once.
 */
import { randomUUID } from "node:crypto";
import { Binary, type Collection } from "mongodb";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import { createExpiry } from "../mongo/oldest-first.js";
import type { KeyScope } from "../sealing/data-key.js";
import type { Keyring } from "../sealing/keyring.js";
import { StoreError } from "../store-error.js";
import { DAY_MS } from "../../workflows/durations.js";

/** What a request is about to change first. `at` is the time. */
export interface BegunAct {
  write: string;
  target?: string;
  at: Date;
}

/** A key at rest. */
export interface IdempotencyDocument {
  _id: string;
  fingerprint: string;
  /** The token of the request that has the claim. Every write is a compare-and-set on it. */
  token: string;
  claimedAt: Date;
  begun?: BegunAct;
  scope?: KeyScope;
  answer?: Binary;
  expiresAt: Date;
}

export type Claim =
  | { state: "claimed"; token: string }
  | { state: "answered"; answer: Uint8Array }
  | { state: "other_request" }
  | { state: "under_way" }
  /**
   * The request with the claim stored no answer within the lease. `begun` is what it may have changed. Undefined when
   * it changed nothing.
   */
  | { state: "abandoned"; token: string; begun: BegunAct | undefined };

export interface IdempotencyStore {
  /**
   * Claims the key for a request with this fingerprint. Exactly one caller over all processes gets it. @throws
   * StoreError
   */
  claim(id: string, fingerprint: string): Promise<Claim>;
  /** Takes over an abandoned claim. Undefined when another request was first. */
  takeOver(id: string, token: string): Promise<string | undefined>;
  /**
   * Notes what is changed first. Throws StoreError `unavailable` when the claim is lost. Then nothing may be changed.
   */
  begin(id: string, token: string, act: BegunAct): Promise<void>;
  /** Seals the answer for the scope and keeps it until the key ends. */
  complete(id: string, token: string, answer: { scope: KeyScope; bytes: Uint8Array }): Promise<void>;
  /** Gives the key back, because nothing was done. */
  release(id: string, token: string): Promise<void>;
  /** The request failed after it had begun. A repetition need not wait for the lease. */
  abandon(id: string, token: string): Promise<void>;
  /** Removes what has ended. MongoDB does so itself (TTL index). On FerretDB it happens beside later claims. */
  removeExpired(): Promise<void>;
}

export const IDEMPOTENCY_KEPT_MS = DAY_MS;
/** Longer than any request takes. If a claim has no answer after this time, then its process has died. */
export const CLAIM_LEASE_MS = 120_000;

interface Options {
  keyring: Pick<Keyring, "scope" | "forSealed">;
  exclusive: Exclusive;
  ferretDb: boolean;
}

const contextOf = (id: string, owner: string) => ({ collection: "idempotencyKeys", id, field: "answer", owner });

export function createIdempotencyStore(
  collection: Collection<IdempotencyDocument>,
  { keyring, exclusive, ferretDb }: Options,
): IdempotencyStore {
  const nameOf = (id: string): string => `idempotency/${id}`;
  // All are kept for the same time, so the oldest are the first to go.
  const expiry = createExpiry(collection, { field: "expiresAt", ferretDb, lock: { exclusive, nameOf } });

  /** FerretDB has no real compare-and-set, so there the changes of one key come one after another. */
  const change = (id: string, token: string, update: Partial<Omit<IdempotencyDocument, "_id">>): Promise<boolean> =>
    exclusive(
      nameOf(id),
      async () =>
        (await guarded((within) => collection.updateOne({ _id: id, token }, { $set: update }, within))).matchedCount ===
        1,
    );

  const remove = (id: string, token: string): Promise<void> =>
    exclusive(
      nameOf(id),
      async () => void (await guarded((within) => collection.deleteOne({ _id: id, token }, within))),
    );

  return {
    async claim(id, fingerprint) {
      expiry.now();
      for (let tries = 0; tries < 3; tries++) {
        const token = await insertClaim(collection, id, fingerprint);
        if (token !== undefined) return { state: "claimed", token };
        const found = await guarded((within) => collection.findOne({ _id: id }, within));
        if (!found) continue;
        if (found.expiresAt.getTime() > Date.now()) return stateOf(found, fingerprint, keyring);
        // The index removes it up to a minute late.
        await remove(id, found.token);
      }
      return { state: "under_way" };
    },
    async takeOver(id, token) {
      const next = randomUUID();
      return (await change(id, token, { token: next, claimedAt: new Date() })) ? next : undefined;
    },
    async begin(id, token, act) {
      if (!(await change(id, token, { begun: act })))
        throw new StoreError("unavailable", "Another request has taken over this idempotency key. Try again.");
    },
    async complete(id, token, { scope, bytes }) {
      const answer = new Binary((await keyring.scope(scope)).seal(contextOf(id, scope), bytes));
      await change(id, token, { scope, answer });
    },
    release: remove,
    abandon: async (id, token) => void (await change(id, token, { claimedAt: new Date(0) })),
    removeExpired: () => expiry.remove(),
  };
}

/** The token of the claim. Undefined when the key exists already. */
async function insertClaim(
  collection: Collection<IdempotencyDocument>,
  id: string,
  fingerprint: string,
): Promise<string | undefined> {
  const now = Date.now();
  const token = randomUUID();
  const expiresAt = new Date(now + IDEMPOTENCY_KEPT_MS);
  try {
    await guarded((within) =>
      collection.insertOne({ _id: id, fingerprint, token, claimedAt: new Date(now), expiresAt }, within),
    );
    return token;
  } catch (error) {
    if (isDuplicate(error)) return undefined;
    throw error;
  }
}

/** What a key that is there says to another request with it. */
async function stateOf(
  found: IdempotencyDocument,
  fingerprint: string,
  keyring: Pick<Keyring, "forSealed">,
): Promise<Claim> {
  if (found.fingerprint !== fingerprint) return { state: "other_request" };
  if (found.answer && found.scope) {
    const sealed = found.answer.value();
    return {
      state: "answered",
      answer: (await keyring.forSealed(sealed)).open(contextOf(found._id, found.scope), sealed),
    };
  }
  if (Date.now() - found.claimedAt.getTime() < CLAIM_LEASE_MS) return { state: "under_way" };
  return { state: "abandoned", token: found.token, begun: found.begun };
}
