/**
 * Objects by the ids that others gave them: `ext:<externalId>`. The router puts our own ids in their place, so the
 * handlers, the audit and `If-Match` know no others. What the actor does not see keeps its text, and is unknown.
 */
import { discoversApi, seesGroup } from "./access/access.js";
import { refuse, type Refusal } from "./http/errors.js";
import type { ApiRoute, RequestContext, RoutedRequest } from "./route.js";
import { namesSubscription, resolveExternalId } from "./subscriptions/external-id.js";

type Context = RequestContext<"store" | "catalogue">;
type Kind = "api" | "group";

/** Members of queries and bodies that name apis or groups. */
const MEMBERS: Readonly<Record<string, Kind>> = { groupId: "group", groupIds: "group", apiId: "api", apiIds: "api" };
/** Members that hold such members: the filter of a recovery, and the roles of a SAML connection. */
const HOLDERS = ["filter", "roles"] as const;
const PREFIX = "ext:";

/** What puts our own id into the request's path. Undefined for a route whose path names no such object. */
export function pathResolver(
  route: Pick<ApiRoute, "path">,
): ((context: Context, request: RoutedRequest) => Promise<Refusal | undefined>) | undefined {
  if (namesSubscription(route)) return resolveExternalId;
  const kind = /^\/v1\/apis\/\{id\}/.test(route.path)
    ? "api"
    : /^\/v1\/groups\/\{id\}/.test(route.path)
      ? "group"
      : undefined;
  if (!kind) return undefined;
  return async (context, request) => {
    const given = request.params?.["id"];
    if (!isExternal(given)) return undefined;
    const id = await ownId(context, kind, given);
    if (id === given) return refuse("not_found");
    request.params = { ...request.params, id };
    return undefined;
  };
}

/** The checked query or body with our own ids in the place of external ones. */
export async function withOwnIds<T>(context: Context, value: T): Promise<T> {
  if (typeof value !== "object" || value === null) return value;
  const found: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(MEMBERS)) {
    const member: unknown = Reflect.get(value, name);
    if (isExternal(member)) found[name] = await ownId(context, kind, member);
    if (Array.isArray(member) && member.some(isExternal)) found[name] = await ownIds(context, kind, member);
  }
  for (const name of HOLDERS) {
    const member: unknown = Reflect.get(value, name);
    if (Array.isArray(member)) found[name] = await Promise.all(member.map((each) => withOwnIds(context, each)));
    else if (typeof member === "object" && member !== null) found[name] = await withOwnIds(context, member);
  }
  return Object.keys(found).length === 0 ? value : { ...value, ...found };
}

const isExternal = (value: unknown): value is string => typeof value === "string" && value.startsWith(PREFIX);

/** Each object once, even if it was named in both ways. */
async function ownIds(context: Context, kind: Kind, given: readonly unknown[]): Promise<unknown[]> {
  return [...new Set(await Promise.all(given.map((each) => (isExternal(each) ? ownId(context, kind, each) : each))))];
}

/**
 * By memory, so that it costs no scan. The store has the last word, because another process may have given the
 * external id away a moment ago.
 */
async function ownId(context: Context, kind: Kind, reference: string): Promise<string> {
  const { store, catalogue } = context.dependencies;
  const externalId = reference.slice(PREFIX.length);
  for (const fresh of [false, true]) {
    if (fresh) await catalogue.refresh();
    const known = kind === "api" ? catalogue.apiByExternalId(externalId) : catalogue.groupByExternalId(externalId);
    if (!known || !sees(context, kind, known.id)) continue;
    const stored = await (kind === "api" ? store.apis.get(known.id) : store.groups.get(known.id));
    if (stored?.externalId === externalId) return stored.id;
  }
  return reference;
}

const sees = ({ actor, dependencies: { catalogue } }: Context, kind: Kind, id: string): boolean =>
  kind === "api" ? discoversApi(actor, catalogue, id) : seesGroup(actor, id);
