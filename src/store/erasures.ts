/**
 * The ledger of erasures, and the acts. What is erased is entered here before anything is touched: a crash half-way is finished from
 * the ledger, and so is a backup restored from before the erasure. Entries hold ids only and are never removed.
 */
import type { Collection, Filter } from "mongodb";
import { insertNew } from "./batch-insert.js";
import { guarded, LIST_DEADLINE_MS } from "./driver-errors.js";
import type { ManagedKeyring } from "./keyring.js";
import type { Erasure, ErasureTarget } from "./model.js";
import type { ErasureStore, Store } from "./store.js";

/** An entry at rest; one for each target, however often it is asked for. Of a person, who may come back, the latest counts. */
export interface ErasureDocument {
  _id: ErasureTarget;
  at: Date;
  by: string;
}

/** Longer than any attempt may be under way together with an outage of the store in which its record waits. */
const LATELY_MS = 60 * 60_000;

export interface ErasureDependencies extends Pick<Store, "groups" | "subscriptions" | "apiKeys" | "apis" | "eventTypes" | "events" | "deliveries" | "people" | "grantRequests" | "eventTypeVersions"> {
  collection: Collection<ErasureDocument>;
  keyring: Pick<ManagedKeyring, "destroy" | "forget">;
  /** Ids of events expunged within the last hour; filled here, read by the delivery store. */
  expungedLately: Set<string>;
  /** Raises the version by which other processes learn of an erasure. */
  raise: () => Promise<void>;
  /** The same in the background, where an erasure was broken off and nobody knows how far it came. */
  raiseLater: () => void;
  /** That version as it is now. */
  version: () => Promise<number>;
}

/** The ledger of this process; `notice` is told the version whenever it was read. */
export interface ManagedErasures extends ErasureStore {
  notice(version: number): void;
}

/** Opens the ledger and reads its last hour. */
export async function createErasures(deps: ErasureDependencies): Promise<ManagedErasures> {
  const { collection, keyring, expungedLately, raise } = deps;
  const { entries, enter, has } = createLedger(collection);
  const listeners: (() => void)[] = [];
  // Before anything is read that could be erased.
  let seen = await deps.version();

  async function learn(): Promise<void> {
    const recent = await entries(new Date(Date.now() - LATELY_MS));
    expungedLately.clear();
    for (const { target } of recent) if (target.startsWith("event/")) expungedLately.add(idOf(target));
  }
  /** Everything that this process holds in memory is read anew. */
  function drop(): void {
    keyring.forget();
    for (const listener of listeners) listener();
  }
  async function tell(): Promise<void> {
    await raise();
    drop();
  }
  /** Broken off: nobody knows how much of it is done, and the other processes must drop what they hold all the same. */
  const carryOut = (entry: Erasure): Promise<boolean> => apply(deps, entry).catch((error: unknown) => {
    deps.raiseLater();
    drop();
    throw error;
  });

  await learn();
  return {
    async erase(target, by) {
      const at = new Date();
      await enter([{ target, at, by }]);
      if (target.startsWith("event/")) expungedLately.add(idOf(target));
      await carryOut({ target, at, by });
      await tell();
    },
    has,
    async reapply({ since, only } = {}) {
      let changed = 0;
      for (const entry of await entries(since)) {
        if (only !== undefined && (only === "events") !== entry.target.startsWith("event/")) continue;
        if (await carryOut(entry)) changed++;
      }
      if (changed > 0) await tell();
      return changed;
    },
    entries,
    enter,
    onErasure: (listener) => void listeners.push(listener),
    lately: (eventId) => expungedLately.has(eventId),
    notice(version) {
      if (version === seen) return;
      seen = version;
      drop();
      // Read again with the next version when it fails now.
      void learn().catch(() => (seen = -1));
    },
  };
}

/** The entries alone. */
function createLedger(collection: Collection<ErasureDocument>): Pick<ErasureStore, "entries" | "enter" | "has"> {
  async function entries(since?: Date): Promise<Erasure[]> {
    const filter: Filter<ErasureDocument> = since ? { at: { $gte: since } } : {};
    const found = await guarded((within) => collection.find(filter, within).sort({ at: 1, _id: 1 }).toArray(), LIST_DEADLINE_MS);
    return found.map(({ _id: target, at, by }) => ({ target, at, by }));
  }
  async function enter(given: Erasure[]): Promise<number> {
    const known = new Set<string>(await insertNew(collection, given.map(({ target, at, by }) => ({ _id: target, at, by }))));
    let renewed = 0;
    for (const { target, at, by } of given) {
      if (!target.startsWith("person/") || !known.has(target)) continue;
      const before = await guarded((within) => collection.findOne({ _id: target }, within));
      if (!before || before.at >= at) continue;
      await guarded((within) => collection.updateOne({ _id: target }, { $set: { at, by } }, within));
      renewed++;
    }
    return given.length - known.size + renewed;
  }
  return { entries, enter, has: async (target) => (await guarded((within) => collection.findOne({ _id: target }, within))) !== null };
}

const idOf = (target: ErasureTarget): string => target.slice(target.indexOf("/") + 1);

/** Erases; false when nothing was left to erase. The order is such that what is left after a crash is found again. */
async function apply(deps: ErasureDependencies, { target, at }: Erasure): Promise<boolean> {
  const id = idOf(target);
  if (target.startsWith("group/")) return eraseGroup(deps, id);
  if (target.startsWith("api/")) return eraseApi(deps, id);
  if (target.startsWith("person/")) return deps.people.erase(id, at);
  const expunged = await deps.events.expunge(id, at);
  return (await deps.deliveries.expungeDetails(id)) || expunged;
}

async function eraseGroup({ subscriptions, apiKeys, grantRequests, groups, keyring }: ErasureDependencies, id: string): Promise<boolean> {
  const orphans = await subscriptions.idsOf({ groupId: id });
  for (const subscription of orphans) await subscriptions.delete(subscription);
  const live = (await apiKeys.all()).filter((key) => key.groupId === id && key.revokedAt === undefined);
  for (const key of live) await apiKeys.update(key.id, (before) => (before.revokedAt ? before : { ...before, revokedAt: new Date() }));
  const requests = await grantRequests.deleteOf(id);
  const destroyed = await keyring.destroy(`group/${id}`);
  const deleted = await groups.delete(id);
  return orphans.length > 0 || requests > 0 || live.length > 0 || destroyed || deleted;
}

async function eraseApi({ eventTypes, eventTypeVersions, apis, keyring }: ErasureDependencies, id: string): Promise<boolean> {
  const types = await eventTypes.idsOf({ apiId: id });
  for (const name of types) {
    const version = (await eventTypes.get(name))?.version ?? 1;
    await eventTypeVersions.delete(name, Array.from({ length: version - 1 }, (_, index) => index + 1));
    await eventTypes.delete(name);
  }
  const destroyed = await keyring.destroy(`api/${id}`);
  return (await apis.delete(id)) || destroyed || types.length > 0;
}
