/**
 * The ledger of erasures, and the erasing. Each erasure is entered here before anything is touched. So an erasure that
 * a crash interrupted is finished from the ledger, and a backup from before an erasure is erased again. Entries hold
 * only ids and are never removed.
 */
import {
  createErasureLedger,
  type ErasureDocument,
  LATELY_MS,
  type ErasureLedger,
  type LedgerDependencies,
} from "./erasure-ledger.js";
import { groupsOfKey, withoutGroup } from "../key-groups.js";
import { isReused } from "./events.js";
import { holdOn } from "../retention/hold-on.js";
import { StoreError } from "../store-error.js";
import type { ManagedKeyring } from "../sealing/keyring.js";
import type { Erasure, ErasureTarget } from "../model.js";
import type { ErasureStore, Reapplied, Store } from "../store.js";

/** Events whose deliveries are looked for together. */
const MOST_EVENTS = 20_000;

export interface ErasureDependencies
  extends
    Pick<
      Store,
      | "groups"
      | "subscriptions"
      | "apiKeys"
      | "apis"
      | "eventTypes"
      | "events"
      | "deliveries"
      | "people"
      | "grantRequests"
      | "eventTypeVersions"
      | "holds"
      | "stats"
    >,
    LedgerDependencies {
  keyring: Pick<ManagedKeyring, "destroy" | "forget">;
  /**
   * Ids of events whose content was erased within the last hour. They are collected here and read by the delivery
   * store.
   */
  expungedLately: Set<string>;
  /** Raises the version by which other processes learn of an erasure. */
  raise: () => Promise<void>;
  /** The same in the background, for an erasure that was interrupted, so that it is not known how far it came. */
  raiseLater: () => void;
  /** That version as it is now. */
  version: () => Promise<number>;
}

/** The ledger of this process. `notice` is called with the version whenever it was read. */
export interface ManagedErasures extends ErasureStore {
  notice(version: number): void;
}

/** Opens the ledger and reads its last hour. */
export async function createErasures(deps: ErasureDependencies): Promise<ManagedErasures> {
  const { keyring, expungedLately, raise } = deps;
  const ledger = createErasureLedger(deps);
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
  /**
   * The erasure was interrupted, so it is not known how much is done. The other processes must drop what they hold all
   * the same.
   */
  const brokenOff = (error: unknown): never => {
    deps.raiseLater();
    drop();
    throw error;
  };
  const carryOut = (entry: Erasure, among?: readonly string[]): Promise<boolean> =>
    apply(deps, entry, among).catch(brokenOff);
  const expungeAll = (entries: readonly ErasureDocument[]): Promise<number> =>
    expungeEvents(deps, entries).catch(brokenOff);

  await learn();
  return {
    holdOn: (target) => holdOn(deps, target),
    async erase(target, by) {
      const held = await holdOn(deps, target);
      if (held !== undefined) throw new StoreError("held", `A legal hold on ${held} forbids the erasure.`);
      const at = await instantOf(deps, target);
      await enter([{ target, at, by }]);
      if (target.startsWith("event/")) expungedLately.add(idOf(target));
      await carryOut({ target, at, by });
      await mark({ _id: target, at, by });
      await tell();
    },
    has,
    async reapply(which) {
      const changed = await reapplyAll({ deps, ledger, carryOut, expungeAll }, which);
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
  ledger: ErasureLedger;
  carryOut: (entry: Erasure, among?: readonly string[]) => Promise<boolean>;
  expungeAll: (entries: readonly ErasureDocument[]) => Promise<number>;
}

/** Gives how many had something left. */
async function reapplyAll(
  { deps, ledger: { pages, mark }, carryOut, expungeAll }: Reapplying,
  which: Reapplied | undefined,
): Promise<number> {
  const { ferretDb, subscriptions } = deps;
  const since = which && "since" in which ? which.since : undefined;
  const pendingOnly = which !== undefined && ("pending" in which || ("byClock" in which && ferretDb));
  let changed = 0;
  let among: readonly string[] | undefined;
  let together: ErasureDocument[] = [];
  const expungeTogether = async (): Promise<void> => {
    changed += await expungeAll(together);
    for (const entry of together) await mark(entry);
    together = [];
  };
  for await (const page of pages(since)) {
    for (const entry of page) {
      const isBack = pendingOnly && entry.appliedAt !== undefined && (await isKeyBack(deps, entry._id));
      if (pendingOnly && entry.appliedAt && !isBack) continue;
      const isEvent = entry._id.startsWith("event/");
      if (isEvent && ferretDb && !since) {
        if (together.push(entry) >= MOST_EVENTS) await expungeTogether();
        continue;
      }
      // What another process brings back belongs to existing subscriptions. On FerretDB they are asked for by their
      // ids.
      if (isEvent && ferretDb) among ??= await subscriptions.idsOf({});
      const found = await carryOut({ target: entry._id, at: entry.at, by: entry.by }, among);
      if (found || (isBack && !entry._id.startsWith("person/"))) changed++;
      await mark(entry);
    }
  }
  if (together.length > 0) await expungeTogether();
  return changed;
}

/**
 * FerretDB finds the deliveries of one event by reading all of them. So many events cost one such read together.
 */
async function expungeEvents(
  { events, deliveries, expungedLately }: ErasureDependencies,
  entries: readonly ErasureDocument[],
): Promise<number> {
  const found = new Set<string>();
  const ids = new Set<string>();
  for (const { _id: target, at } of entries) {
    const id = idOf(target);
    if (at.getTime() > Date.now() - LATELY_MS) expungedLately.add(id);
    if (await events.expunge(id, at)) found.add(id);
    else if (await isUsedAgain(events, id, at)) continue;
    ids.add(id);
  }
  for (const id of await deliveries.expungeDetailsOf(ids)) found.add(id);
  return found.size;
}

const idOf = (target: ErasureTarget): string => target.slice(target.indexOf("/") + 1);

/**
 * Whether a key that was destroyed exists again, as after a restore. It is destroyed here then. The search is by exact
 * ids, so it is not for events.
 */
async function isKeyBack({ keyring }: ErasureDependencies, target: ErasureTarget): Promise<boolean> {
  if (target.startsWith("group/")) return keyring.destroy(`group/${idOf(target)}`);
  if (target.startsWith("api/")) return keyring.destroy(`api/${idOf(target)}`);
  return target.startsWith("person/");
}

/**
 * Erases. False when nothing was left to erase. The order makes sure that what is left after a crash is found again.
 */
async function apply(deps: ErasureDependencies, { target, at }: Erasure, among?: readonly string[]): Promise<boolean> {
  const id = idOf(target);
  if (target.startsWith("group/")) return eraseGroup(deps, id);
  if (target.startsWith("api/")) return eraseApi(deps, id);
  if (target.startsWith("person/")) return deps.people.erase(id, at);
  const expunged = await deps.events.expunge(id, at);
  if (!expunged && (await isUsedAgain(deps.events, id, at))) return false;
  return (await deps.deliveries.expungeDetails(id, among)) || expunged;
}

/** Now, or when the event was accepted if the clock of that process is ahead: what is asked for now is erased. */
async function instantOf({ events }: ErasureDependencies, target: ErasureTarget): Promise<Date> {
  const now = new Date();
  if (!target.startsWith("event/")) return now;
  // What no key opens is erased all the same.
  const event = await events.get(idOf(target)).catch(() => undefined);
  return event && event.acceptedAt > now ? event.acceptedAt : now;
}

/** The retention has removed the event that was erased then, and a later one has its id. */
async function isUsedAgain(events: ErasureDependencies["events"], id: string, erasedAt: Date): Promise<boolean> {
  const event = await events.get(id);
  return event !== undefined && isReused(event, erasedAt);
}

async function eraseGroup(
  { subscriptions, apiKeys, grantRequests, groups, keyring, stats }: ErasureDependencies,
  id: string,
): Promise<boolean> {
  const orphans = await subscriptions.idsOf({ groupId: id });
  // Before the subscriptions, by which they are found.
  await stats.forget(orphans.map((subscription) => `sub/${subscription}` as const));
  for (const subscription of orphans) await subscriptions.delete(subscription);
  const live = (await apiKeys.all()).filter((key) => groupsOfKey(key).includes(id) && key.revokedAt === undefined);
  for (const key of live) await apiKeys.update(key.id, (before) => withoutGroup(before, id, new Date()));
  const requests = await grantRequests.deleteOf(id);
  const destroyed = await keyring.destroy(`group/${id}`);
  const deleted = await groups.delete(id);
  return orphans.length > 0 || requests > 0 || live.length > 0 || destroyed || deleted;
}

async function eraseApi(
  { eventTypes, eventTypeVersions, apis, keyring, stats }: ErasureDependencies,
  id: string,
): Promise<boolean> {
  await stats.forget([`api/${id}`]);
  const types = await eventTypes.idsOf({ apiId: id });
  for (const name of types) {
    const version = (await eventTypes.get(name))?.version ?? 1;
    await eventTypeVersions.delete(
      name,
      Array.from({ length: version - 1 }, (_, index) => index + 1),
    );
    await eventTypes.delete(name);
  }
  const destroyed = await keyring.destroy(`api/${id}`);
  return (await apis.delete(id)) || destroyed || types.length > 0;
}
