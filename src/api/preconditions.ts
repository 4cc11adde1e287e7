/**
 * `ETag` on single objects and `If-Match` on what changes them (RFC 9110, 8.8.3 and 13.1.1). The comparison is made inside the store's
 * compare-and-set, on the object that is written over: what the handler writes through is wrapped, and knows nothing of it.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { CatalogueCollection } from "../store/collection.js";
import type { Store } from "../store/store.js";
import { refuse, type Refusal } from "./errors.js";
import type { Reply, Route } from "./route.js";

/** Thrown out of the store's compare-and-set; answered with 412. */
export class PreconditionFailed extends Error {}

/** Beginning of a path -> the collection of the object that its first parameter names. */
const OBJECTS = {
  "/v1/apis/{id}": "apis",
  "/v1/event-types/{name}": "eventTypes",
  "/v1/groups/{id}": "groups",
  "/v1/subscriptions/{id}": "subscriptions",
  "/v1/saml-connections/{id}": "samlConnections",
} as const;
type ObjectPart = (typeof OBJECTS)[keyof typeof OBJECTS];

function objectOf({ path }: Pick<Route, "path">): ObjectPart | undefined {
  for (const [beginning, part] of Object.entries(OBJECTS)) if (path === beginning || path.startsWith(`${beginning}/`)) return part;
  return undefined;
}

/** Whether the route changes an object that `If-Match` can be about. */
export const takesIfMatch = (route: Pick<Route, "method" | "path">): boolean => route.method !== "get" && objectOf(route) !== undefined;

/** Whether the route's answer is one object, with its tag. */
export const givesETag = (route: Pick<Route, "method" | "path">): boolean =>
  "handle" in route && route.method === "get" && route.path.startsWith("/v1/") && /\}$/.test(route.path);

export const ifMatchHeader = z.string().min(1).max(4_096).meta({
  description: "The `ETag` that the object had when it was read, several of them, or `*`. When the object has been changed since, nothing is done and the answer is 412.",
});
export const etagHeader = z.string().meta({ description: "Changes with every change of the object; for `If-Match`" });

/** RFC 9110, 8.8.3. */
const LIST = /^(?:[ \t]*,)*[ \t]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:[ \t]*,[ \t]*(?:(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")?)*[ \t]*$/;
const TAG = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;
const MAX_LENGTH = 4_096;

/** The tags that the object may have; undefined: any, or the request does not say. */
export function readIfMatch({ headers }: Pick<IncomingMessage, "headers">): ReadonlySet<string> | undefined | Refusal {
  const given = headers["if-match"];
  if (given === undefined || given.trim() === "*") return undefined;
  if (given.length > MAX_LENGTH || !LIST.test(given)) {
    return refuse("invalid_request", undefined, { errors: [{ path: "header.If-Match", message: 'must be `*` or a list of tags as `ETag` gives them, such as "abc"' }] });
  }
  // The comparison is strong: a weak tag matches nothing.
  return new Set([...given.matchAll(TAG)].flatMap(([, weak, tag = ""]) => (weak === undefined ? [tag] : [])));
}

/** `updatedAt` never stands still with a change (catalogue-collection.ts), so it is the version of an object. */
const tagOf = (updatedAt: Date): string => `"${updatedAt.getTime().toString(36)}"`;

/** The tag of an answer: from its `updatedAt`; where there is none, from its bytes. */
export function etagOf(route: Pick<Route, "method" | "path">, { status, body }: Reply): Record<string, string> {
  if (status === 204 || typeof body !== "object" || body === null) return {};
  const at = "updatedAt" in body && typeof body.updatedAt === "string" ? new Date(body.updatedAt) : undefined;
  if (at && (givesETag(route) || objectOf(route) !== undefined)) return { etag: tagOf(at) };
  return givesETag(route) ? { etag: `"${createHash("sha256").update(JSON.stringify(body)).digest("base64url").slice(0, 22)}"` } : {};
}

/** The store with the condition on the object of this path. @throws PreconditionFailed out of the writes */
export function conditionalStore(store: Store, route: Pick<Route, "path">, id: string, tags: ReadonlySet<string>): Store {
  const part = objectOf(route);
  if (part === undefined) return store;
  const check = (item: { updatedAt: Date }): void => {
    if (!tags.has(tagOf(item.updatedAt))) throw new PreconditionFailed();
  };
  const collections: Record<ObjectPart, () => object> = {
    apis: () => conditional(store.apis, id, check), eventTypes: () => conditional(store.eventTypes, id, check), groups: () => conditional(store.groups, id, check),
    subscriptions: () => conditional(store.subscriptions, id, check), samlConnections: () => conditional(store.samlConnections, id, check),
  };
  const current = async (): Promise<void> => {
    const item = await store[part].get(id);
    if (item) check(item);
  };
  // Written before the object itself: a version that is superseded, and the ledger of erasures. The object's own write decides, where there is one.
  const eventTypeVersions = { ...store.eventTypeVersions, put: async (version: Parameters<Store["eventTypeVersions"]["put"]>[0]) => (await current(), store.eventTypeVersions.put(version)) };
  const erasures = { ...store.erasures, erase: async (...args: Parameters<Store["erasures"]["erase"]>) => (await current(), store.erasures.erase(...args)) };
  const replaced: Record<string, object> = { [part]: collections[part](), eventTypeVersions, erasures };
  return new Proxy(store, {
    get: (target, name) => (typeof name === "string" && Object.hasOwn(replaced, name) ? replaced[name] : Reflect.get(target, name) as unknown),
  });
}

/** Each item is looked at as it is written over; a conflict asks again. */
function conditional<T extends { updatedAt: Date }>(collection: CatalogueCollection<T>, id: string, check: (item: T) => void): CatalogueCollection<T> {
  return {
    insert: (item) => collection.insert(item),
    get: (given) => collection.get(given),
    list: (page, filter) => collection.list(page, filter),
    all: () => collection.all(),
    idsOf: (filter) => collection.idsOf(filter),
    update: (given, change) => collection.update(given, (item) => {
      if (given === id) check(item);
      return change(item);
    }),
    delete: (given) => collection.delete(given, given === id ? check : undefined),
  };
}
