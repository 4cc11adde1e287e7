/**
 * `ETag` on single objects, `If-None-Match` on reading them, and `If-Match` on what changes them (RFC 9110, 8.8.3,
 * 13.1.1 and 13.1.2). The comparison is made inside the store's compare-and-set, on the object that is written over.
 * The handler writes through a wrapped store and knows nothing of the condition.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import type { CatalogueCollection } from "../../store/collection.js";
import type { Store } from "../../store/store.js";
import { refuse, type Refusal } from "./errors.js";
import type { Reply, ApiRoute } from "../route.js";

/** Thrown out of the store's compare-and-set. It is answered with 412. */
export class ChangedMeanwhile extends Error {}

/** Beginning of a path -> the collection of the object that its first parameter names. */
const OBJECTS = {
  "/v1/apis/{id}": "apis",
  "/v1/event-types/{name}": "eventTypes",
  "/v1/groups/{id}": "groups",
  "/v1/subscriptions/{id}": "subscriptions",
  "/v1/saml-connections/{id}": "samlConnections",
} as const;
type ObjectPart = (typeof OBJECTS)[keyof typeof OBJECTS];

function objectOf({ path }: Pick<ApiRoute, "path">): ObjectPart | undefined {
  for (const [beginning, part] of Object.entries(OBJECTS))
    if (path === beginning || path.startsWith(`${beginning}/`)) return part;
  return undefined;
}

/** A hold on an object is no change of it. Nor is what is sent or compared to try it. */
const CHANGES_NOTHING = /\/(?:hold|test|probe|check)$/;

/** Whether the route changes an object that `If-Match` can be about. */
export const takesIfMatch = (route: Pick<ApiRoute, "method" | "path">): boolean =>
  route.method !== "get" && objectOf(route) !== undefined && !CHANGES_NOTHING.test(route.path);

/** Whether the route's answer is one object, with its tag. */
export const givesETag = (route: Pick<ApiRoute, "method" | "path">): boolean =>
  "handle" in route && route.method === "get" && route.path.startsWith("/v1/") && /\}$/.test(route.path);

export const ifMatchHeader = z
  .string()
  .min(1)
  .max(4_096)
  .meta({
    description:
      "The `ETag` that the object had when it was read, several of them, or `*`. When the object " +
      "has been changed since, nothing is done and the answer is 412 with the code `changed_meanwhile`.",
  });
export const ifNoneMatchHeader = z
  .string()
  .min(1)
  .max(4_096)
  .meta({
    description:
      "The `ETag` that the object had when it was read, or several of them. When the object still " +
      "has one of them, the answer is 304 without a body.",
  });
export const etagHeader = z
  .string()
  .meta({ description: "Changes with every change of the object; for `If-Match` and `If-None-Match`" });

/** RFC 9110, 8.8.3. */
const LIST =
  /^(?:[ \t]*,)*[ \t]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:[ \t]*,[ \t]*(?:(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")?)*[ \t]*$/;
const TAG = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;
const MAX_LENGTH = 4_096;

interface Tag {
  weak: boolean;
  tag: string;
}

/** What the header holds: `any` for `*`. */
function readTags(
  { headers }: Pick<IncomingMessage, "headers">,
  name: "If-Match" | "If-None-Match",
): readonly Tag[] | "any" | undefined | Refusal {
  const given = headers[name.toLowerCase()];
  if (typeof given !== "string") return undefined;
  if (given.trim() === "*") return "any";
  if (given.length > MAX_LENGTH || !LIST.test(given)) {
    return refuse("invalid_request", undefined, {
      errors: [
        { path: `header.${name}`, message: 'must be `*` or a list of tags as `ETag` gives them, such as "abc"' },
      ],
    });
  }
  return [...given.matchAll(TAG)].map(([, weak, tag = ""]) => ({ weak: weak !== undefined, tag }));
}

/**
 * The tags that the object may have. Undefined means that any will do, or that the request does not say. The comparison
 * is strong, so a weak tag matches nothing.
 */
export function readIfMatch(request: Pick<IncomingMessage, "headers">): ReadonlySet<string> | undefined | Refusal {
  const read = readTags(request, "If-Match");
  if (read === "any" || read === undefined || "refused" in read) return read === "any" ? undefined : read;
  return new Set(read.flatMap(({ weak, tag }) => (weak ? [] : [tag.replace(HEALTH_PART, '"')])));
}

/** Whether the client has this answer already. The comparison is weak (RFC 9110, 13.1.2), and `*` means any answer. */
export type Known = (etag: string | undefined) => boolean;

/** What the client says that it has. */
export function readIfNoneMatch(request: Pick<IncomingMessage, "headers">): Known | Refusal {
  const read = readTags(request, "If-None-Match");
  if (read === undefined) return () => false;
  if (read === "any") return (etag) => etag !== undefined;
  if ("refused" in read) return read;
  return (etag) => read.some(({ tag }) => tag === etag);
}

/**
 * What the service notes about an endpoint by itself changes the answer and not the object. So it is in the tag of the
 * answer, and whoever changes the object is not refused because of it.
 */
const HEALTH_PART = /\.[\w-]+"$/;
const healthPart = (body: object): string =>
  "health" in body && typeof body.health === "object" && body.health !== null && "since" in body.health
    ? `.${shortHash(body.health)}`
    : "";
const shortHash = (value: object): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 22);

/** `updatedAt` never stands still with a change (catalogue-collection.ts), so it is the version of an object. */
const tagOf = (updatedAt: Date, more = ""): string => `"${updatedAt.getTime().toString(36)}${more}"`;

/** The tag of an answer. It is made from `updatedAt`, or from the bytes of an answer that has none. */
export function etagOf(route: Pick<ApiRoute, "method" | "path">, { status, body }: Reply): Record<string, string> {
  if (status === 204 || typeof body !== "object" || body === null) return {};
  const at = "updatedAt" in body && typeof body.updatedAt === "string" ? new Date(body.updatedAt) : undefined;
  if (at && (givesETag(route) || objectOf(route) !== undefined)) return { etag: tagOf(at, healthPart(body)) };
  return givesETag(route) ? { etag: `"${shortHash(body)}"` } : {};
}

export interface Conditional {
  store: Store;
  /**
   * Writes the object as it is, under the condition, so that its tag is void. It is called before anything takes effect
   * earlier than the object's own write.
   */
  claim: () => Promise<void>;
}

/** The store with the condition on the object of this path. @throws ChangedMeanwhile out of the writes */
export function conditionalStore(
  store: Store,
  route: Pick<ApiRoute, "path">,
  id: string,
  tags: ReadonlySet<string>,
): Conditional {
  const part = objectOf(route);
  if (part === undefined) return { store, claim: async () => {} };
  const check = (item: { updatedAt: Date }): void => {
    if (!tags.has(tagOf(item.updatedAt))) throw new ChangedMeanwhile();
  };
  const objects = {
    apis: conditional(store.apis, id, check),
    eventTypes: conditional(store.eventTypes, id, check),
    groups: conditional(store.groups, id, check),
    subscriptions: conditional(store.subscriptions, id, check),
    samlConnections: conditional(store.samlConnections, id, check),
  };
  // A version that is superseded is written before the event type itself, whose write decides.
  const eventTypeVersions = {
    ...store.eventTypeVersions,
    async put(version: Parameters<Store["eventTypeVersions"]["put"]>[0]) {
      const item = await store[part].get(id);
      if (item) check(item);
      return store.eventTypeVersions.put(version);
    },
  };
  const replaced: Record<string, object> = { [part]: objects[part], eventTypeVersions };
  return {
    claim: async () => void (await objects[part].claim()),
    store: new Proxy(store, {
      get: (target, name) =>
        typeof name === "string" && Object.hasOwn(replaced, name)
          ? replaced[name]
          : (Reflect.get(target, name) as unknown),
    }),
  };
}

/** Each item is looked at as it is written over. A conflict asks again. */
function conditional<T extends { updatedAt: Date }>(
  collection: CatalogueCollection<T>,
  id: string,
  check: (item: T) => void,
): CatalogueCollection<T> & { claim: () => Promise<unknown> } {
  return {
    claim: () =>
      collection.update(id, (item) => {
        check(item);
        return { ...item };
      }),
    insert: (item) => collection.insert(item),
    get: (given) => collection.get(given),
    list: (page, filter) => collection.list(page, filter),
    all: () => collection.all(),
    idsOf: (filter) => collection.idsOf(filter),
    update: (given, change, options) =>
      collection.update(
        given,
        (item) => {
          if (given === id) check(item);
          return change(item);
        },
        options,
      ),
    delete: (given) => collection.delete(given, given === id ? check : undefined),
  };
}
