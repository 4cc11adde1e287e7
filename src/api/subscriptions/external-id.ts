/** A subscription in a path by the id that its group gave it: `ext:<externalId>`. */
import type { Subscription } from "../../store/model.js";
import { seesSubscription } from "../access/access.js";
import { refuse, type Refusal } from "../http/errors.js";
import type { ApiRoute, RequestContext, RoutedRequest } from "../route.js";
import { externalRefOf } from "./about-schemas.js";

const PATH = "/v1/subscriptions/{id}";
type Context = RequestContext<"store" | "catalogue">;

/** Whether the route's `id` is a subscription that the actor sees or does not see. */
export const namesSubscription = ({ path }: Pick<ApiRoute, "path">): boolean =>
  path === PATH || path.startsWith(`${PATH}/`);

/**
 * Puts the subscription's own id into the request's path where an external id stands. What comes after it, such as
 * the audit and `If-Match`, knows only that id. Undefined when there is nothing to refuse.
 */
export async function resolveExternalId(context: Context, request: RoutedRequest): Promise<Refusal | undefined> {
  const given = request.params?.["id"];
  const reference = typeof given === "string" ? externalRefOf(given) : undefined;
  if (!reference) return undefined;
  const found = await find(context, reference);
  if (typeof found !== "string") return found;
  request.params = { ...request.params, id: found };
  return undefined;
}

/**
 * By memory, so that it costs no scan. The store has the last word, because another process may have given the
 * external id away a moment ago.
 */
async function find(context: Context, reference: { groupId?: string; externalId: string }): Promise<string | Refusal> {
  const { store, catalogue } = context.dependencies;
  for (const fresh of [false, true]) {
    if (fresh) await catalogue.refresh();
    const known = [...catalogue.subscriptions()].filter((each) => isMeant(each, reference) && sees(context, each));
    const [first, second] = known;
    if (first && second) return ambiguous(reference.externalId);
    const stored = first && (await store.subscriptions.get(first.id));
    if (stored && isMeant(stored, reference) && sees(context, stored)) return stored.id;
  }
  return refuse("not_found");
}

const isMeant = ({ groupId, externalId }: Subscription, wanted: { groupId?: string; externalId: string }): boolean =>
  externalId === wanted.externalId && (wanted.groupId === undefined || wanted.groupId === groupId);

const sees = ({ actor, dependencies: { catalogue } }: Context, subscription: Subscription): boolean =>
  seesSubscription(actor, catalogue, subscription);

const ambiguous = (externalId: string): Refusal =>
  refuse("invalid_request", undefined, {
    errors: [{ path: "path.id", message: `is used by several groups: name one of them, ext:<groupId>:${externalId}` }],
  });
