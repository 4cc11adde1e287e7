/**
 * Events that a subscription should have had and has no delivery of: by the types, the filter and the grants of now. It
 * was created later, or its filter was changed since, or it was out of service when they were dispatched.
 */
import { LRUCache } from "lru-cache";
import { sideBySide } from "../../side-by-side.js";
import type { EventRecord, Subscription } from "../../store/model.js";
import { StoreError } from "../../store/store-error.js";
import type { Store } from "../../store/store.js";
import { deliveryIdOf } from "../../workflows/event-id.js";
import type { RecoveryOrder } from "../../workflows/recovery/recovery-contract.js";
import type { Catalogue } from "../catalogue.js";
import { compileFilter, type Filter } from "../filter.js";
import { filterInputOf } from "../filter-payload.js";
import { TEST_EVENT_TYPE } from "../routes.js";

export interface MissingSources {
  store: { events: Pick<Store["events"], "list" | "payload">; deliveries: Pick<Store["deliveries"], "getMany"> };
  catalogue: Pick<Catalogue, "subscription" | "eventType" | "granted">;
}

/** Which events are looked at. */
export interface MissingSearch {
  subscriptionId: string;
  eventType?: string;
  since: Date;
  until: Date;
}

/** Where it goes on, and when it stops: after the page in which one of these is reached. */
export interface MissingRange {
  cursor?: string;
  order: RecoveryOrder;
  /** So many were found. */
  most: number;
  /** So long was looked. */
  forMs: number;
}

export type MissingEvent = Pick<EventRecord, "id" | "type" | "acceptedAt" | "owner">;

/** Why an event is not for the subscription. */
export type Unwanted = "not_subscribed" | "not_granted" | "filtered";

/** Events that are read at once. */
const PAGE = 200;
/** Payloads that are read at once, each of at most 1 MiB unless PAYLOAD_LIMIT_BYTES says more. */
const PAYLOADS_AT_ONCE = 8;
/** Some 20 KB each. */
const MAX_COMPILED = 200;
const compiled = new LRUCache<string, Filter>({ max: MAX_COMPILED });

/** @throws StoreError `unavailable` or `scan_too_long` */
export async function findMissing(
  sources: MissingSources,
  search: MissingSearch,
  { order, most, forMs, ...range }: MissingRange,
): Promise<{ events: MissingEvent[]; cursor?: string }> {
  const subscription = sources.catalogue.subscription(search.subscriptionId);
  const types = subscription ? typesOf(subscription, search) : [];
  if (!subscription || types.length === 0) return { events: [] };
  const end = performance.now() + forMs;
  const events: MissingEvent[] = [];
  let { cursor } = range;
  do {
    const page = await sources.store.events.list(
      { limit: PAGE, order, ...(cursor !== undefined && { cursor }) },
      { types, present: true, since: search.since, until: search.until },
    );
    events.push(...(await missingOf(sources, subscription, page.data)));
    cursor = page.next;
  } while (cursor !== undefined && events.length < most && performance.now() < end);
  return { events, ...(cursor !== undefined && { cursor }) };
}

const typesOf = ({ eventTypes }: Subscription, { eventType }: MissingSearch): string[] =>
  eventTypes.filter((name) => name !== TEST_EVENT_TYPE && (eventType === undefined || name === eventType));

async function missingOf(
  sources: MissingSources,
  subscription: Subscription,
  events: readonly EventRecord[],
): Promise<EventRecord[]> {
  const idOf = ({ id }: EventRecord): string => deliveryIdOf(id, subscription.id);
  const known = await sources.store.deliveries.getMany(events.map(idOf));
  const without = events.filter((event) => !known.has(idOf(event)));
  const unwanted = await unwantedOf(sources, subscription, without);
  return without.filter(({ id }) => !unwanted.has(id));
}

/**
 * Which of the events are not for the subscription by today's settings, and why. Whether it is in service is not asked.
 */
export async function unwantedOf(
  { store, catalogue }: { store: { events: Pick<Store["events"], "payload"> }; catalogue: MissingSources["catalogue"] },
  subscription: Subscription,
  events: readonly EventRecord[],
): Promise<Map<string, Unwanted>> {
  const unwanted = new Map<string, Unwanted>();
  const asked: EventRecord[] = [];
  for (const event of events) {
    const why = leftOut(catalogue, event, subscription);
    if (why) unwanted.set(event.id, why);
    else asked.push(event);
  }
  const { filter } = subscription;
  if (filter === undefined) return unwanted;
  await sideBySide(PAYLOADS_AT_ONCE, asked, async (event) => {
    if (!(await matches(store, filterOf(filter), event))) unwanted.set(event.id, "filtered");
  });
  return unwanted;
}

/** What keeps the event from the subscription before any filter is asked. */
function leftOut(
  catalogue: MissingSources["catalogue"],
  { type, apiId, acceptedAt, groups, subscriptionIds }: EventRecord,
  { id, groupId, eventTypes }: Subscription,
): Unwanted | undefined {
  if (groups?.includes(groupId) === false || subscriptionIds?.includes(id) === false) return "not_subscribed";
  if (!eventTypes.includes(type)) return "not_subscribed";
  // Another api may have had this name before. Its events were never for those who are granted the name now.
  const now = catalogue.eventType(type);
  if (now && (now.apiId !== apiId || now.createdAt > acceptedAt)) return "not_subscribed";
  return catalogue.granted(groupId, type) ? undefined : "not_granted";
}

/** A payload that is gone or that no key opens matches nothing, and neither does a filter that fails on it. */
async function matches(
  { events }: { events: Pick<Store["events"], "payload"> },
  filter: Filter,
  event: EventRecord,
): Promise<boolean> {
  const bytes = await events.payload(event.id).catch((error: unknown) => {
    if (error instanceof StoreError && error.code !== "unavailable") return undefined;
    throw error;
  });
  if (!bytes) return false;
  const verdict = filter(filterInputOf({ ...event, bytes }));
  return "matches" in verdict && verdict.matches;
}

function filterOf(text: string): Filter {
  const known = compiled.get(text);
  if (known) return known;
  const result = compileFilter(text);
  const filter: Filter = result.ok ? result.filter : () => ({ failed: "filter_invalid" });
  compiled.set(text, filter);
  return filter;
}
