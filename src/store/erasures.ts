/**
 * The ledger of erasures, and the acts. What is erased is entered here before anything is touched: a crash half-way is finished from
 * the ledger, and so is a backup restored from before the erasure. Entries hold ids only and are never removed.
 */
import type { Collection } from "mongodb";
import { insertNew } from "./batch-insert.js";
import { guarded, LIST_DEADLINE_MS } from "./driver-errors.js";
import type { ManagedKeyring } from "./keyring.js";
import type { Erasure, ErasureTarget } from "./model.js";
import { allOf } from "./paging.js";
import type { ErasureStore, Reapplied, Store } from "./store.js";

/** An entry at rest; one for each target, however often it is asked for. Of a person, who may come back, the latest counts. */
export interface ErasureDocument {
  _id: ErasureTarget;
  at: Date;
  by: string;
  /** When it was done to its end; absent: never, or by an earlier release. */
  appliedAt?: Date;
}

/** Entries that are read at once. */
const PAGE = 500;

/** Longer than any attempt may be under way together with an outage of the store in which its record waits. */
const LATELY_MS = 60 * 60_000;

export interface ErasureDependencies extends Pick<Store, "groups" | "subscriptions" | "apiKeys" | "apis" | "eventTypes" | "events" | "deliveries" | "people" | "grantRequests" | "eventTypeVersions"> {
  collection: Collection<ErasureDocument>;
  standIn: boolean;
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
  const ledger = createLedger(collection);
  const { entries, enter, has, mark } = ledger;
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
  const carryOut = (entry: Erasure, among?: readonly string[]): Promise<boolean> => apply(deps, entry, among).catch((error: unknown) => {
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
      await mark({ _id: target, at, by });
      await tell();
    },
    has,
    async reapply(which) {
      const changed = await reapplyAll({ deps, ledger, carryOut }, which);
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

interface Reapplying {
  deps: ErasureDependencies;
  ledger: Ledger;
  carryOut: (entry: Erasure, among?: readonly string[]) => Promise<boolean>;
}

/** Gives how many had something left. */
async function reapplyAll({ deps, ledger: { pages, mark }, carryOut }: Reapplying, which: Reapplied | undefined): Promise<number> {
  const since = which && "since" in which ? which.since : undefined;
  const pendingOnly = which !== undefined && ("pending" in which || ("byClock" in which && deps.standIn));
  // What another process brings back is in the care of subscriptions that are there: on the stand-in these are asked for by their ids.
  const among = since && deps.standIn ? await deps.subscriptions.idsOf({}) : undefined;
  let changed = 0;
  for await (const page of pages(since)) {
    for (const entry of page) {
      const isBack = pendingOnly && entry.appliedAt !== undefined && await isKeyBack(deps, entry._id);
      if (pendingOnly && entry.appliedAt && !isBack) continue;
      const found = await carryOut({ target: entry._id, at: entry.at, by: entry.by }, among);
      if (found || (isBack && !entry._id.startsWith("person/"))) changed++;
      await mark(entry);
    }
  }
  return changed;
}

interface Ledger extends Pick<ErasureStore, "entries" | "enter" | "has"> {
  pages: (since?: Date) => AsyncIterable<ErasureDocument[]>;
  mark: (entry: ErasureDocument) => Promise<void>;
}

/** The entries alone. */
function createLedger(collection: Collection<ErasureDocument>): Ledger {
  /** Oldest first, page by page, each with a deadline of its own. */
  async function* pages(since?: Date): AsyncGenerator<ErasureDocument[]> {
    for (let after: ErasureDocument | undefined; ; ) {
      const last = after;
      const filter = last ? allOf<ErasureDocument>([{ at: { $gte: last.at } }, { $or: [{ at: { $gt: last.at } }, { at: last.at, _id: { $gt: last._id } }] }]) : since ? { at: { $gte: since } } : {};
      const page = await guarded((within) => collection.find(filter, within).sort({ at: 1, _id: 1 }).limit(PAGE).toArray(), LIST_DEADLINE_MS);
      if (page.length > 0) yield page;
      if (page.length < PAGE) return;
      after = page.at(-1);
    }
  }
  async function entries(since?: Date): Promise<Erasure[]> {
    const found: Erasure[] = [];
    for await (const page of pages(since)) for (const { _id: target, at, by } of page) found.push({ target, at, by });
    return found;
  }
  /** Done to its end. A person's entry may have been renewed meanwhile, and that one is not. */
  async function mark({ _id, at, appliedAt }: ErasureDocument): Promise<void> {
    if (!appliedAt) await guarded((within) => collection.updateOne({ _id, at }, { $set: { appliedAt: new Date() } }, within));
  }
  async function enter(given: Erasure[]): Promise<number> {
    const known = new Set<string>(await insertNew(collection, given.map(({ target, at, by }) => ({ _id: target, at, by }))));
    let renewed = 0;
    for (const { target, at, by } of given) {
      if (!target.startsWith("person/") || !known.has(target)) continue;
      const before = await guarded((within) => collection.findOne({ _id: target }, within));
      if (!before || before.at >= at) continue;
      await guarded((within) => collection.updateOne({ _id: target }, { $set: { at, by }, $unset: { appliedAt: "" } }, within));
      renewed++;
    }
    return given.length - known.size + renewed;
  }
  return { pages, entries, enter, mark, has: async (target) => (await guarded((within) => collection.findOne({ _id: target }, within))) !== null };
}

const idOf = (target: ErasureTarget): string => target.slice(target.indexOf("/") + 1);

/** Whether a key that was destroyed is there again, as it is after a restore; then it is destroyed here. By exact ids, and so not for events. */
async function isKeyBack({ keyring }: ErasureDependencies, target: ErasureTarget): Promise<boolean> {
  if (target.startsWith("group/")) return keyring.destroy(`group/${idOf(target)}`);
  if (target.startsWith("api/")) return keyring.destroy(`api/${idOf(target)}`);
  return target.startsWith("person/");
}

/** Erases; false when nothing was left to erase. The order is such that what is left after a crash is found again. */
async function apply(deps: ErasureDependencies, { target, at }: Erasure, among?: readonly string[]): Promise<boolean> {
  const id = idOf(target);
  if (target.startsWith("group/")) return eraseGroup(deps, id);
  if (target.startsWith("api/")) return eraseApi(deps, id);
  if (target.startsWith("person/")) return deps.people.erase(id, at);
  const expunged = await deps.events.expunge(id, at);
  return (await deps.deliveries.expungeDetails(id, among)) || expunged;
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
