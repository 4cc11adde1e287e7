/** The list of grant requests, its count and its export: those of a consumer's groups, or of a provider's apis. */
import type { z } from "zod";
import type { GrantRequestFilter } from "../../store/collections/grant-requests.js";
import type { Actor } from "../access/actor.js";
import { pageRequest } from "../access/audit.js";
import { countReply } from "../deliveries/delivery-query.js";
import { countView, MOST_COUNTED } from "../deliveries/schemas.js";
import { exportFormat, MOST_EXPORTED } from "../export/export-file.js";
import { exportRoute, pagesOf } from "../export/export-route.js";
import { pageOf } from "../http/primitives.js";
import { type ApiRoute, ok, type RequestContext, route } from "../route.js";
import { grantRequestFilterQuery, grantRequestQuery, grantRequestView } from "./grant-request-schemas.js";
import { namedRequests, requestViewFor } from "./grant-request-view.js";

const within = (given: string | undefined, limits: readonly string[] | undefined) =>
  given === undefined ? limits : limits && !limits.includes(given) ? [] : [given];

/** Undefined when nothing can be shown. */
function filterFor(
  actor: Actor,
  { status, groupId, apiId }: z.output<typeof grantRequestFilterQuery>,
): GrantRequestFilter | undefined {
  const [groupIds, apiIds] = [within(groupId, actor.groupIds), within(apiId, actor.apiIds)];
  if (groupIds?.length === 0 || apiIds?.length === 0) return undefined;
  return { ...(groupIds && { groupIds }), ...(apiIds && { apiIds }), ...(status && { status }) };
}

const COLUMNS = [
  "id",
  "status",
  "groupId",
  "grant",
  "apiId",
  "reason",
  "requestedBy",
  "requestedByName",
  "createdAt",
  "decidedBy",
  "decidedByName",
  "decidedAt",
  "decisionReason",
] as const;

export const grantRequestListRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/grant-requests",
    operationId: "listGrantRequests",
    tag: "Groups",
    act: "grants:read",
    summary: "List grant requests, newest first",
    description: "A consumer sees the requests of its groups, and a provider those of its apis.",
    query: grantRequestQuery,
    response: { status: 200, description: "A page of requests", schema: pageOf(grantRequestView) },
    async handle(context: RequestContext<"store" | "settings" | "auditTally">, { query }) {
      const filter = filterFor(context.actor, query);
      if (!filter) return ok({ data: [], next: null });
      const { data, next } = await context.dependencies.store.grantRequests.list(pageRequest(query), filter);
      return ok({ data: await Promise.all(data.map((each) => requestViewFor(context, each))), next: next ?? null });
    },
  }),
  route({
    method: "get",
    path: "/v1/grant-requests/count",
    operationId: "countGrantRequests",
    tag: "Groups",
    act: "grants:read",
    summary: "Count grant requests",
    description:
      "Those that `GET /v1/grant-requests` lists with the same filters. It counts up to 10,000 and then stops.",
    query: grantRequestFilterQuery,
    response: { status: 200, description: "The number", schema: countView },
    async handle({ actor, dependencies: { store } }: RequestContext<"store">, { query }) {
      const filter = filterFor(actor, query);
      return countReply(filter ? await store.grantRequests.count(filter, MOST_COUNTED) : { count: 0, exact: true });
    },
  }),
  exportRoute({
    what: "grant requests",
    operationId: "exportGrantRequests",
    tag: "Groups",
    act: "grants:read",
    summary: "Export grant requests",
    holds: "What `GET /v1/grant-requests` lists with the same filters, newest first. Names are for who may decide.",
    columns: COLUMNS,
    query: grantRequestFilterQuery.extend({ format: exportFormat }),
    async find(context, query) {
      const { grantRequests } = context.dependencies.store;
      const filter = filterFor(context.actor, query);
      if (!filter) return undefined;
      const pages = pagesOf(
        (page) => grantRequests.list(page, filter),
        (found) => namedRequests(context, found),
      );
      return { ...(await grantRequests.count(filter, MOST_EXPORTED)), pages };
    },
  }),
];
