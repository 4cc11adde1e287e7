/** `GET /v1/stream`: what happens to deliveries, recoveries, subscriptions and grant requests, while it happens. */
import { z } from "zod";
import { createAuthentication } from "../../access/authenticate.js";
import { seesGroup, seesSubscription } from "../../access/access.js";
import type { Actor } from "../../access/actor.js";
import { refuse, type Refusal } from "../../http/errors.js";
import { sendRefusal } from "../../http/respond.js";
import { SECURITY_HEADERS } from "../../http/security-headers.js";
import { parseQuery, validate } from "../../http/validate.js";
import type { ApiRoute, RequestContext, RoutedRequest } from "../../route.js";
import { deliveryFilter, listOf } from "../delivery-query.js";
import { withOwnIds } from "../../external-ids.js";
import type { StreamFilter } from "./listener.js";
import { STREAM_EVENTS } from "./stream-events.js";

const streamQuery = deliveryFilter
  .pick({ status: true, groupId: true, subscriptionId: true, eventType: true })
  .extend({
    events: listOf(
      z.enum(STREAM_EVENTS),
      { max: 128, pattern: STREAM_EVENTS.join("|") },
      "Only these events. `gone` comes with `subscription`. All of them when absent. One name",
    ),
  });

type Context = RequestContext<"store" | "catalogue" | "settings" | "sessions" | "deliveryStreams" | "auditTally">;

/** Another group or subscription does not exist for the actor. */
function isHidden({ dependencies: { catalogue }, actor }: Context, { groupId, subscriptionId }: StreamFilter): boolean {
  const subscription = subscriptionId === undefined ? undefined : catalogue.subscription(subscriptionId);
  const hiddenGroup = groupId !== undefined && !(seesGroup(actor, groupId) && catalogue.group(groupId));
  const hiddenSubscription =
    subscriptionId !== undefined && !(subscription && seesSubscription(actor, catalogue, subscription));
  return hiddenGroup || hiddenSubscription;
}

function filterOf(query: z.output<typeof streamQuery>): StreamFilter {
  const { status, groupId, subscriptionId, eventType, events } = query;
  return {
    ...(events && { events }),
    ...(status && { status }),
    ...(groupId !== undefined && { groupId }),
    ...(subscriptionId !== undefined && { subscriptionId }),
    ...(eventType !== undefined && { eventType }),
  };
}

/** Who makes the request now. Undefined once its key or session has ended. */
function lookOf({ dependencies, actor }: Context, request: RoutedRequest): () => Promise<Actor | undefined> {
  const { session } = actor;
  if (session)
    return async () => {
      const now = await dependencies.sessions.look(session);
      return "refused" in now ? undefined : now;
    };
  const authenticate = createAuthentication(dependencies);
  const { authorization } = request.headers;
  return async () => {
    const now = authenticate({ headers: { authorization } });
    return "actor" in now ? now.actor : undefined;
  };
}

/** The filter of the request, or why there is none. */
async function readFilter(context: Context, request: RoutedRequest): Promise<StreamFilter | Refusal> {
  const parsed = parseQuery(request.url ?? "");
  if (!parsed.ok) return parsed.refusal;
  const query = validate(streamQuery, parsed.value, "query");
  if (!query.ok) return query.refusal;
  const filter = filterOf(await withOwnIds(context, query.value));
  if (!isHidden(context, filter)) return filter;
  const { auditTally } = context.dependencies;
  await auditTally.record({
    actor: context.actor.name,
    action: "access.refuse",
    subject: "streamDeliveries",
    counts: {},
  });
  return refuse("not_found");
}

const FULL = "Too many streams are open. A key or a person may have 20, and a process 500.";

export const streamRoutes: readonly ApiRoute[] = [
  {
    method: "get",
    path: "/v1/stream",
    operationId: "streamDeliveries",
    tag: "Deliveries",
    act: "deliveries:read",
    summary: "Listen to what happens to deliveries, recoveries, subscriptions and grant requests",
    description:
      "Server-sent events. `event: hello` comes first, also after a reconnect: read the list after it, and nothing " +
      "is missed. Then " +
      "`event: delivery` comes within seconds of each change, with `id`, `status`, `subscriptionId`, `eventType`, " +
      "`attemptCount`, `lastStatus` and `updatedAt`. `event: recovery` comes with `id`, `status`, `found`, `sent`, " +
      "`delivered`, `failedAgain` and `updatedAt`. `event: subscription` comes with `id`, `status`, `health` and " +
      "`updatedAt`. `event: gone` comes with the `id` of a subscription that the listener sees no more: it was " +
      "deleted, or it now belongs to others. `event: grant_request` comes with `id`, `status` and `updatedAt` to " +
      "those who may read the request. These four come unless the stream names a status or an event type. " +
      "A change may come twice. A comment comes every 15 s. With " +
      "`Last-Event-ID` the stream goes on where it ended. `event: reset` says that this is too long ago: read the " +
      "list again. What ended while the stream was away is not told of: what was deleted or went out of sight, and " +
      "a health that is good again. So read the list after each `hello`. The stream ends when the key, the session " +
      "or the role ends, and when the listener may see other groups or apis than before.",
    headers: z.object({
      "last-event-id": z.string().optional().meta({ description: "`id` of the last event that was seen" }),
    }),
    query: streamQuery,
    responseType: "text/event-stream",
    response: { status: 200, description: "Server-sent events", schema: z.string() },
    problems: ["rate_limited", "not_ready", "not_found"],
    async serve(context: Context, request, response) {
      const filter = await readFilter(context, request);
      if ("refused" in filter) return sendRefusal(response, filter);
      const lastEventId = request.headers["last-event-id"];
      const head = (): void => {
        response.writeHead(200, {
          ...SECURITY_HEADERS,
          "content-type": "text/event-stream",
          "cache-control": "no-store",
          "x-accel-buffering": "no",
        });
      };
      if (request.method === "HEAD") {
        head();
        return void response.end();
      }
      const opened = context.dependencies.deliveryStreams.open({
        response,
        actor: context.actor,
        filter,
        ...(typeof lastEventId === "string" && { lastEventId }),
        look: lookOf(context, request),
        begin: head,
      });
      if (opened === "full") return sendRefusal(response, refuse("rate_limited", FULL, { retryAfterSeconds: 5 }));
      if (opened === "closing")
        return sendRefusal(response, refuse("not_ready", "The service is stopping.", { retryAfterSeconds: 2 }));
      await opened;
    },
  },
];
