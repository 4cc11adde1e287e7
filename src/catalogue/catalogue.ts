/** The subscription catalogue in memory: what a publish and a dispatch look up without asking the store. */
import type { Api, EventType, Group, StoredApiKey, Subscription } from "../store/model.js";
import { StoreError } from "../store/store-error.js";
import {
  CATALOGUE_COLLECTIONS,
  type CatalogueChanges,
  type CatalogueCollection,
  type CatalogueName,
  type CatalogueVersions,
} from "../store/collection.js";
import type { Store } from "../store/store.js";
import type { LeftOut } from "../store/collections/routings.js";
import { LIFE } from "../store/subscription-life.js";
import { byExternalId } from "./external-ids.js";
import { createSavedPauses, type Paused, type SavedPauses } from "../store/saved-pauses.js";

export interface Catalogue {
  /** Version that the content belongs to. See `Store.catalogueVersion`. */
  readonly version: number;
  /**
   * Reads anew when the store has a newer version. With `atLeast`, does nothing when the content is that new already.
   * Concurrent calls share one read. Rejects with StoreError when the store does not answer. The content then stays as
   * it was.
   */
  refresh(atLeast?: number): Promise<void>;
  api(id: string): Api | undefined;
  apis(): Iterable<Api>;
  /** The api or group with this external id. */
  apiByExternalId(externalId: string): Api | undefined;
  groupByExternalId(externalId: string): Group | undefined;
  eventType(name: string): EventType | undefined;
  /** All of them, newest first. */
  eventTypes(): readonly EventType[];
  group(id: string): Group | undefined;
  subscription(id: string): Subscription | undefined;
  subscriptions(): Iterable<Subscription>;
  apiKey(id: string): StoredApiKey | undefined;
  /** Subscriptions that are granted and subscribed to this event type, in a status in which deliveries are made. */
  routes(eventType: string): readonly Subscription[];
  /** Subscriptions that name this event type and get no deliveries of it. Undefined when there are none. */
  leftOut(eventType: string): LeftOut | undefined;
  /**
   * When the pause ends that is saved with the subscription, milliseconds since the epoch by our clock. 0 without one.
   */
  pauseEnd(this: void, subscription: Paused): number;
  /** Whether the group is granted the event type, by its name or by its api. */
  granted(groupId: string, eventType: string): boolean;
  /** Stops following the store. */
  close(): void;
}

/** What is read from the store, collection by collection. */
interface Collections {
  apis: Map<string, Api>;
  eventTypes: Map<string, EventType>;
  groups: Map<string, Group>;
  subscriptions: Map<string, Subscription>;
  apiKeys: Map<string, StoredApiKey>;
}
interface Content extends Collections {
  versions: CatalogueVersions;
  /** Newest first. */
  eventTypeList: readonly EventType[];
  routes: Map<string, Subscription[]>;
  leftOut: Map<string, { notInService: string[]; notGranted: string[] }>;
}

export interface CatalogueOptions {
  store: Store;
  /** How often the version is asked for. A change by another process is seen at most so much later. */
  pollMs?: number;
  /**
   * How often everything is read again, whatever the version says. A change that nobody announced is seen at most so
   * much later.
   */
  rereadMs?: number;
  /** Told when following the store fails and when it works again. */
  onTrouble?: (error: unknown) => void;
}

/**
 * A process that is killed between a change and its announcement leaves the others with the old route. Five minutes
 * bound that.
 */
const REREAD_MS = 5 * 60_000;

/** Loads the catalogue and follows it. The version is one document read by `_id` a second, whatever the size. */
export async function createCatalogue({
  store,
  pollMs = 1_000,
  rereadMs = REREAD_MS,
  onTrouble,
}: CatalogueOptions): Promise<Catalogue> {
  // The versions are read before the content: a write in between is at worst read twice, never missed.
  const pauses = createSavedPauses();
  let content = seen(pauses, await load(store, await store.catalogueVersions()));
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const versions = await store.catalogueVersions();
    if (versions.version !== content.versions.version) content = seen(pauses, await follow(store, versions, content));
  }
  /** Beside `read`, so that nobody waits for it. When something newer came meanwhile, it is tried again soon. */
  async function reread(): Promise<void> {
    const before = content;
    const whole = await load(store, await store.catalogueVersions());
    if (content === before && reading === undefined) content = seen(pauses, whole);
    else wholeAt = Math.min(wholeAt, Date.now() + rereadMs / 10);
  }
  async function refresh(atLeast?: number): Promise<void> {
    if (atLeast !== undefined && content.versions.version >= atLeast) return;
    // A read under way may have begun before the change that the caller knows of, so it is waited for and followed by
    // another.
    if (reading) await reading.catch(() => undefined);
    if (atLeast !== undefined && content.versions.version >= atLeast) return;
    reading ??= read().finally(() => (reading = undefined));
    await reading;
  }

  // Not all processes at once.
  const nextWhole = (): number => Date.now() + rereadMs * (0.75 + Math.random() / 2);
  let wholeAt = nextWhole();
  const timer = setInterval(() => {
    const trouble = (error: unknown): void => onTrouble?.(error);
    void refresh().catch(trouble);
    if (Date.now() < wholeAt) return;
    wholeAt = nextWhole();
    void reread().catch(trouble);
  }, pollMs);
  timer.unref();
  return {
    get version() {
      return content.versions.version;
    },
    refresh,
    api: (id) => content.apis.get(id),
    apis: () => content.apis.values(),
    apiByExternalId: (externalId) => byExternalId(content.apis, externalId),
    groupByExternalId: (externalId) => byExternalId(content.groups, externalId),
    eventType: (name) => content.eventTypes.get(name),
    eventTypes: () => content.eventTypeList,
    group: (id) => content.groups.get(id),
    subscription: (id) => content.subscriptions.get(id),
    subscriptions: () => content.subscriptions.values(),
    leftOut: (eventType) => content.leftOut.get(eventType),
    apiKey: (id) => content.apiKeys.get(id),
    routes: (eventType) => content.routes.get(eventType) ?? [],
    pauseEnd: pauses.endOf,
    granted: (groupId, eventType) => isGranted(content.groups.get(groupId), content.eventTypes.get(eventType)),
    close: () => clearInterval(timer),
  };
}

/** As soon as the subscriptions are read: what is left of a pause is told by the first look at it. */
function seen(pauses: SavedPauses, content: Content): Content {
  content.subscriptions.forEach((each) => pauses.endOf(each));
  return content;
}

/**
 * Reads what changed since `before`, or everything. With 10,000 event types that have schemas of 2 KB a reading of
 * everything takes 2 to 5 s on FerretDB (busy machine). A reading of a small collection takes 5 ms. So a paused
 * subscription must not cause a reading of everything.
 */
async function load(store: Store, versions: CatalogueVersions, before?: Content): Promise<Content> {
  const stale = before ? changedCollections(before.versions, versions) : new Set(CATALOGUE_COLLECTIONS);
  const reading = async <K extends CatalogueName>(
    name: K,
    all: () => Promise<Collections[K]>,
  ): Promise<Collections[K]> => (before && !stale.has(name) ? before[name] : all());
  const [apis, eventTypes, groups, subscriptions, apiKeys] = await Promise.all([
    reading("apis", async () => byId(await store.apis.all())),
    reading("eventTypes", async () => new Map((await store.eventTypes.all()).map((type) => [type.name, type]))),
    reading("groups", async () => byId(await store.groups.all())),
    reading("subscriptions", async () => byId(await store.subscriptions.all())),
    reading("apiKeys", async () => byId(await store.apiKeys.all())),
  ]);
  return contentOf(versions, { apis, eventTypes, groups, subscriptions, apiKeys }, before);
}

/** What is derived from the collections. The list of event types is sorted anew only when they have changed. */
function contentOf(versions: CatalogueVersions, collections: Collections, before: Content | undefined): Content {
  const { eventTypes } = collections;
  const isSame = eventTypes === before?.eventTypes;
  const eventTypeList = isSame ? before.eventTypeList : [...eventTypes.values()].sort(newestFirst);
  return { versions, ...collections, eventTypeList, ...routesOf(collections) };
}

/** Changed objects that are read one by one. Of more the whole collection is read at once. */
const MOST_READ_SINGLY = 100;

/**
 * Reads the objects that were written since. One changed subscription is one read and one unsealing, whatever the
 * number of the others.
 */
async function follow(store: Store, versions: CatalogueVersions, before: Content): Promise<Content> {
  const changes = await store.catalogueChanges(before.versions);
  if (!changes) return load(store, versions, before);
  withSubscriptionsOf(changes, before);
  const [apis, eventTypes, groups, subscriptions, apiKeys] = await Promise.all([
    changed(store.apis, before.apis, changes.apis, ({ id }) => id),
    changed(store.eventTypes, before.eventTypes, changes.eventTypes, ({ name }) => name),
    changed(store.groups, before.groups, changes.groups, ({ id }) => id),
    changed(store.subscriptions, before.subscriptions, changes.subscriptions, ({ id }) => id),
    changed(store.apiKeys, before.apiKeys, changes.apiKeys, ({ id }) => id),
  ]);
  return contentOf(versions, { apis, eventTypes, groups, subscriptions, apiKeys }, before);
}

/** With a group its data key may have been destroyed, and then its subscriptions can no longer be opened. */
function withSubscriptionsOf(changes: CatalogueChanges, { subscriptions }: Content): void {
  const { groups } = changes;
  if (!groups || changes.subscriptions === "all") return;
  if (groups === "all") return void (changes.subscriptions = "all");
  const more = new Set(changes.subscriptions);
  for (const { id, groupId } of subscriptions.values()) if (groups.has(groupId)) more.add(id);
  changes.subscriptions = more;
}

async function changed<T>(
  collection: CatalogueCollection<T>,
  before: Map<string, T>,
  ids: Set<string> | "all" | undefined,
  idOf: (item: T) => string,
): Promise<Map<string, T>> {
  if (ids === undefined) return before;
  if (ids === "all" || ids.size > MOST_READ_SINGLY)
    return new Map((await collection.all()).map((item) => [idOf(item), item]));
  const after = new Map(before);
  const read = await Promise.all([...ids].map(async (id) => ({ id, item: await existing(collection, id) })));
  for (const { id, item } of read) {
    if (item === undefined) after.delete(id);
    else after.set(id, item);
  }
  return after;
}

/** An object whose data key was destroyed is erased. */
async function existing<T>(collection: CatalogueCollection<T>, id: string): Promise<T | undefined> {
  return collection.get(id).catch((error: unknown) => {
    if (error instanceof StoreError && error.code === "key_destroyed") return undefined;
    throw error;
  });
}

/** Which collections were written since. */
function changedCollections(before: CatalogueVersions, now: CatalogueVersions): Set<CatalogueName> {
  const writes = CATALOGUE_COLLECTIONS.map((name) => ({
    name,
    count: (now.collections[name] ?? 0) - (before.collections[name] ?? 0),
  }));
  const counted = writes.reduce((sum, { count }) => sum + count, 0);
  // A process of an earlier release raises the whole version only.
  if (counted !== now.version - before.version || writes.some(({ count }) => count < 0))
    return new Set(CATALOGUE_COLLECTIONS);
  const changed = new Set(writes.flatMap(({ name, count }) => (count > 0 ? [name] : [])));
  // With a group its data key may have been destroyed, and then its subscriptions can no longer be opened.
  if (changed.has("groups")) changed.add("subscriptions");
  return changed;
}

function routesOf({
  eventTypes,
  groups,
  subscriptions,
}: Pick<Collections, "eventTypes" | "groups" | "subscriptions">): Pick<Content, "routes" | "leftOut"> {
  const all = new Map<string, Subscription[]>();
  const leftOut: Content["leftOut"] = new Map();
  const leave = (name: string, why: "notInService" | "notGranted", id: string): void => {
    const some = leftOut.get(name) ?? { notInService: [], notGranted: [] };
    some[why].push(id);
    leftOut.set(name, some);
  };
  for (const subscription of subscriptions.values()) {
    const inService = LIFE[subscription.status].routing !== "none";
    for (const name of new Set(subscription.eventTypes)) {
      const granted = isGranted(groups.get(subscription.groupId), eventTypes.get(name));
      if (!granted || !inService) {
        leave(name, granted ? "notInService" : "notGranted", subscription.id);
        continue;
      }
      const routes = all.get(name);
      if (routes) routes.push(subscription);
      else all.set(name, [subscription]);
    }
  }
  return { routes: all, leftOut };
}

const newestFirst = (a: EventType, b: EventType): number =>
  b.createdAt.getTime() - a.createdAt.getTime() || (a.name < b.name ? 1 : -1);

const byId = <T extends { id: string }>(items: T[]): Map<string, T> => new Map(items.map((item) => [item.id, item]));

function isGranted(group: Group | undefined, eventType: EventType | undefined): boolean {
  if (!group || !eventType) return false;
  return group.grants.includes(eventType.name) || group.grants.includes(eventType.apiId);
}
