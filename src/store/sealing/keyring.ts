/**
 * Data keys. There is one for each scope and generation. It is wrapped by a master key, and made when it is first
 * needed.
 */
import type { Collection } from "mongodb";
import { createDataKeys, type DataKeyDocument } from "./data-keys.js";
import { inTimeOr } from "../deadline.js";
import { type Exclusive, unguarded } from "../mongo/exclusive.js";
import type { KeyProvider } from "./master-keys.js";
import { indexedScan, type Scan } from "../mongo/scans.js";
import { createDataKey, sealedKeyId } from "./sealing.js";
import { StoreError } from "../store-error.js";
import type { DataKey, KeyScope } from "./data-key.js";

export interface Keyring {
  /**
   * The active data key of the scope. If there is none, then it is made and stored. Use it at once, because it is read
   * again every 5 minutes. Throws StoreError `key_destroyed` for a destroyed scope, which never gets a new key. Only a
   * person may come back and gets a new one.
   */
  scope(scope: KeyScope): Promise<DataKey>;
  /**
   * The data key that sealed these bytes. Throws StoreError `key_unknown`, `key_destroyed` or `sealed_data_invalid`.
   */
  forSealed(sealed: Uint8Array): Promise<DataKey>;
  /**
   * Destroys every data key of the scope for good. False when that had been done before. Repeatable. Other processes
   * use what they hold until they `forget`, for 5 minutes at most (15 when the store is down). erasures.ts tells them.
   * For a person only keys made until `made` are destroyed (now when absent), so that the key of a later return is
   * kept.
   */
  destroy(scope: KeyScope, made?: Date): Promise<boolean>;
  /** The days whose key for Temporal payloads is not destroyed, oldest first. */
  livingDays(): Promise<string[]>;
}

export interface KeyringOptions {
  dataKeys: Collection<DataKeyDocument>;
  provider: KeyProvider;
  /** Milliseconds that an unwrapped key is used before it is read again. */
  freshMs?: number;
  /**
   * For so many milliseconds it is used while the store or the key provider is down. A short outage must not stop
   * deliveries.
   */
  staleMs?: number;
  /**
   * After so many seals under one key, by all processes together, the next generation is made. SP 800-38D allows 2^32
   * with random IVs. What processes have not reported yet (5 minutes' worth) stays far below the other 2^31.
   */
  maxSeals?: number;
  now?: () => number;
  /** Called with the id of each data key that this process made. */
  onMade?: (id: string) => void;
  /** The lock under which data keys are changed, on an engine that needs one. */
  exclusive?: Exclusive;
  /** Runs reads of all keys. When absent, there are indexes. */
  scan?: Scan;
}

/** A keyring that reports its use when the store closes. */
export interface ManagedKeyring extends Keyring {
  flush(): Promise<void>;
  /** Drops the keys in memory. Each is read again before its next use, and a destroyed one is found then. */
  forget(): void;
}

interface Loaded {
  key: DataKey;
  loadedAt: number;
  /** The time until the next try after a failed refresh. */
  retryAt: number;
  usage: Usage;
}

/** Seals under one data key. It outlives a refresh, so that no seal is forgotten. */
interface Usage {
  reported: number;
  unreported: number;
}

/** Longest wait for a refresh while a stale key is at hand, milliseconds. */
const REFRESH_PATIENCE_MS = 250;
const REFRESH_RETRY_MS = 5_000;

/** Opens the keyring over its collection. Nothing is read before it is needed. */
export function createKeyring(options: KeyringOptions): ManagedKeyring {
  const { freshMs = 5 * 60_000, staleMs = 15 * 60_000, maxSeals = 2 ** 31, now = Date.now } = options;
  const dataKeys = createDataKeys({
    collection: options.dataKeys,
    provider: options.provider,
    now,
    onMade: options.onMade,
    exclusive: options.exclusive ?? unguarded,
    scan: options.scan ?? indexedScan,
  });
  const cache = createCache(dataKeys, now);
  const generations = new Map<KeyScope, number>();
  const once = createOnce<Loaded>();

  async function load(id: string): Promise<Loaded> {
    const document = await cache.read(id);
    if (document) return cache.unwrapped(document);
    cache.drop(id);
    throw unknownKey(id);
  }

  /**
   * The first generation that is not used up. A destroyed one ends the search, because `destroy` leaves a tombstone
   * after the last.
   */
  async function loadActive(scope: KeyScope): Promise<Loaded> {
    for (let generation = generations.get(scope) ?? 1; ; generation++) {
      const id = `${scope}#${generation}`;
      const document = (await cache.read(id)) ?? (await dataKeys.make(id));
      if (document.destroyedAt ? isRenewable(scope) : document.seals >= maxSeals) continue;
      const entry = await cache.unwrapped(document);
      generations.set(scope, generation);
      return entry;
    }
  }

  /**
   * The key from memory while it is fresh. Otherwise it is read again, and the old key is used if that fails or takes
   * long.
   */
  async function current(entry: Loaded | undefined, name: string, refresh: () => Promise<Loaded>): Promise<DataKey> {
    const age = entry ? now() - entry.loadedAt : Infinity;
    if (entry && (age < freshMs || (age < staleMs && now() < entry.retryAt))) return entry.key;
    const fresh = once(name, refresh);
    if (!entry || age >= staleMs) return (await fresh).key;
    const orStale = fresh.catch((error: unknown) => {
      if (!(error instanceof StoreError) || error.code !== "unavailable") throw error;
      entry.retryAt = now() + REFRESH_RETRY_MS;
      return entry;
    });
    return (await inTimeOr(REFRESH_PATIENCE_MS, orStale, entry)).key;
  }

  return {
    async scope(scope) {
      const entry = cache.get(`${scope}#${generations.get(scope) ?? 1}`);
      const usedUp = entry && entry.usage.reported + entry.usage.unreported >= maxSeals;
      return current(usedUp ? undefined : entry, scope, () => loadActive(scope));
    },
    async forSealed(sealed) {
      const id = sealedKeyId(sealed);
      return current(cache.get(id), id, () => load(id));
    },
    destroy: (scope, made = new Date(now())) => destroyAll(scope, made, dataKeys, (id) => cache.drop(id)),
    livingDays: async () =>
      (await dataKeys.living("temporal/")).flatMap((id) => /^temporal\/(\d{4}-\d\d-\d\d)#/.exec(id)?.[1] ?? []),
    flush: () => cache.flush(),
    forget: () => cache.forget(),
  };
}

const unknownKey = (id: string): StoreError =>
  new StoreError(
    "key_unknown",
    `Data key ${id} is not in this database. Restore the collection dataKeys from the backup that ` +
      "the data came from.",
  );

/** From the first generation to the tombstone that it leaves behind the last. */
async function destroyAll(
  scope: KeyScope,
  made: Date,
  dataKeys: ReturnType<typeof createDataKeys>,
  drop: (id: string) => void,
): Promise<boolean> {
  let changed = false;
  for (let generation = 1; ; generation++) {
    const id = `${scope}#${generation}`;
    if (isRenewable(scope)) {
      const document = await dataKeys.read(id, 0);
      if (!document || document.createdAt > made) return changed;
    }
    const outcome = await dataKeys.destroy(id);
    drop(id);
    changed ||= outcome.changed;
    // The generation of the tombstone cannot be made any more, so the next one cannot be reached either.
    if (outcome.tombstone) return changed;
  }
}

/**
 * A person's id comes from the name at the identity provider, so it is the same at a return. All other ids are never
 * used again.
 */
const isRenewable = (scope: KeyScope): boolean => scope.startsWith("person/");

/** Unwrapped keys in memory, with the count of their use. */
function createCache(dataKeys: ReturnType<typeof createDataKeys>, now: () => number) {
  const loaded = new Map<string, Loaded>();
  /** Raised by every drop. A document that was read before may be that of a key destroyed since, so it is not kept. */
  let dropped = 0;
  const readAt = new WeakMap<DataKeyDocument, number>();
  const usages = new Map<string, Usage>();

  function usageOf(id: string): Usage {
    const usage = usages.get(id) ?? { reported: 0, unreported: 0 };
    usages.set(id, usage);
    return usage;
  }
  /** Reads the document and, in the same go, reports the seals made since the last time. */
  async function read(id: string): Promise<DataKeyDocument | undefined> {
    const usage = usageOf(id);
    const made = usage.unreported;
    const before = dropped;
    const document = await dataKeys.read(id, made);
    usage.unreported -= made;
    usage.reported = document?.seals ?? 0;
    if (document) readAt.set(document, before);
    return document;
  }
  return {
    read,
    get: (id: string) => loaded.get(id),
    drop(id: string): void {
      dropped++;
      loaded.delete(id);
    },
    forget(): void {
      dropped++;
      loaded.clear();
    },
    async unwrapped(document: DataKeyDocument): Promise<Loaded> {
      const id = document._id;
      if (document.destroyedAt) loaded.delete(id);
      const material = await dataKeys.unwrap(document);
      const usage = usageOf(id);
      const entry: Loaded = {
        key: createDataKey(id, material, () => void usage.unreported++),
        loadedAt: now(),
        retryAt: 0,
        usage,
      };
      material.fill(0);
      if ((readAt.get(document) ?? dropped) === dropped) loaded.set(id, entry);
      return entry;
    },
    async flush(): Promise<void> {
      for (const [id, usage] of usages) if (usage.unreported > 0) await read(id);
    },
  };
}

/** Concurrent calls of one name share one run. */
function createOnce<T>() {
  const underWay = new Map<string, Promise<T>>();
  return (name: string, work: () => Promise<T>): Promise<T> => {
    const running = underWay.get(name) ?? work().finally(() => underWay.delete(name));
    underWay.set(name, running);
    return running;
  };
}
