/** The subscription catalogue in memory: what a publish and a dispatch look up without asking the store. */
import type { Api, ApiKey, EventType, Group, Subscription } from "../store/model.js";
import type { Store } from "../store/store.js";

export interface Catalogue {
  /** Version that the content belongs to; see `Store.catalogueVersion`. */
  readonly version: number;
  /**
   * Reads anew when the store has a newer version. With `atLeast`, does nothing when the content is that new already.
   * Concurrent calls share one read. Rejects with StoreError when the store does not answer; the content then stays as it was.
   */
  refresh(atLeast?: number): Promise<void>;
  api(id: string): Api | undefined;
  eventType(name: string): EventType | undefined;
  group(id: string): Group | undefined;
  subscription(id: string): Subscription | undefined;
  apiKey(id: string): (ApiKey & { hash: Uint8Array }) | undefined;
  /** Subscriptions of any status that are granted and subscribed to this event type. */
  routes(eventType: string): readonly Subscription[];
  /** Whether the group is granted the event type, by its name or by its api. */
  granted(groupId: string, eventType: string): boolean;
  /** Stops following the store. */
  close(): void;
}

interface Content {
  version: number;
  apis: Map<string, Api>;
  eventTypes: Map<string, EventType>;
  groups: Map<string, Group>;
  subscriptions: Map<string, Subscription>;
  apiKeys: Map<string, ApiKey & { hash: Uint8Array }>;
  routes: Map<string, Subscription[]>;
}

export interface CatalogueOptions {
  store: Store;
  /** How often the version is asked for; a change by another process is seen at most so much later. */
  pollMs?: number;
  /** Told when following the store fails and when it works again. */
  onTrouble?: (error: unknown) => void;
}

/** Loads the catalogue and follows it. The version is one document read by `_id` a second, whatever the size. */
export async function createCatalogue({ store, pollMs = 1_000, onTrouble }: CatalogueOptions): Promise<Catalogue> {
  let content = await load(store);
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    // The version is read before the content: a write in between is at worst read twice, never missed.
    const version = await store.catalogueVersion();
    if (version !== content.version) content = await load(store);
  }
  async function refresh(atLeast?: number): Promise<void> {
    if (atLeast !== undefined && content.version >= atLeast) return;
    // A read under way may have begun before the change that the caller knows of, so it is waited for and followed by another.
    if (reading) await reading.catch(() => undefined);
    if (atLeast !== undefined && content.version >= atLeast) return;
    reading ??= read().finally(() => (reading = undefined));
    await reading;
  }

  const timer = setInterval(() => void refresh().catch((error: unknown) => onTrouble?.(error)), pollMs);
  timer.unref();
  return {
    get version() {
      return content.version;
    },
    refresh,
    api: (id) => content.apis.get(id),
    eventType: (name) => content.eventTypes.get(name),
    group: (id) => content.groups.get(id),
    subscription: (id) => content.subscriptions.get(id),
    apiKey: (id) => content.apiKeys.get(id),
    routes: (eventType) => content.routes.get(eventType) ?? [],
    granted: (groupId, eventType) => isGranted(content.groups.get(groupId), content.eventTypes.get(eventType)),
    close: () => clearInterval(timer),
  };
}

async function load(store: Store): Promise<Content> {
  const version = await store.catalogueVersion();
  const [apis, eventTypes, groups, subscriptions, apiKeys] = await Promise.all([
    store.apis.all(), store.eventTypes.all(), store.groups.all(), store.subscriptions.all(), store.apiKeys.all(),
  ]);
  const content: Content = {
    version,
    apis: byId(apis),
    eventTypes: new Map(eventTypes.map((type) => [type.name, type])),
    groups: byId(groups),
    subscriptions: byId(subscriptions),
    apiKeys: byId(apiKeys),
    routes: new Map(),
  };
  for (const subscription of subscriptions) {
    for (const name of new Set(subscription.eventTypes)) {
      if (!isGranted(content.groups.get(subscription.groupId), content.eventTypes.get(name))) continue;
      const routes = content.routes.get(name);
      if (routes) routes.push(subscription);
      else content.routes.set(name, [subscription]);
    }
  }
  return content;
}

const byId = <T extends { id: string }>(items: T[]): Map<string, T> => new Map(items.map((item) => [item.id, item]));

function isGranted(group: Group | undefined, eventType: EventType | undefined): boolean {
  if (!group || !eventType) return false;
  return group.grants.includes(eventType.name) || group.grants.includes(eventType.apiId);
}
